"""Rows of the user's own: a file of a few labelled examples, or a dataset, on this machine or on the hub.

The first `MOST` rows are read (`satsuma.sources`): enough to tell what the columns are. In a file of examples every row
has to be one; in a dataset those that cannot be used are passed over. A folder's own description comes along, and so
do the names that a column of numbers stands for. Not covered: what the columns mean (`fields.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from satsuma.catalog.cardfile import card_beside
from satsuma.errors import DataError, ExtraError, SourceError
from satsuma.remote.urls import FETCHED_BY, NOT_FETCHED, refuse_url
from satsuma.run.frozen import refuse_frozen
from satsuma.sources.rows import BadRow, Row
from satsuma.sources.source import HUB, Place, Source, open_source

MOST = 2000
"""Rows that are read."""
LONGEST_ABOUT = 2000
"""Characters of a dataset's description that are kept."""
_NEVER = "made into the examples of a card"
_HINT = "Rows are JSON Lines, JSON (a list of objects), CSV, TSV or Parquet."


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows as they were found.

    name: as the user named the source. columns: in order. classes: column → the names that its numbers stand for.
    about: what the source says of itself.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    classes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    about: str = ""


def read_examples(path: Path) -> Rows:
    """The rows of a file.

    Raises:
        DataError: there is no such file, or one of its rows cannot be read; says which.
        SourceError: it is not what its name says.
        SettingsError: it is of a frozen benchmark.
    """
    refuse_frozen([path], _NEVER)
    if path.is_dir():
        raise DataError(f"{path} is a folder, but examples are one file", "Name a file, or use --from-dataset.")
    if not path.is_file():
        raise DataError(f"{path}: there is no such file", _HINT)
    with open_source(Place(str(path)), rows=MOST) as source:
        return _rows(str(path), source, strict=True)


def read_dataset(name: str) -> Rows:
    """The rows of a file, of a folder, or of a dataset of the hub; NAME:CONFIG names a configuration.

    Raises:
        SourceError: there is nothing of that name, or it cannot be read.
        ExtraError: it is on the hub, and `datasets` is not installed.
        SettingsError: it is a frozen benchmark, or a URL.
    """
    refuse_url(name, NOT_FETCHED, FETCHED_BY)
    refuse_frozen([name], _NEVER)
    path = Path(name).expanduser()
    if path.exists():
        with open_source(Place(str(path)), rows=MOST) as source:
            about = card_beside(path).description[:LONGEST_ABOUT] if path.is_dir() else ""
            return _rows(name, source, about=about)
    repository, _, configuration = name.removeprefix(HUB).partition(":")
    if name.startswith((".", "/", "~")) or repository.count("/") > 1 or path.suffix:
        raise DataError(f"{name}: there is no such file or folder", _HINT)
    try:
        with open_source(Place(f"{HUB}{repository}", configuration or None), rows=MOST) as source:
            return _rows(name, source)
    except ExtraError as error:
        raise ExtraError(f"{name} is no file or folder here, and {error.message}", error.hint) from None


def _rows(name: str, source: Source, *, about: str = "", strict: bool = False) -> Rows:
    classes = {column.name: column.labels for column in source.columns if column.labels}
    rows = tuple(_good(source, strict=strict))
    columns = tuple(column.name for column in source.columns)
    if not columns:
        raise SourceError(f"{name} has no columns that can be read", _HINT)
    return Rows(name, columns, rows, classes, about)


def _good(source: Source, *, strict: bool) -> Iterator[Row]:
    for index in range(len(source)):
        row = source.row(index)
        if not isinstance(row, BadRow):
            yield row
        elif strict:
            raise DataError(f"{row.where}: {row.reason}", "Examples are few: repair the row, or take it out.")
