"""Any dataset, opened to be measured: a run, a file, a folder, what `datasets` saved, or a BIG-bench task.

    for example in open_dataset("runs/copa").examples(): ...

Rows come from `satsuma.sources`, one at a time, so a dataset of any length is read in little memory, and each call
of `examples` reads it anew. A row that cannot be used (no object, no text) is left out, counted, and the first is
told; a dataset without any row that can be used is an error. Of a folder with several splits one is read: the one
that is named, else train; of a run, all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from satsuma.errors import DataError, SourceError
from satsuma.reading.bigbench import read_task
from satsuma.reading.carded import reader_of
from satsuma.reading.columns import choose_columns
from satsuma.reading.example import Example
from satsuma.reading.values import kind_of
from satsuma.remote.staging import as_told, place_of
from satsuma.remote.urls import FETCHED_BY, NOT_FETCHED, refuse_url
from satsuma.run.directory import RunDirectory
from satsuma.sources.places import Part, choose, parts
from satsuma.sources.rows import BadRow, Report
from satsuma.sources.source import READERS
from satsuma.task.card import Card
from satsuma.task.loader import load_card

if TYPE_CHECKING:
    from satsuma.sources.rows import Row

CardRef: TypeAlias = "str | Path | Card"
FIRST = 200
"""Rows from which columns are chosen."""
_MAKE = "Name a run directory, a JSONL, JSON, CSV or Parquet file or a folder of them, or what `save_to_disk` wrote."


@dataclass(frozen=True, slots=True)
class Selection:
    """What a user says of a dataset. card: that describes it. text, label: columns. split: of a folder."""

    card: CardRef | None = None
    text: tuple[str, ...] = ()
    label: str | None = None
    split: str | None = None


@dataclass(slots=True)
class Dataset:
    """A dataset to be measured.

    name: as the user gave it. kind: what it is, for people. text, label: what they are taken from. card: that
    describes it. notes: what a reader has to know; complete once all examples have been read.
    """

    name: str
    kind: str
    text: str
    label: str
    card: Card | None
    _open: Callable[[], Iterator[tuple[Row, Example] | BadRow]]
    notes: list[str] = field(default_factory=list)

    def examples(self) -> Iterator[Example]:
        """The instances, in order.

        Raises:
            DataError: not one row can be used.
        """
        return (example for _, example in self.rows())

    def rows(self, bad: Callable[[BadRow], None] | None = None) -> Iterator[tuple[Row, Example]]:
        """The rows that can be used, as they are, each with the instance that it is; in order.

        bad: is told each row that cannot be used.

        Raises:
            DataError: not one row can be used.
        """
        left_out: list[BadRow] = []
        count = used = 0
        for one in self._open():
            if isinstance(one, BadRow):
                count += 1
                left_out = left_out or [one]
                if bad is not None:
                    bad(one)
            else:
                used += 1
                yield one
        first = f"{left_out[0].where}: {left_out[0].reason}" if left_out else ""
        if not used:
            raise DataError(f"{self.name} has no instance" + (f"; {first}" if first else ""), _MAKE)
        if count:
            note = f"{count:,} rows cannot be used and are left out, the first: {first}"
            self.notes[:] = [*(n for n in self.notes if "are left out" not in n), note]


def open_dataset(where: str | Path, selection: Selection | None = None) -> Dataset:
    """The dataset at a path.

    Raises:
        DataError: there is none, it has no rows, or it lacks a column that was named.
        SourceError: a file of it cannot be read.
        CardError: the card cannot be used.
    """
    chosen = selection or Selection()
    path = place_of(where)
    if not path.exists():
        refuse_url(where, NOT_FETCHED, FETCHED_BY)
        raise DataError(f"{where}: there is no such file or directory", _MAKE)
    card = None if chosen.card is None else load_card(chosen.card)
    if (path / "run.json").is_file():
        return _run(as_told(where), path, chosen, card)
    if not chosen.text and card is None and path.is_file() and (task := read_task(path)) is not None:
        return Dataset(
            as_told(where), "BIG-bench task", "input", "target", None,
            lambda: zip(task.rows, task.examples(), strict=True),
        )  # fmt: skip
    found = _parts(where, path)
    part = choose(found, None, chosen.split)
    others = sorted({p.split for p in found if p.configuration == part.configuration} - {part.split})
    notes = [f"the split {part.split} is measured; there are also: {', '.join(others)}"] if others else []
    return _table(as_told(where), part.format, _Rows((part,)), chosen, card, notes)


def _run(name: str, path: Path, chosen: Selection, card: Card | None) -> Dataset:
    directory = RunDirectory.open(path)
    files = tuple(f for split in ("train", "validation", "test") if (f := directory.data_path(split)).is_file())
    state = directory.load_state()
    if not files or state is None:
        raise DataError(f"{name} has no dataset yet", "Run the same `satsuma generate` command again to go on.")
    own = card or (None if chosen.text else load_card(state.card))
    rows = _Rows((Part("default", "train", "parquet", files),))
    return _table(name, "run of satsuma", rows, chosen, own, [])


def _parts(where: str | Path, path: Path) -> tuple[Part, ...]:
    try:
        return parts(path)
    except SourceError as error:
        raise DataError(f"{where} is no dataset: {error.message}", error.hint or _MAKE) from error


class _Rows:
    """The rows of some files, from the first one each time; and the names of labels that the files tell."""

    def __init__(self, files: tuple[Part, ...]) -> None:
        self._parts = files
        self.names: dict[str, tuple[str, ...]] = {}

    def __iter__(self) -> Iterator[Row | BadRow]:
        report = Report(labels=self.names)
        for part in self._parts:
            for path in part.files:
                yield from READERS[part.format](path, report)


def _table(name: str, kind: str, rows: _Rows, chosen: Selection, card: Card | None, notes: list[str]) -> Dataset:
    first = list(islice(rows, FIRST))
    good = [row for row in first if not isinstance(row, BadRow)]
    if not good:
        bad = next((row for row in first if isinstance(row, BadRow)), None)
        why = f": {bad.where}: {bad.reason}" if bad else ""
        raise DataError(f"{name} holds no row that can be used{why}", _MAKE)
    if card is not None and not chosen.text:
        example, label = reader_of(card, good)
        text = f"the card {card.name}"
    else:
        columns = choose_columns(good, chosen.text, chosen.label, rows.names)
        example, label = columns.example, columns.label or ""
        text = ", ".join(columns.text) + ("" if chosen.text else f" ({columns.told})")
    notes += _mixed(good, label)

    def opened() -> Iterator[tuple[Row, Example] | BadRow]:
        for number, row in enumerate(rows):
            if isinstance(row, BadRow):
                yield row
            elif (made := example(row, number)) is None:
                yield BadRow(f"row {number}", "it has no text")
            else:
                yield row, made

    return Dataset(name, kind, text, label or "none", card, opened, notes)


def _mixed(rows: Sequence[Row], label: str) -> list[str]:
    """A note if the labels are of several types."""
    kinds = Counter(kind_of(row.get(label)) for row in rows if row.get(label) is not None)
    if len(kinds) < 2:
        return []
    told = " and ".join(sorted(kinds))
    return [f"the column {label} holds {told}; all of them are taken as text"]
