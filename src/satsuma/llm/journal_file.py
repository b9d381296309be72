"""A journal's file: made whole or not at all, opened only if it can be trusted, and every refusal explained.

A new journal is built beside its place and renamed into it, so a file that is there is complete; an empty one was cut
off. Opening checks what it can cheaply: that this is a journal, its format, that nobody holds it, that it can be
written. SQLite's `quick_check` finds broken structure but reads the whole file (about 0.5 s for a gigabyte), so it runs
up to `CHECKED` bytes; in larger files broken structure is found when it is met. What structure does not show, a changed
byte inside a reply, the checksum of that reply shows when it is read.

Readers of a journal that nobody has open (no `-wal` beside it) open it as immutable, which writes nothing and works
inside an installed package; with a `-wal` they go the ordinary way and see the committed state of a run in progress.

On a network file system nothing is written, and nothing read that has a `-wal`: its index is memory that the processes
of one machine share, and its locks are not what SQLite takes them for.
"""

from __future__ import annotations

import os
import shlex
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from satsuma.errors import JournalError
from satsuma.filesystem import AWAY, network_of
from satsuma.llm.journal_schema import APPLICATION_ID, COMPACTED, CREATE

MAGIC = b"SQLite format 3\x00"
CHECKED = 256 * 1024 * 1024
"""Bytes up to which a journal is checked for broken structure when it is opened."""
PATIENCE = 1.0
"""Seconds that opening waits for another process to let go."""
CHECKPOINT = 8000
"""Pages in the write-ahead log (64 MB) after which they are moved into the file, each once however often it changed."""

_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_UNWRITABLE = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH})
_UNREADABLE = frozenset({sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS})


def salvage_command(path: Path) -> str:
    """The command that gets the intact replies out of a damaged journal."""
    return f"python -m satsuma.llm.salvage {shlex.quote(str(path))}"


def damaged(path: Path, what: str) -> JournalError:
    """The error of a journal whose file cannot be trusted."""
    return JournalError(
        f"the journal {path} is damaged: {what}",
        f"`{salvage_command(path)}` keeps every reply that is intact and puts the damaged file aside; "
        "what was lost is asked again. Or restore the file from a copy.",
    )


def explain(path: Path, error: sqlite3.Error | OSError) -> JournalError:
    """What a foreign error means for this journal, and how to go on."""
    if isinstance(error, OSError):
        return JournalError(f"the journal {path} cannot be used: {error.strerror or error}", _permissions(path))
    extended = getattr(error, "sqlite_errorcode", 0)
    code = extended & 0xFF
    if code in _BUSY:
        return JournalError(
            f"the journal {path} is locked by another process",
            "Wait until the other run or program has ended, then run the same command again.",
        )
    if code in _UNWRITABLE:
        return JournalError(f"the journal {path} cannot be written: {error}", _permissions(path))
    if code == sqlite3.SQLITE_FULL:
        return JournalError(f"the journal {path} cannot grow: the disk is full", _room())
    if code == sqlite3.SQLITE_IOERR and extended not in _UNREADABLE:
        return JournalError(f"the journal {path} could not be read or written: {error}; the disk may be full", _room())
    if code == sqlite3.SQLITE_CANTOPEN:
        return JournalError(f"the journal {path} cannot be opened: {error}", _permissions(path))
    if code == sqlite3.SQLITE_NOTADB:
        return damaged(path, "it is not an SQLite file, or its first bytes have changed")
    return damaged(path, str(error))


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turns SQLite's and the system's errors into a `JournalError` about this file."""
    try:
        yield
    except sqlite3.ProgrammingError:
        raise  # a mistake in this program, not in the file
    except (sqlite3.Error, OSError) as error:
        raise explain(path, error) from error


def _permissions(path: Path) -> str:
    return f"Check the permissions of the file and of its directory {path.absolute().parent}, which has to be writable."


def _room() -> str:
    return "Every reply that was handed on is saved. Make room on the disk, then run the same command again."


def create(path: Path) -> None:
    """Make an empty journal at `path`, whole or not at all.

    Raises:
        JournalError: the directory is not there or cannot be written, or the disk is full.
    """
    if not path.parent.is_dir():
        raise JournalError(f"there is no directory {path.parent} to keep the journal in")
    temporary = path.with_name(path.name + ".new")
    with explained(path):
        for leftover in (temporary, wal(temporary), temporary.with_name(temporary.name + "-journal")):
            leftover.unlink(missing_ok=True)
        connection = connect(temporary, "mode=rwc")
        try:
            connection.executescript(CREATE)
        finally:
            connection.close()
        temporary.replace(path)
        sync_directory(path.parent)


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """A connection in autocommit mode that reads text as bytes; `mode` is the query of an SQLite URI."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{mode}", uri=True, isolation_level=None, check_same_thread=False, timeout=PATIENCE
    )
    connection.text_factory = bytes
    return connection


