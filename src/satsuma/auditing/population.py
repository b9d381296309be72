"""The dataset of a run as a population: instances with their ids, in strata by their final label.

A stratum is what shares are counted for: the label, the position of the right option where the number of options is
fixed, whether there is a span, or `all`. Where an instance has several labels, it is the first of them in the card's
order. Only two columns are read here; `rows_of` fetches the few rows that are looked at. Of rows with the same id,
the first one counts.

`content_of` names what was judged: the inputs and the output, so that a verdict holds for an instance that is the
same, and for no other.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from satsuma.errors import RunError
from satsuma.task.card_output import ANSWERABLE, NONE, UNANSWERABLE
from satsuma.task.outputs.kind import ALL, OutputKind, shared_label

if TYPE_CHECKING:
    from satsuma.run.columns import Row
    from satsuma.task.card import Card
    from satsuma.task.instance import Value

CONTENT_PREFIX = "a1-"
"""Names the algorithm: blake2b, 128 bits, over the inputs and the output as JSON."""


@dataclass(frozen=True, slots=True)
class Population:
    """ids and strata: of every instance, in the order of the dataset. names: the strata, in the card's order."""

    ids: tuple[str, ...]
    strata: tuple[str, ...]
    names: tuple[str, ...]

    def sizes(self) -> dict[str, int]:
        """Stratum → instances; 0 for a label that none has."""
        counted = Counter(self.strata)
        return {name: counted[name] for name in dict.fromkeys((*self.names, *counted))}


def population_of(path: Path, card: Card, output: OutputKind) -> Population:
    """The instances of a dataset.

    Raises:
        RunError: there is no dataset, it cannot be read, or it lacks a column.
    """
    strata: dict[str, str] = {}
    with reading(path) as file:
        for batch in _batches(file, path, ["id", output.name]):
            values = zip(batch.column("id").to_pylist(), batch.column(output.name).to_pylist(), strict=True)
            for identifier, value in values:
                strata.setdefault(str(identifier), stratum_of(card, output, value))
    return Population(tuple(strata), tuple(strata.values()), tuple(output.weights()))


def stratum_of(card: Card, output: OutputKind, value: object) -> str:
    """The stratum of an instance with this output, as the dataset has it."""
    weights, kind = output.weights(), card.output.kind
    if set(weights) == {ALL}:
        return ALL
    if kind == "span":
        return ANSWERABLE if value else UNANSWERABLE
    if kind in ("multiple", "spans"):
        held = {_label(one) for one in value} if isinstance(value, Iterable) else set()
        return shared_label("", [label for label in card.output.labels or () if label in held], NONE)
    return output.shown({}, value)


def rows_of(path: Path, ids: Collection[str]) -> dict[str, Row]:
    """Id → row of the instances that are there.

    Raises:
        RunError: there is no dataset, or it cannot be read.
    """
    wanted = pa.array(sorted(ids), pa.string())
    found: dict[str, Row] = {}
    if not ids:
        return found
    with reading(path) as file:
        for group in range(file.num_row_groups):
            hits = pc.is_in(file.read_row_group(group, columns=["id"]).column("id"), wanted)
            if pc.any(hits).as_py():
                for row in file.read_row_group(group).filter(hits).to_pylist():
                    found.setdefault(str(row["id"]), row)
    return found


def fields_of(card: Card, row: Row) -> dict[str, Value]:
    """The inputs of a row, as instances have them."""
    return {name: _value(row[name]) for name in card.columns}


def content_of(card: Card, row: Row) -> str:
    """The content hash of an instance: its inputs and its output."""
    said = [[row[name] for name in card.columns], row[card.output.name]]
    text = orjson.dumps(said, option=orjson.OPT_SORT_KEYS)
    return CONTENT_PREFIX + hashlib.blake2b(text, digest_size=16).hexdigest()


@contextmanager
def reading(path: Path) -> Iterator[pq.ParquetFile]:
    """A Parquet file of a run, opened.

    Raises:
        RunError: there is none, or it cannot be read.
    """
    try:
        with pq.ParquetFile(path) as file:
            yield file
    except FileNotFoundError as error:
        hint = "Run the `satsuma generate` command of the run again, to its end."
        raise RunError(f"there is nothing to audit: {path} is not there", hint) from error
    except (OSError, pa.ArrowInvalid) as error:
        hint = "Run the same `satsuma generate` command again: it is rebuilt from the journal at no cost."
        raise RunError(f"{path} cannot be read: {error}", hint) from error


def _batches(file: pq.ParquetFile, path: Path, needed: list[str]) -> Iterator[pa.RecordBatch]:
    there = file.schema_arrow.names
    for name in needed:
        if name not in there:
            raise RunError(f"{path} has no column {name}", f"Its columns are: {', '.join(there)}.")
    yield from file.iter_batches(batch_size=1024, columns=needed)


def _label(one: object) -> str:
    return str(one.get("label", "")) if isinstance(one, Mapping) else str(one)


def _value(value: object) -> Value:
    if isinstance(value, list):
        return tuple(str(one) for one in value)
    return value if isinstance(value, int) else str(value)
