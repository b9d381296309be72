"""Requests that come one by one, worked on together: batches of like length for a model in this process.

Rule: one batch is worked on at a time, in one thread of its own, so that the event loop stays free. A batch holds the
request that has waited longest and those nearest to it in length, because every row of a batch is as long as the
longest. A request is never left behind for good: it is the oldest at some time.

Mechanism: the first request opens a gathering that ends when a batch is full, or `GATHERING` later by one timer; what
comes while a batch is worked on is the next one. A batch that does not fit into memory is put back and half as many
are tried from then on.

What a batch is worked on with is the caller's (`local_hf.py`). Not covered: adding to a batch that has begun.
"""

from __future__ import annotations

import asyncio
import copy
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from satsuma.llm.provider import CallFailed, FailureKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

GATHERING = 0.02
"""Seconds from the first request to the batch: longer than the journal needs to let go of a whole batch of callers."""


class OutOfMemoryError(Exception):
    """A batch did not fit."""


class Work(Protocol):
    """One request. abandoned: set when nobody waits for it any more; its result is not used."""

    abandoned: bool

    @property
    def length(self) -> int:
        """Tokens, by which like is put to like."""
        ...


W = TypeVar("W", bound=Work)


@dataclass(slots=True, eq=False)
class Queued(Generic[W]):
    """A request that waits, and who waits for it."""

    work: W
    done: asyncio.Future[None]


class Gatherer(Generic[W]):
    """Batches for one model.

    run: works on a batch, in the thread, and leaves each result in its work. rows: requests in a batch at most.
    note: takes lines for people.
    """

    def __init__(
        self, run: Callable[[Sequence[W]], None], *, rows: int, note: Callable[[str], None] | None = None
    ) -> None:
        self.rows = rows
        self.thread = ThreadPoolExecutor(1, "satsuma-batches")
        self._run = run
        self._note = note
        self._queue: list[Queued[W]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._batch: list[Queued[W]] = []
        self._task: asyncio.Task[None] | None = None
        self._halved = False

    async def submit(self, work: W) -> None:
        """Wait until the request has been worked on.

        Raises:
            CallFailed: it does not fit into memory even alone, or `run` raised it.
        """
        queued = Queued(work, asyncio.get_running_loop().create_future())
        self._queue.append(queued)
        self._gather()
        try:
            await queued.done
        finally:
            if not queued.done.done() or queued.done.cancelled():
                work.abandoned = True
            if queued in self._queue:
                self._queue.remove(queued)

    async def close(self) -> None:
        """Abandon everything, wait for the batch to notice, and let the thread go."""
        self._stop_timer()
        for queued in (*self._queue, *self._batch):
            queued.work.abandoned = True
            queued.done.cancel()
        self._queue.clear()
        if self._task is not None:
            await self._task
        self.thread.shutdown(wait=False)

    def _gather(self) -> None:
        """Begin a batch if one is full, else see that one begins soon."""
        if self._task is not None or not self._queue:
            return
        if len(self._queue) >= self.rows:
            self._begin()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(GATHERING, self._begin)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _begin(self) -> None:
        self._stop_timer()
        self._batch = alike(self._queue, self.rows)
        self._queue = [q for q in self._queue if q not in self._batch]
        if self._batch:
            self._task = asyncio.get_running_loop().create_task(self._serve(self._batch))

    async def _serve(self, batch: list[Queued[W]]) -> None:
        """Work on a batch and tell those who wait."""
        try:
            await asyncio.get_running_loop().run_in_executor(self.thread, self._run, [q.work for q in batch])
        except OutOfMemoryError:
            self._halve(batch)
        except Exception as error:
            for queued in batch:
                _fail(queued.done, error)
        else:
            for queued in batch:
                if not queued.done.done():
                    queued.done.set_result(None)
        finally:
            self._batch, self._task = [], None
            self._gather()

    def _halve(self, batch: list[Queued[W]]) -> None:
        """Put a batch back that did not fit, to be tried in halves; give up on a request that does not fit alone."""
        if len(batch) == 1:
            kind = FailureKind.CONTEXT_LENGTH
            _fail(batch[0].done, CallFailed(kind, "one request alone does not fit into this machine's memory"))
            return
        self.rows = max(1, len(batch) // 2)
        self._queue = [q for q in batch if not q.done.done()] + self._queue
        if self._note is not None and not self._halved:
            self._note(
                f"{len(batch)} requests at once do not fit into memory; going on with {self.rows}, or fewer if need be"
            )
        self._halved = True


def alike(queue: Sequence[Queued[W]], rows: int) -> list[Queued[W]]:
    """The oldest and those nearest to it in length, at most so many; the older of two that are equally near."""
    if not queue:
        return []
    length = queue[0].work.length
    return sorted(queue, key=lambda q: abs(q.work.length - length))[:rows]


def _fail(done: asyncio.Future[None], error: Exception) -> None:
    """Hand an error to one who waits: one of its own, for those who get it write into it."""
    if done.done():
        return
    own = CallFailed(error.kind, error.message) if isinstance(error, CallFailed) else copy.copy(error)
    own.__cause__ = error.__cause__
    done.set_exception(own)
