"""Getting the intact replies out of a damaged journal: `python -m satsuma.llm.salvage PATH`.

Rows are fetched one by one by their number, each is proved by its checksum and its key, and those that hold go into a
new journal, which takes the place of the damaged one; that is kept beside it. Whatever can be read of the named values
and batches goes along.

Not covered: a file whose first page is gone. Nothing can be read from it, and it is left where it is.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from satsuma.errors import JournalError, SatsumaError
from satsuma.llm.journal import journal_at
from satsuma.llm.journal_cells import Cells, cells_of
from satsuma.llm.journal_file import connect, create, damaged, explained, open_writer, sync_directory, wal
from satsuma.llm.journal_schema import (
    FORMAT,
    SELECT_ENTRY,
    UPSERT_BATCH,
    UPSERT_META,
    Entry,
    insert,
    pack,
    unpack_entry,
)

_SMALLEST_ROW = 200
"""Bytes; bounds the number of rows when the table cannot say it."""


@dataclass(frozen=True, slots=True)
class Salvaged:
    """What was saved. kept: replies. aside: where the damaged file is now."""

    kept: int
    aside: Path


def salvage(path: Path) -> Salvaged:
    """Replace a damaged journal by one with everything in it that is intact. No other process may have it open.

    Raises:
        JournalError: nothing can be read from the file, or the new one cannot be written.
    """
    if not path.is_file():
        raise JournalError(f"there is no journal at {path}")
    aside = path.with_name(f"{path.stem}.damaged{path.suffix}")
    if aside.exists():
        raise JournalError(
            f"{aside} is there already, from an earlier salvage", "Move or delete it, then run the same command again."
        )
    fresh = path.with_name(path.name + ".salvaged")
    with explained(path):
        fresh.unlink(missing_ok=True)
        old = connect(path, "mode=ro")
    with closing(old):
        last = _last(path, old)
        create(fresh)
        with explained(fresh), closing(open_writer(fresh)) as new:
            kept = _copy(old, new, last, _cells(path, old))
    with explained(path):
        _move(path, aside)
        fresh.replace(path)
        sync_directory(path.absolute().parent)
    return Salvaged(kept, aside)


def _copy(old: sqlite3.Connection, new: sqlite3.Connection, last: int, cells: Cells) -> int:
    kept = 0
    new.execute("BEGIN IMMEDIATE")
    for entry in _intact(old, last, cells):
        new.execute(insert(1), pack(entry))
        kept += 1
    for statement, table in ((UPSERT_META, "meta"), (UPSERT_BATCH, "batches")):
        with suppress(sqlite3.DatabaseError):
            for row in old.execute(f"SELECT * FROM {table}"):  # noqa: S608 - constants
                new.execute(
                    statement, [cell.decode(errors="replace") if isinstance(cell, bytes) else cell for cell in row]
                )
    new.execute("COMMIT")
    return kept


def _cells(path: Path, old: sqlite3.Connection) -> Cells:
    """What restores shortened cells; without their dictionary the others can still be had."""
    with suppress(sqlite3.DatabaseError, JournalError):
        return cells_of(path, old, FORMAT)
    return Cells()


def _intact(old: sqlite3.Connection, last: int, cells: Cells) -> Iterator[Entry]:
    for number in range(1, last + 1):
        with suppress(sqlite3.DatabaseError):
            row = old.execute(f"{SELECT_ENTRY} WHERE id = ?", (number,)).fetchone()
            entry = None if row is None else unpack_entry(cells.row(row, 4, 8))
            if entry is not None:
                yield entry


def _last(path: Path, old: sqlite3.Connection) -> int:
    """The highest number that a row can have.

    Raises:
        JournalError: the first page cannot be read.
    """
    files = [file for file in (path, wal(path)) if file.exists()]
    most = sum(file.stat().st_size for file in files) // _SMALLEST_ROW
    try:
        # Lets SQLite read a file that is shorter than its header says.
        old.execute("PRAGMA writable_schema = ON")
        old.execute("SELECT key FROM replies WHERE id = 0").fetchone()
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_CORRUPT or "malformed database schema" in str(error):
            raise damaged(path, f"nothing can be salvaged from it ({error})") from error
    return most


def _move(path: Path, aside: Path) -> None:
    path.replace(aside)
    if wal(path).exists():
        wal(path).replace(wal(aside))
    path.with_name(path.name + "-shm").unlink(missing_ok=True)


def main() -> int:
    """Salvage the journal, or the journal of the run directory, that the command line names; the exit code."""
    if len(sys.argv) != 2:
        sys.stderr.write("usage: python -m satsuma.llm.salvage JOURNAL_OR_RUN_DIRECTORY\n")
        return 2
    try:
        done = salvage(journal_at(Path(sys.argv[1])))
    except SatsumaError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    sys.stdout.write(f"kept {done.kept} replies; the damaged file is now {done.aside}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