def open_reader(path: Path, *, shared: bool = False) -> sqlite3.Connection:
    """A connection that only reads. shared: this process has the journal open for writing.

    Raises:
        JournalError: there is no such file, or it is not a journal that this version can read.
    """
    _look_at(path)
    unused = not shared and not wal(path).exists()
    if not shared and not unused:
        _refuse_network(path)
    with explained(path):
        connection = connect(path, "mode=ro&immutable=1" if unused else "mode=ro")
        try:
            if not shared:
                _verify(path, connection)
        except BaseException:
            connection.close()
            raise
        return connection


def open_writer(path: Path) -> sqlite3.Connection:
    """The connection that writes.

    Raises:
        JournalError: as `open_reader`, or the file is locked or cannot be written.
    """
    _look_at(path)
    _refuse_network(path)
    with explained(path):
        connection = connect(path, "mode=rw")
        try:
            _verify(path, connection)
            mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
            if mode != b"wal":
                raise JournalError(f"{path.parent} is on a file system that cannot hold a journal", "Use a local disk.")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT}")
            # A statement of many rows keeps the pages that it changes until it is done: else in a file, from 64 kB on.
            connection.execute("PRAGMA temp_store = MEMORY")
            # Writes nothing, but fails as writing would; BEGIN IMMEDIATE alone is content with a read-only file.
            connection.execute("DELETE FROM meta WHERE name IS NULL")
        except BaseException:
            connection.close()
            raise
        return connection


def _refuse_network(path: Path) -> None:
    """SQLite's write-ahead log is shared memory, which two machines do not share."""
    if kind := network_of(path):
        raise JournalError(f"the journal {path} is on a network file system ({kind}), where it is not safe", AWAY)


def _look_at(path: Path) -> None:
    """Say plainly what can be seen before SQLite looks."""
    with explained(path):
        if path.is_dir():
            raise JournalError(f"{path} is a directory, not a journal")
        if not path.exists():
            raise JournalError(
                f"there is no journal at {path}",
                "Name a run directory that `satsuma generate` wrote, or the journal.sqlite in one.",
            )
        # No plain open() here: closing it would drop the locks that SQLite has on the file in this process.
        if path.stat().st_size == 0:
            raise JournalError(
                f"the journal {path} is empty: it was cut off",
                "Restore it from a copy, or delete it to ask everything again.",
            )


def _verify(path: Path, connection: sqlite3.Connection) -> None:
    application, version, encoding = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version", "encoding")
    )
    if application != APPLICATION_ID:
        raise JournalError(
            f"{path} is an SQLite database, but not a journal of satsuma", "Name the journal.sqlite of a run directory."
        )
    if version > COMPACTED:
        raise JournalError(
            f"the journal {path} was written by a newer satsuma (format {version}; this one reads up to {COMPACTED})",
            "Install that version or a newer one: pip install --upgrade satsuma",
        )
    if version < 1 or encoding != b"UTF-8":
        raise damaged(path, f"its header says format {version} in {encoding!r}")
    if path.stat().st_size <= CHECKED:
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != b"ok":
            raise damaged(path, found.decode(errors="replace").splitlines()[-1])


def wal(path: Path) -> Path:
    """Where SQLite keeps what was committed last."""
    return path.with_name(path.name + "-wal")


def sync_directory(directory: Path) -> None:
    """Make a rename durable."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
