"""A journal written anew: compacted, or several as one. The journals that are read stay whole whatever happens.

The rule: the new journal is built beside its place, forced to the disk and renamed; a process that is killed or a disk
that is full leaves what was there, and a file `….rewritten` that the next attempt replaces. To compact a journal in its
own place nobody may have it open: its write-ahead log is folded into it first, which SQLite does for a lone user only,
and writers are kept out until the new file has taken its place.

Dropped are replies whose checksum or key does not fit, which no run could use, and free room. Everything else stays:
also what a run asked ahead of its n, which serves a larger one.

Of a request that several merged journals have, an answer goes before one that was given up, and the first answer before
others; both are counted. What was paid for the others is no longer on the bill.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from satsuma.errors import JournalError
from satsuma.llm.journal_cells import Cells, cells_of, dictionary_of, keep
from satsuma.llm.journal_file import connect, create, explained, open_reader, open_writer, sync_directory, wal
from satsuma.llm.journal_meta import merged_values
from satsuma.llm.journal_schema import COLUMNS, COMPACTED, FORMAT, UPSERT_BATCH, UPSERT_META, insert, intact, readable
from satsuma.llm.request import key_of

_NAMES = COLUMNS.split(", ")
_PROVEN = tuple(
    map(
        _NAMES.index, ["key", "model", "finish_reason", "error", "content", "input_tokens", "output_tokens", "checksum"]
    )
)
_KEY, _STEP, _ERROR, _CREATED, _CONTENT, _REQUEST = map(
    _NAMES.index, ["key", "step", "error", "created", "content", "request"]
)
_SELECT = f"SELECT {COLUMNS} FROM replies ORDER BY id"  # noqa: S608 - constants
_SELECT_ANSWER = "SELECT error, content, created FROM replies WHERE key = ?"
_SAMPLES = 2000
"""Rows in which the dictionary's samples are looked for."""

Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Compacted:
    """replies: that were kept. damaged: that were not. before, after: bytes."""

    replies: int
    damaged: int
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Merged:
    """What came of a merge.

    replies: in the result. common: requests that a later journal had, too; of these, conflicts were answered
    differently. models: steps whose model differs, as the first journal has it. damaged: replies that were left out.
    """

    replies: int
    common: int
    conflicts: int
    models: tuple[str, ...]
    damaged: int


def compact(path: Path, out: Path | None = None) -> Compacted:
    """Write a journal in as little room as it takes, in its own place or to `out`.

    Raises:
        JournalError: it is open elsewhere, its structure is damaged, `out` exists, or there is no room.
    """
    with ExitStack() as stack:
        old = stack.enter_context(_reading(path) if out else _alone(path))
        with explained(path):
            before = path.stat().st_size + (wal(path).stat().st_size if wal(path).exists() else 0)
            cells = cells_of(path, old, FORMAT)
            rows = old.execute(_SELECT)
            shortening = Cells(_dictionary(path, old, cells))
        kept = damaged = 0
        with _rewritten(out or path, replacing=out is None) as new:
            keep(new, shortening.dictionary)
            new.execute(f"PRAGMA user_version = {COMPACTED}")
            for row in _plain(path, rows, cells):
                if row is None:
                    damaged += 1
                    continue
                kept += 1
                new.execute(insert(1), _stored(row, shortening))
            _copy_rest(path, old, new)
        return Compacted(kept, damaged, before, (out or path).stat().st_size)


def merge(paths: Sequence[Path], out: Path) -> Merged:
    """Write everything that several journals hold into a new one; of several answers to a request the first.

    Raises:
        JournalError: one cannot be read, `out` exists, or there is no room.
    """
    common = conflicts = damaged = 0
    with ExitStack() as stack:
        olds = [(path, stack.enter_context(_reading(path))) for path in paths]
        with _rewritten(out, replacing=False) as new:
            for path, old in olds:
                with explained(path):
                    cells, rows = cells_of(path, old, FORMAT), old.execute(_SELECT)
                for row in _plain(path, rows, cells):
                    if row is None:
                        damaged += 1
                        continue
                    there = new.execute(_SELECT_ANSWER, (_text(row[_KEY]),)).fetchone()
                    common += there is not None
                    conflicts += _differ(there, row)
                    if _says_more(there, row):
                        new.execute(insert(1), _stored(row, None))
            models = merged_values(olds, new)
            for path, old in olds:
                _copy_batches(path, old, new)
            replies = new.execute("SELECT count(*) FROM replies").fetchone()[0]
    return Merged(replies, common, conflicts, models, damaged)


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(open_reader(path)) as connection:
        yield connection


