"""A dataset as curation sees it: read once, and what the steps need of each instance kept.

The rows themselves are read a second time when the result is written, so that memory holds the texts and no rows.

What belongs together, and never ends up in two splits: the instances made of one source row, else those of one
context, else those of one instance seed, as the provenance has it; in a dataset that satsuma did not make, the rows
with the same value in the column that was named, else those with the same longest field (two questions about one
passage). An instance that belongs to nothing is a group by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from satsuma.errors import DataError
from satsuma.reading.values import as_text
from satsuma.run.directory import RunDirectory
from satsuma.selecting.duplicates import normalized

if TYPE_CHECKING:
    from pathlib import Path

    from satsuma.reading.dataset import Dataset
    from satsuma.reading.example import Example
    from satsuma.sources.rows import BadRow, Row


@dataclass(frozen=True, slots=True)
class Member:
    """One instance.

    content: its fields line by line, without what the card says around them. text: as students read it. label: None
    where it has none. context: what the classifier's folds keep together; empty where unknown. group: what a split
    keeps together.
    """

    id: str
    content: str
    text: str
    label: str | None
    context: str
    group: str


@dataclass(slots=True)
class Population:
    """All instances, in order, and the rows that could not be read.

    splits: the split that each is in already; empty where the dataset has none.
    """

    members: list[Member] = field(default_factory=list)
    unreadable: list[BadRow] = field(default_factory=list)
    splits: list[str] = field(default_factory=list)


def read_population(dataset: Dataset, path: Path, group: str) -> Population:
    """The instances of a dataset. path: where it lies. group: a column; empty for what the provenance says.

    Raises:
        DataError: it has no instance, or no such column.
    """
    found = Population()
    for row, example in dataset.rows(found.unreadable.append):
        if group and group not in row:
            raise DataError(f"there is no column {group}", f"The columns are: {', '.join(row)}.")
        found.members.append(_member(row, example, group))
    found.splits = _splits(path)
    return found


def _member(row: Row, example: Example, group: str) -> Member:
    content = "\n".join(part for part in example.fields.values() if part) or example.text
    context = example.lineage.context if example.lineage is not None else ""
    return Member(example.id, content, example.text, example.label, context, _group(row, example, group))


def _group(row: Row, example: Example, column: str) -> str:
    if column:
        return f"{column} {as_text(row[column]) or example.id}"
    provenance = row.get("provenance")
    if isinstance(provenance, Mapping):
        source = provenance.get("source")
        if isinstance(source, Mapping):
            parts = (source.get(name) for name in ("dataset", "configuration", "split", "row"))
            return "row " + "\x1f".join(map(str, parts))
        for name in ("context", "seed"):
            if provenance.get(name):
                return f"{name} {provenance[name]}"
    longest = max(example.fields.values(), key=len, default="") or example.text
    return f"text {normalized(longest)}"


def _splits(path: Path) -> list[str]:
    """The split of each row of a run, in order; none of anything else."""
    return [name for name, rows in counted_splits(path) for _ in range(rows)]


def counted_splits(path: Path) -> Iterator[tuple[str, int]]:
    """The splits of a run, and how many rows each has; none of anything else."""
    import pyarrow.parquet as pq

    if not (path / "run.json").is_file():
        return
    directory = RunDirectory.open(path)
    for name in ("train", "validation", "test"):
        if directory.data_path(name).is_file():
            yield name, pq.read_metadata(directory.data_path(name)).num_rows
