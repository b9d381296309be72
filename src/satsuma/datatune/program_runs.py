"""Rows that come one by one, run together: the door to the sandbox for the ordered stream.

`await programs.run(program, attempt)` may be called for thousands of rows at once. Rows of one program that wait while
the workers are busy go into the next block, so that no row waits for a block to fill. What comes out for a row does
not depend on the block it was in (see `program_sandbox.py`).

Values of other rows are fetched before a block runs, `AHEAD` of each column that the program has drawn from so far;
a row that draws more ends, gets twice as many, and is run again.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Protocol, Self

from satsuma.datatune.program import SAMPLES, Attempt, Failed, Outcome, Program
from satsuma.datatune.program_sandbox import Job, Left, Sandbox, Wants
from satsuma.llm.request import Json

BLOCK = 64
"""Rows of a block at most."""
BLOCK_TEXT = 4_000_000
"""Characters of a block's rows at most, as far as they are top-level texts: a block shares the memory of one row."""
AHEAD = 4
"""Values of other rows that are fetched before they are asked for."""


@dataclass(slots=True, eq=False)
class _Waiting:
    program: Program
    attempt: Attempt
    done: asyncio.Future[Outcome]


class Place(Protocol):
    """Where blocks of rows are run: a `Sandbox`, or one that is elsewhere. Its methods are called in threads."""

    def __enter__(self) -> Self:
        """Begin."""
        ...

    def run(self, program: Program, jobs: Sequence[Job]) -> list[Outcome | Wants]:
        """What becomes of each row, in order; raises Left once somebody called `leave`."""
        ...

    def leave(self) -> None:
        """Begin no further row."""
        ...

    def close(self) -> None:
        """End."""
        ...


class Programs:
    """Runs programs in `workers` processes, as an asynchronous context manager. place: where, made for so many.

    Leaving it waits for the rows that are computing (each has its limits), cancels whoever waits for another one, and
    ends the processes.
    """

    def __init__(self, workers: int | None = None, place: Callable[[int], Place] = Sandbox) -> None:
        self._workers = workers or min(4, os.cpu_count() or 1)
        self._place = place
        self._queue: deque[_Waiting] = deque()
        self._free = self._workers
        self._flush: asyncio.Handle | None = None
        self._drawn: dict[Program, set[str]] = {}

    async def __aenter__(self) -> Self:
        """Start the processes.

        Raises:
            ExtraError: pydantic-monty is not installed, or its workers cannot be started.
        """
        self._threads = ThreadPoolExecutor(self._workers, "satsuma-programs")
        self._sandbox = await asyncio.to_thread(self._place(self._workers).__enter__)
        return self

    async def __aexit__(self, *_: object) -> None:
        for waiting in self._queue:
            waiting.done.cancel()
        self._queue.clear()
        self._sandbox.leave()
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._threads.shutdown()
        self._sandbox.close()

    async def run(self, program: Program, attempt: Attempt) -> Outcome:
        """What becomes of one row. `attempt.sample` is called in another thread."""
        waiting = _Waiting(program, attempt, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        self._soon()
        return await waiting.done

    async def check(self, program: Program) -> Failed | None:
        """What is wrong with a program whatever the row: it does not parse, imports, defines no `transform`."""
        outcome = await self.run(program, Attempt({}))
        general = isinstance(outcome, Failed) and outcome.kind in ("syntax", "undefined", "forbidden")
        return outcome if general and isinstance(outcome, Failed) else None

    def _soon(self) -> None:
        """Start blocks once everything that is ready now has been queued."""
        if self._flush is None and self._free:
            self._flush = asyncio.get_running_loop().call_soon(self._start)

    def _start(self) -> None:
        self._flush = None
        loop = asyncio.get_running_loop()
        while self._free and self._queue:
            block = self._next()
            if not block:
                continue
            self._free -= 1
            running = loop.run_in_executor(self._threads, self._work, block)
            running.add_done_callback(partial(self._ended, block))

    def _next(self) -> list[_Waiting]:
        """The rows that have waited longest, of one program; fewer than there could be if other workers are free."""
        share = min(BLOCK, -(-len(self._queue) // self._free))
        block: list[_Waiting] = []
        text = 0
        while self._queue and len(block) < share:
            first = self._queue[0]
            if first.done.done():
                self._queue.popleft()
                continue
            text += sum(len(value) for value in first.attempt.row.values() if isinstance(value, str))
            if block and (first.program != block[0].program or text > BLOCK_TEXT):
                break
            block.append(self._queue.popleft())
        return block

    def _work(self, block: Sequence[_Waiting]) -> list[Outcome]:
        """Run a block, in a thread: as often as some of its rows draw more from other rows than they were given."""
        program = block[0].program
        drawn = self._drawn.setdefault(program, set())
        jobs = [Job(waiting.attempt, {}, set()) for waiting in block]
        for job in jobs:
            for column in drawn:
                _draw(job, column, AHEAD)
        outcomes: dict[int, Outcome] = {}
        left = list(range(len(jobs)))
        while left:
            results = self._sandbox.run(program, [jobs[i] for i in left])
            wanting = []
            for i, result in zip(left, results, strict=True):
                if isinstance(result, Wants):
                    drawn.add(result.column)
                    _draw(jobs[i], result.column, min(SAMPLES, max(AHEAD, 2 * result.number)))
                    wanting.append(i)
                else:
                    outcomes[i] = result
            left = wanting
        return [outcomes[i] for i in range(len(jobs))]

    def _ended(self, block: Sequence[_Waiting], ended: asyncio.Future[list[Outcome]]) -> None:
        self._free += 1
        self._soon()
        error = ended.exception()
        for number, waiting in enumerate(block):
            if waiting.done.done():
                continue
            if isinstance(error, Left):
                waiting.done.cancel()
            elif error is not None:
                waiting.done.set_exception(error)
            else:
                waiting.done.set_result(ended.result()[number])


def _draw(job: Job, column: str, count: int) -> None:
    """Give a job the values of the first `count` draws of a column, as far as there are any."""
    given: list[Json] = job.samples.setdefault(column, [])
    sample = job.attempt.sample
    try:
        while len(given) < count:
            if sample is None:
                raise LookupError(column)
            given.append(sample(column, len(given)))
    except LookupError:
        job.ends.add(column)
