"""A folder of data files as dataset cards.

A folder that holds a README.md or card.md is one dataset: its data files and those below it. Without one, each data
file is a dataset of its own, and so is each folder below. Hidden files and folders and links to folders are left out. A
dataset of which no file can be read is dropped with the reason; a folder that holds only a program is refused.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from satsuma.catalog.cardfile import NAMES, CardText, card_beside
from satsuma.catalog.entry import Column, Entry, Loading, entry_from, text_of
from satsuma.catalog.filters import Dropped
from satsuma.catalog.licences import licence_of
from satsuma.catalog.tables import Table, is_data, joined, read_table
from satsuma.errors import DataError

MAX_READ = 20
"""Files of one dataset that are looked into."""


def entries_of_folder(folder: Path) -> Iterator[Entry | Dropped]:
    """The datasets in a folder, by name.

    Raises:
        DataError: there is no such folder, or nothing in it.
    """
    if not folder.is_dir():
        raise DataError(f"there is no folder {folder}")
    found = False
    for place, files, one in _datasets(folder):
        found = True
        yield _entry(folder, place, files) if one else _file_entry(folder, place)
    if not found:
        raise DataError(
            f"{folder} holds no data files",
            "Data files are CSV, TSV, JSON Lines, JSON and Parquet, in folders with a README.md or card.md each.",
        )


def _datasets(folder: Path) -> Iterator[tuple[Path, list[Path], bool]]:
    """Place, files, and whether the place is a folder that is one dataset."""
    try:
        names = sorted(path.name for path in folder.iterdir())
    except OSError as error:
        raise DataError(f"{folder} cannot be read: {error.strerror or error}") from error
    visible = [folder / n for n in names if not n.startswith(".")]
    if any(n in NAMES for n in names):
        files = sorted(_below(folder))
        if files or any(p.suffix == ".py" for p in visible):
            yield folder, files, True
        return
    for path in visible:
        if path.is_file() and is_data(path):
            yield path, [path], False
        elif path.is_dir() and not path.is_symlink():
            yield from _datasets(path)


def _below(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(n for n in folders if not n.startswith("."))
        yield from (Path(place) / n for n in names if not n.startswith(".") and is_data(Path(n)))


def _entry(root: Path, place: Path, files: list[Path]) -> Entry | Dropped:
    name = place.name if place == root else place.relative_to(root).as_posix()
    card = card_beside(place)
    if not files:
        return _described(name, card, None, Loading("files", str(place.resolve()), needs_code=True))
    tables, reason = [], ""
    for path in files[:MAX_READ]:
        try:
            tables.append(read_table(path))
        except DataError as error:
            reason = reason or error.message
    if not tables:
        return Dropped(name, reason)
    loading = Loading("files", str(place.resolve()), tuple(p.relative_to(place).as_posix() for p in files))
    return _described(name, card, joined(tables) if len(files) <= MAX_READ else tables[0], loading)


def _file_entry(root: Path, path: Path) -> Entry | Dropped:
    name = path.relative_to(root).with_suffix("").as_posix()
    try:
        table = read_table(path)
    except DataError as error:
        return Dropped(name, error.message)
    return _described(name, CardText(), table, Loading("files", str(path.parent.resolve()), (path.name,)))


def _described(name: str, card: CardText, table: Table | None, loading: Loading) -> Entry:
    told = entry_from(
        {
            "name": name,
            "description": card.description,
            "tags": [*card.texts("tags"), *card.texts("task_categories"), *card.texts("task_ids")],
            "columns": card.columns,
        }
    )
    return Entry(
        name=told.name,
        description=told.description,
        tags=told.tags,
        columns=_columns(table, told.columns),
        width=table.width if table else told.width,
        sample=table.sample if table else (),
        rows=table.rows if table else None,
        licence=licence_of(card.licence),
        licence_text=text_of(card.licence),
        loading=loading,
    )


def _columns(table: Table | None, told: tuple[Column, ...]) -> tuple[Column, ...]:
    """The file's columns, with the types that the card says where the file has none."""
    if table is None:
        return told
    types = {c.name: c.type for c in told}
    return tuple(Column(c.name, c.type or types.get(c.name, "")) for c in table.columns)
