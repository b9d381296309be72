"""The one thread that writes a journal: it takes what is queued, commits it as a group, and tells who waits.

The rule: an idle journal commits a reply at once; a busy one starts a commit at most every `PACE` seconds, up to `SLOW`
the more replies come, or as soon as `GROUP` replies wait, whichever is first. The thread sleeps on its queue and on one
event; nothing is polled. Each group is woken by one `call_soon_threadsafe`, so a reply costs the event loop a future
and a queue entry.

A group is written in a handful of statements of 64, 32, … 1 rows: every statement lets go of the interpreter's lock,
and getting it back from a busy event loop takes longer than the writing.

A commit that fails ends the writing: everyone who waits, and everyone who comes later, gets the same `JournalError`.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from satsuma.errors import JournalError
from satsuma.llm.journal_file import explain
from satsuma.llm.journal_schema import Entry, insert, pack

GROUP = 256
"""Replies in one commit at most."""
PACE, SLOW = 0.006, 0.02
"""Seconds between the end of a commit and the start of the next while fewer than `GROUP` replies wait."""
EACH = 0.001
"""Seconds of them for each reply of the last commit: only above a thousand a second it takes longer for it."""
ROWS = 64
"""Rows of one statement at most."""
MANY = 65_536
"""Replies from which on the index of keys, whose pages change at random, has outgrown SQLite's own cache of 2 MB."""
CACHE = 16 * 1024
"""Kilobytes of cache from there on: with that and a long log a reply takes two thirds of the time at 400,000."""


class _Put(NamedTuple):
    entry: Entry
    done: asyncio.Future[None]


class _Statement(NamedTuple):
    sql: str
    parameters: Sequence[str | bytes | int | float]
    done: Future[None]


class Writer:
    """Owns the writing connection; its thread closes it."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._queue: queue.SimpleQueue[_Put | _Statement | None] = queue.SimpleQueue()
        self._full = threading.Event()
        self._failure: Exception | None = None
        self._closed = False
        self._written = 0
        self._latest = 0
        # A daemon, so that a run that died with an exception can leave; nothing acknowledged is lost by it.
        self._thread = threading.Thread(target=self._work, name="satsuma journal", daemon=True)
        self._thread.start()

    def put(self, entry: Entry) -> asyncio.Future[None]:
        """Queue an entry; the future is done after its commit."""
        self._refuse_if_closed()
        done = asyncio.get_running_loop().create_future()
        self._queue.put(_Put(entry, done))
        if self._queue.qsize() >= GROUP:
            self._full.set()
        return done

    def run(self, sql: str, parameters: Sequence[str | bytes | int | float]) -> Future[None]:
        """Queue a statement, after everything that is queued already."""
        self._refuse_if_closed()
        done: Future[None] = Future()
        self._queue.put(_Statement(sql, parameters, done))
        return done

    def close(self) -> None:
        """Commit what is queued, close the connection and end the thread."""
        if self._closed:
            return
        self._closed = True
        self._queue.put(None)
        self._full.set()
        self._thread.join()

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise JournalError(f"the journal {self._path} has been closed")

    def _work(self) -> None:
        last = 0.0
        ended = False
        while not ended:
            collected = self._collect(last)
            group = [one for one in collected if one is not None]
            ended = len(group) < len(collected)
            if group and self._failure is None:
                self._commit(group)
            _settle(group, self._failure)
            last = time.monotonic()
        with suppress(sqlite3.Error):
            self._connection.close()

    def _collect(self, last: float) -> list[_Put | _Statement | None]:
        """Wait for the next group; it ends with None if it is the last."""
        group = [self._queue.get()]
        pause = last + min(SLOW, max(PACE, EACH * self._latest)) - time.monotonic()
        if pause > 0 and group[0] is not None and self._queue.qsize() < GROUP - 1:
            self._full.wait(pause)
        self._full.clear()
        with suppress(queue.Empty):
            while len(group) < GROUP and group[-1] is not None:
                group.append(self._queue.get_nowait())
        return group

    def _commit(self, group: Sequence[_Put | _Statement]) -> None:
        """Write a group in one transaction; a failure is kept and ends the writing."""
        connection = self._connection
        try:
            rows = [pack(one.entry) for one in group if isinstance(one, _Put)]
            connection.execute("BEGIN IMMEDIATE")
            for one in group:
                if isinstance(one, _Statement):
                    connection.execute(one.sql, one.parameters)
            start = 0
            while start < len(rows):
                size = min(ROWS, 1 << ((len(rows) - start).bit_length() - 1))
                connection.execute(insert(size), tuple(chain.from_iterable(rows[start : start + size])))
                start += size
            connection.execute("COMMIT")
            self._count(len(rows))
        except (sqlite3.Error, OSError) as error:
            self._failure = explain(self._path, error)
        except Exception as error:  # nobody may be left waiting by an entry that cannot be stored
            self._failure = JournalError(f"the journal {self._path} cannot store a reply: {error!r}")
        if self._failure is not None:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")

    def _count(self, rows: int) -> None:
        """Note what was committed. A long run's journal gets the cache that it needs; a short one does without."""
        self._latest = rows
        before, self._written = self._written, self._written + rows
        if before < MANY <= self._written:
            self._connection.execute(f"PRAGMA cache_size = -{CACHE}")


def _settle(group: Sequence[_Put | _Statement], failure: Exception | None) -> None:
    """Tell everyone in the group, each event loop once."""
    puts: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
    for one in group:
        if isinstance(one, _Put):
            puts.setdefault(one.done.get_loop(), []).append(one.done)
        elif failure is None:
            one.done.set_result(None)
        else:
            one.done.set_exception(failure)
    for loop, waiting in puts.items():
        with suppress(RuntimeError):  # the loop has been closed: nobody waits any more
            loop.call_soon_threadsafe(_wake, waiting, failure)


def _wake(waiting: Sequence[asyncio.Future[None]], failure: Exception | None) -> None:
    for done in waiting:
        if done.done():
            continue
        if failure is None:
            done.set_result(None)
        else:
            done.set_exception(failure)
