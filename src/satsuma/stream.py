"""The ordered stream, the only one: computed concurrently, handed on in index order.

`ordered(make, window, first)` starts the computation of candidate `first`, `first` + 1, … at most `window()` ahead of
the one that the consumer is waiting for, and yields the results in index order. What comes out does not depend on which
computation was faster, and memory is bounded by the window. `make(index)` is called in index order, one at a time,
before its computation runs: what has to be decided in order (the label to ask for) is decided there. A result that is
there already it returns as `Known`, which costs no task.

It knows neither tasks nor models. An exception of a computation ends the stream at its index, after everything before
it was handed on; what was computed beyond is dropped.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine
from dataclasses import dataclass
from typing import Final, Generic, TypeAlias, TypeVar, final

T = TypeVar("T")


@final
class End:
    """What a computation returns when there is no candidate at its index and none beyond."""


END: Final = End()
TURN = 128
"""Known results that are handed on in one turn of the event loop."""
BURST = 4
"""Computed results that are handed on in one turn. Hundreds can wait for the one that is late, and what the consumer
makes of them must not keep the next requests from being sent."""


@final
@dataclass(frozen=True, slots=True)
class Known(Generic[T]):
    """A result that needs no computation."""

    result: T


Made: TypeAlias = Coroutine[object, object, T | End] | Known[T]
"""A candidate: its computation, or its result if that is known."""


async def ordered(
    make: Callable[[int], Made[T]], window: Callable[[], int], first: int = 0
) -> AsyncGenerator[tuple[int, T], None]:
    """Yield `(index, result)` in index order from `first` on, until a computation returns `END`.

    window: how many computations may be under way, counted from the one waited for; asked again after every result, at
    least 1. Close the iterator (`contextlib.aclosing`) to cancel what is under way.
    """
    pending: deque[asyncio.Task[T | End] | Known[T]] = deque()
    index = first
    try:
        while True:
            ahead = max(1, window())
            while len(pending) < ahead:
                made = make(index + len(pending))
                pending.append(made if isinstance(made, Known) else asyncio.create_task(made))
            awaited = pending[0]
            if isinstance(awaited, Known):
                result: T | End = awaited.result
                if index % TURN == 0:
                    await asyncio.sleep(0)
            else:
                if awaited.done() and index % BURST == 0:
                    await asyncio.sleep(0)
                result = await awaited
            pending.popleft()
            if isinstance(result, End):
                return
            yield index, result
            index += 1
    finally:
        tasks = [task for task in pending if not isinstance(task, Known)]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def shared(computation: Coroutine[object, object, T]) -> asyncio.Task[T]:
    """A task that several may wait for, or nobody any more: its exception counts as seen either way."""
    task = asyncio.create_task(computation)
    task.add_done_callback(_see)
    return task


def _see(task: asyncio.Task[T]) -> None:
    if not task.cancelled():
        task.exception()
