"""Evaluation sets as texts to compare with: their rows, each as what it asks without how it is put.

A row is read in the forms in which its words may stand in a dataset, and a leak is a leak in any of them: the inputs
of the card, where the row has them or is in SuperGLUE's or BIG-bench's own form (`satsuma.students.originals`); the
columns that the user named; else the columns of text (`satsuma.reading.columns`); else every text in it, whatever it
is nested in. Labels are no part of it. All splits of a folder are read. A row is named by its number from 0 in its file
(and by its id, where it has one); of a MultiRC or ReCoRD line, every question is compared and the line is named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from satsuma.errors import DataError, SourceError
from satsuma.reading.bigbench import read_task
from satsuma.reading.columns import LABELS, choose_columns
from satsuma.reading.values import as_text
from satsuma.run.directory import RunDirectory
from satsuma.sources.places import parts
from satsuma.sources.rows import BadRow, Report
from satsuma.sources.source import READERS
from satsuma.students.originals import in_card_form

if TYPE_CHECKING:
    from satsuma.llm.request import Json
    from satsuma.sources.rows import Row
    from satsuma.task.card import Card

FIRST = 200
"""Rows from which the columns are chosen."""
_MAKE = "Name a run, a JSONL, JSON, CSV or Parquet file or a folder of them, or a BIG-bench task.json."
_IDENTIFIERS = ("id", "idx")
_NO_TEXT = frozenset({*LABELS, *_IDENTIFIERS, "provenance", "version", "source", "uid", "guid"}) - {"answers"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A row of an evaluation set. set: its name. row: its number, from 0. texts: the forms of what it asks."""

    set: str
    row: int
    id: str
    texts: tuple[str, ...]


def evaluation_rows(path: Path, card: Card | None, named: Sequence[str]) -> Iterator[Asked]:
    """The rows of an evaluation set. named: the columns of the text, where the user named them.

    Raises:
        DataError: there is nothing there that can be read.
    """
    rows = _rows(path)
    first = list(islice(rows, FIRST))
    if not first:
        raise DataError(f"{path} has no row to compare with", _MAKE)
    columns = _columns(first, named)
    for number, row in enumerate(chain(first, rows)):
        texts = dict.fromkeys(text for text in (*_by_card(row, card), _by_columns(row, columns)) if text.strip())
        if texts:
            yield Asked(path.name, number, _identifier(row), tuple(texts))


def _rows(path: Path) -> Iterator[Row]:
    if not path.exists():
        raise DataError(f"{path}: there is no such file or directory", _MAKE)
    task = read_task(path) if path.is_file() else None
    if task is not None:
        yield from task.rows
        return
    try:
        for file, kind in _files(path):
            for row in READERS[kind](file, Report()):
                if not isinstance(row, BadRow):
                    yield row
    except SourceError as error:
        raise DataError(f"{path} is no dataset: {error.message}", error.hint or _MAKE) from error


def _files(path: Path) -> Iterator[tuple[Path, Kind]]:
    if (path / "run.json").is_file():
        directory = RunDirectory.open(path)
        for name in ("train", "validation", "test"):
            if directory.data_path(name).is_file():
                yield directory.data_path(name), "parquet"
        return
    for part in parts(path):
        for file in part.files:
            yield file, part.format


if TYPE_CHECKING:
    from satsuma.sources.places import Format as Kind


def _columns(first: Sequence[Row], named: Sequence[str]) -> tuple[str, ...]:
    """The columns of the text; none where the rows are nested."""
    there = {name for row in first for name in row}
    if named and set(named) <= there:
        return tuple(named)
    try:
        chosen = choose_columns(first, (), None, {})
    except DataError:
        return ()
    nested = any(
        isinstance(value, Mapping | list) for row in first for name, value in row.items() if name not in _NO_TEXT
    )
    return () if nested else chosen.fields or chosen.text


def _by_card(row: Row, card: Card | None) -> Iterator[str]:
    if card is None:
        return
    for one in in_card_form(row, card):
        found = [as_text(one.get(name)) for name in card.shown_inputs]
        if all(text is not None for text in found):
            yield "\n".join(text for text in found if text)


def _by_columns(row: Row, columns: Sequence[str]) -> str:
    if columns:
        return "\n".join(text for name in columns if (text := as_text(row.get(name))))
    return "\n".join(chain.from_iterable(_texts(value) for name, value in row.items() if name not in _NO_TEXT))


def _texts(value: Json) -> Iterator[str]:
    """Every text in a value, in order."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, Mapping):
        for name, one in value.items():
            if name not in _NO_TEXT:
                yield from _texts(one)


def _identifier(row: Row) -> str:
    return next((text for name in _IDENTIFIERS if (text := as_text(row.get(name)))), "")