@contextmanager
def _alone(path: Path) -> Iterator[sqlite3.Connection]:
    """The journal as one file that nobody else writes to."""
    with closing(open_writer(path)) as connection:
        with explained(path):
            connection.execute("PRAGMA journal_mode = DELETE")
            connection.execute("BEGIN IMMEDIATE")
        yield connection


@contextmanager
def _rewritten(place: Path, *, replacing: bool) -> Iterator[sqlite3.Connection]:
    """A new journal, in one transaction; it takes its place when the block ends without an error."""
    if not replacing and place.exists():
        raise JournalError(f"{place} is there already", "Choose another file with -o.")
    fresh = place.with_name(place.name + ".rewritten")
    with explained(place):
        fresh.unlink(missing_ok=True)
    try:
        create(fresh)
        with explained(place), closing(connect(fresh, "mode=rw")) as new:
            # A crash leaves a file that nobody uses, so nothing has to be durable before the rename.
            new.execute("PRAGMA journal_mode = OFF")
            new.execute("PRAGMA synchronous = OFF")
            new.execute("BEGIN IMMEDIATE")
            yield new
            new.execute("COMMIT")
        with explained(place):
            _sync(fresh)
            fresh.replace(place)
            sync_directory(place.absolute().parent)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _plain(path: Path, rows: Iterable[Row], cells: Cells) -> Iterator[Row | None]:
    """Rows of `COLUMNS` with plain cells; None for one that is damaged."""
    with explained(path):
        for stored in rows:
            row = cells.row(stored, _CONTENT, _REQUEST)
            key, request = row[_KEY], row[_REQUEST]
            proven = isinstance(key, bytes) and isinstance(request, bytes) and key_of(request).encode() == key
            yield row if proven and intact(cast("bytes", key), [row[at] for at in _PROVEN]) else None


def _stored(row: Row, cells: Cells | None) -> list[str | bytes | int | float]:
    """A plain row as SQLite is given it, content and request shortened where that is worth it."""
    values = [readable(cell) if isinstance(cell, bytes) else cast("int | float", cell) for cell in row]
    if cells is not None:
        for place in (_CONTENT, _REQUEST):
            values[place] = cells.shortened(cast("bytes", row[place])) or values[place]
    return values


def _dictionary(path: Path, old: sqlite3.Connection, cells: Cells) -> bytes:
    """One request of each step, the most frequent one last, with an answer to it."""
    samples: dict[object, tuple[int, bytes]] = {}
    with closing(old.cursor()) as cursor:
        for row in _plain(path, cursor.execute(f"{_SELECT} LIMIT {_SAMPLES}"), cells):
            if row is not None:
                step = row[_STEP]
                many, _ = samples.get(step, (0, b""))
                samples[step] = (many + 1, cast("bytes", row[_CONTENT]) + cast("bytes", row[_REQUEST]))
    return dictionary_of(sample for _, sample in sorted(samples.values()))


def _differ(there: Sequence[object] | None, row: Row) -> bool:
    """Whether two answers to a request are not the same."""
    return there is not None and not there[0] and not row[_ERROR] and there[1] != row[_CONTENT]


def _says_more(there: Sequence[object] | None, row: Row) -> bool:
    """Whether a row belongs into a journal with this: not behind an answer, nor as a copy of the same failure."""
    return there is None or bool(there[0] and (not row[_ERROR] or there[2] != row[_CREATED]))


def _copy_rest(path: Path, old: sqlite3.Connection, new: sqlite3.Connection) -> None:
    with explained(path):
        for name, value in old.execute("SELECT name, value FROM meta"):
            new.execute(UPSERT_META, (_text(name), _text(value)))
    _copy_batches(path, old, new)


def _copy_batches(path: Path, old: sqlite3.Connection, new: sqlite3.Connection) -> None:
    with explained(path):
        for row in old.execute("SELECT name, remote, identity, state, keys, detail, created FROM batches"):
            new.execute(UPSERT_BATCH, [_text(cell) if isinstance(cell, bytes) else cell for cell in row])


def _text(cell: object) -> str:
    return cell.decode(errors="replace") if isinstance(cell, bytes) else str(cell)
