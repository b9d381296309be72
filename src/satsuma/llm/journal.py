"""The journal: every request and its reply, durable before anybody sees the reply.

The rule (design.md, promise 1): `put` returns after the commit, so what was acknowledged survives a SIGKILL or a power
cut. One thread commits in groups (`journal_writer.py`); reading is a lookup by key on a connection of its own, fast
enough for the event loop, and spared for most keys that a journal lacks which was empty when it was opened (`seen.py`).
What a row is and how it proves itself is in `journal_schema.py`, what opening checks in `journal_file.py`, getting
replies out of a damaged file in `salvage.py`.

A reply whose checksum does not fit counts as absent: it is asked again, and `Journal.damaged` names it. Structure that
is broken raises a `JournalError` that says how to go on.

Not covered: that one process at a time works in a run directory (the run's lock).
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from sqlite3 import Connection, DatabaseError
from types import TracebackType
from typing import cast

import orjson

from satsuma.errors import JournalError
from satsuma.llm.journal_cells import MARK, Cells, cells_of
from satsuma.llm.journal_file import create, explain, explained, open_reader, open_writer, sync_directory
from satsuma.llm.journal_schema import (
    DELETE_REPLY,
    FORMAT,
    SELECT_ENTRY,
    SELECT_LAST_ID,
    SELECT_REPLY,
    TALLY,
    UPSERT_BATCH,
    UPSERT_META,
    Batch,
    Entry,
    Tally,
    decode,
    intact,
    unpack_entry,
    unpack_reply,
)
from satsuma.llm.journal_writer import Writer
from satsuma.llm.request import Json, Reply, Usage
from satsuma.llm.seen import Seen

__all__ = ["MODELS", "Batch", "Entry", "Journal", "Tally", "journal_at"]

MODELS = "models"
"""The meta name of the model identities: step, or "" for all others → identity."""
FILE_NAME = "journal.sqlite"
_PAGE = 500


class Journal:
    """A journal that is open. Make one with `Journal.open`; use it from one thread."""

    def __init__(self, path: Path, reader: Connection, cells: Cells, writer: Writer | None, last: int = 0) -> None:
        self.path = path
        self._reader = reader
        self._cursor = reader.cursor()
        self._writer = writer
        self._damaged: set[str] = set()
        self._mended = 0
        self._last = last
        self._seen = Seen() if writer is not None and not last else None
        self._cells = cells

    @classmethod
    def open(cls, path: Path, readonly: bool = False) -> Journal:
        """Open a journal; one that is not there is made, unless `readonly`.

        A reader writes nothing, not even beside the file, unless another process has the journal open.

        Raises:
            JournalError: not a journal, damaged, cut off, newer than this program, locked, unreadable, not writable, or
                no room on the disk; each says which and how to go on.
        """
        if readonly:
            return cls(path, *_reading(path, shared=False), None)
        with explained(path):
            missing = not path.exists()
        if missing:
            create(path)
        connection = open_writer(path)
        try:
            with explained(path):
                last = connection.execute(SELECT_LAST_ID).fetchone()[0] or 0
            reader, cells = _reading(path, shared=True)
        except BaseException:
            connection.close()
            raise
        return cls(path, reader, cells, Writer(connection, path), last)

    def get(self, key: str) -> Reply | None:
        """The reply to a request, given-up ones included; None if there is none, or only a damaged one.

        Raises:
            JournalError: the file's structure is broken.
        """
        row = self._row(key)
        return None if row is None else unpack_reply(row)

    def found(self, key: str) -> tuple[Reply, bool] | None:
        """As `get`, and whether the reply was there already when the journal was opened for writing.

        Raises:
            JournalError: the file's structure is broken.
        """
        row = self._row(key)
        return None if row is None else (unpack_reply(row), cast("int", row[-1]) <= self._last)

    def _row(self, key: str) -> tuple[object, ...] | None:
        if self._seen is not None and key not in self._seen:
            return None
        try:  # not `explained`, which costs a tenth of a lookup
            row: tuple[object, ...] | None = self._cursor.execute(SELECT_REPLY, (key,)).fetchone()
        except DatabaseError as error:
            raise explain(self.path, error) from error
        if row is not None and row[4].__class__ is bytes and row[4][:1] == MARK:
            row = self._cells.row(row, 4)
        if row is not None and not intact(key.encode(), row):
            self._damaged.add(key)
            return None
        return row

    def entry(self, key: str) -> Entry | None:
        """A request with its reply and what it took; None if there is none, or only a damaged one."""
        with explained(self.path):
            row = self._reader.execute(f"{SELECT_ENTRY} WHERE key = ?", (key,)).fetchone()
        return None if row is None else self._entry(row)

    def entries(self) -> Iterator[Entry]:
        """All intact entries in the order in which they were first journaled; what is put meanwhile may be left out."""
        last = 0
        while True:
            with explained(self.path):
                ids = self._reader.execute("SELECT id FROM replies WHERE id > ? ORDER BY id LIMIT ?", (last, _PAGE))
                page = [int(row[0]) for row in ids]
                rows = self._reader.execute(
                    f"{SELECT_ENTRY} WHERE id > ? AND id <= ? ORDER BY id", (last, page[-1] if page else last)
                ).fetchall()
            if not page:
                return
            yield from (entry for entry in map(self._entry, rows) if entry is not None)
            last = page[-1]

    @property
    def damaged(self) -> frozenset[str]:
        """Keys of replies that were found damaged, and are so still."""
        return frozenset(self._damaged)

    @property
    def damage(self) -> int:
        """Replies that were found damaged since the journal was opened; those that were asked again included."""
        return self._mended + len(self._damaged)

    async def put(self, entry: Entry) -> None:
        """Save a reply; returns after its commit. An answer that is there already is kept; a given-up one is replaced.

        Cancelling the caller does not take the entry back.

        Raises:
            JournalError: the commit failed (no room, an I/O error, read-only); nothing is saved from then on.
        """
        writer = self._writing()
        if self._seen is not None:
            self._seen.add(entry.key)
        if entry.key in self._damaged:
            self._damaged.discard(entry.key)
            self._mended += 1
            writer.run(DELETE_REPLY, (entry.key,))
        await writer.put(entry)

    def tallies(self) -> tuple[Tally, ...]:
        """What the journal holds, per step and model identity; from an index, about 0.3 s for a million replies."""
        with explained(self.path):
            rows = self._reader.execute(TALLY).fetchall()
        return tuple(
            Tally(
                decode(row[0]),
                decode(row[1]),
                row[2],
                row[3],
                row[4],
                row[5],
                Usage(row[6], row[7]),
                Usage(row[8], row[9]),
                row[10],
            )
            for row in rows
        )

    def meta(self, name: str) -> Json:
        """A named value; None if there is none.

        Raises:
            JournalError: the value is damaged.
        """
        with explained(self.path):
            row = self._reader.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return None if row is None else self._json(row[0], f"value of {name}")

    def set_meta(self, name: str, value: Json) -> None:
        """Save a named value, durably; waits for the commit. What is there already is not written again.

        Raises:
            JournalError: as `put`.
        """
        stored = json.dumps(value, sort_keys=True)
        writer = self._writing()
        with explained(self.path):
            row = self._reader.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        if row is None or row[0] != stored.encode():
            writer.run(UPSERT_META, (name, stored)).result()

    async def note_batch(self, batch: Batch) -> None:
        """Save what is known of a batch, replacing what was known under its name; returns after the commit.

        Raises:
            JournalError: as `put`.
        """
        keys, detail = json.dumps(batch.keys), json.dumps(dict(batch.detail))
        row = (batch.name, batch.remote, batch.identity, batch.state, keys, detail, batch.created)
        await asyncio.wrap_future(self._writing().run(UPSERT_BATCH, row))

    def batches(self) -> tuple[Batch, ...]:
        """Every batch that was noted, oldest first.

        Raises:
            JournalError: a note is damaged.
        """
        columns = "name, identity, keys, remote, state, detail, created"
        with explained(self.path):
            rows = self._reader.execute(f"SELECT {columns} FROM batches ORDER BY created, name").fetchall()  # noqa: S608
        return tuple(self._batch(row) for row in rows)

    def copy_to(self, path: Path) -> None:
        """Write a compact copy of everything committed: one file that needs nothing beside it, a fixture for `replay:`.

        Raises:
            JournalError: the copy could not be written.
        """
        temporary = path.with_name(path.name + ".new")
        with explained(path):
            temporary.unlink(missing_ok=True)
            self._reader.execute("VACUUM INTO ?", (str(temporary.absolute()),))
            handle = os.open(temporary, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
            temporary.replace(path)
            sync_directory(path.absolute().parent)

    def close(self) -> None:
        """Commit what is queued and let go of the file; harmless when done twice."""
        self._reader.close()
        if self._writer is not None:
            self._writer.close()

    def close_or_remove(self, *, keep: bool = False) -> bool:
        """As `close`; and remove the file, if nothing was ever asked and it is not to be kept. Whether it was removed.

        Raises:
            JournalError: the file's structure is broken.
        """
        empty = not keep and not self.tallies() and not self.batches()
        self.close()
        if empty:
            for path in self.path.parent.glob(f"{self.path.name}*"):
                path.unlink(missing_ok=True)
        return empty

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _writing(self) -> Writer:
        if self._writer is None:
            raise JournalError(f"the journal {self.path} was opened for reading only")
        return self._writer

    def _entry(self, row: tuple[object, ...]) -> Entry | None:
        entry = unpack_entry(self._cells.row(row, 4, 8))
        if entry is None and isinstance(row[0], bytes):
            self._damaged.add(row[0].decode(errors="replace"))
        return entry

    def _json(self, stored: bytes, what: str) -> Json:
        try:
            value: Json = orjson.loads(stored)
        except orjson.JSONDecodeError as error:
            raise JournalError(f"the journal {self.path} is damaged: the {what} cannot be read") from error
        return value

    def _batch(self, row: tuple[bytes, bytes, bytes, bytes, bytes, bytes, float]) -> Batch:
        name, identity, keys, remote, state, detail, created = row
        known = self._json(keys, "keys of a batch")
        more = self._json(detail, "details of a batch")
        return Batch(
            decode(name),
            decode(identity),
            tuple(map(str, known)) if isinstance(known, list) else (),
            decode(remote),
            decode(state),
            more if isinstance(more, Mapping) else {},
            float(created),
        )


def _reading(path: Path, *, shared: bool) -> tuple[Connection, Cells]:
    """The connection that reads, and what restores the cells of a compacted journal."""
    reader = open_reader(path, shared=shared)
    try:
        with explained(path):
            return reader, cells_of(path, reader, FORMAT)
    except BaseException:
        reader.close()
        raise


def journal_at(path: Path) -> Path:
    """The journal that a path names: the file itself, or the one in a run directory."""
    return path / FILE_NAME if path.is_dir() else path
