"""The sync door: an async job from ordinary code, also inside a running event loop (a notebook), with Ctrl-C handled.

The first Ctrl-C or SIGTERM asks the job to finish what is in flight; the second makes it leave at once.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")

COLLECTED = 200_000
"""Objects that are made, less those that are gone, between two looks for reference cycles while a job runs.

So many come and go with the candidates that are under way; at 10,000 a look at all of them took a tenth of the CPU.
"""


class Interrupts:
    """Passes interrupts on to whatever is at work."""

    def __init__(self) -> None:
        self._steps: list[Callable[[], None]] = []
        self._early = False

    @contextmanager
    def answered(self, finish: Callable[[], None], leave: Callable[[], None]) -> Iterator[None]:
        """While inside, the first interrupt calls `finish` and every later one `leave`, in the event loop."""
        self._steps = [leave, finish]
        if self._early:
            self.interrupt()
        try:
            yield
        finally:
            self._steps = []

    def interrupt(self) -> None:
        """One more interrupt; call it in the event loop's thread. One that comes too early is kept."""
        self._early = not self._steps
        if self._steps:
            self._steps[-1]()
            del self._steps[1:]


def enter(job: Callable[[Interrupts], Coroutine[object, object, T]]) -> T:
    """Run the job to its end and return what it returns."""
    with _seldom_collected():
        if _loop_is_running():
            return _beside(job)
        return asyncio.run(_with_signals(job, Interrupts()))


@contextmanager
def _seldom_collected() -> Iterator[None]:
    """Look for reference cycles less often, and not among what was there before: it took a quarter of a run's time.

    A run makes hundreds of objects for each request and hardly a cycle. Both settings are put back at the end.
    """
    before, frozen = gc.get_threshold(), gc.get_freeze_count()
    if before[0]:
        gc.set_threshold(max(before[0], COLLECTED), *before[1:])
    if not frozen:
        gc.freeze()
    try:
        yield
    finally:
        gc.set_threshold(*before)
        if not frozen:
            gc.unfreeze()


def _loop_is_running() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def _with_signals(job: Callable[[Interrupts], Coroutine[object, object, T]], interrupts: Interrupts) -> T:
    loop = asyncio.get_running_loop()
    own = [signal.SIGINT, signal.SIGTERM] if threading.current_thread() is threading.main_thread() else []
    for number in own:
        loop.add_signal_handler(number, interrupts.interrupt)
    try:
        return await job(interrupts)
    finally:
        for number in own:
            loop.remove_signal_handler(number)


def _beside(job: Callable[[Interrupts], Coroutine[object, object, T]]) -> T:
    """In a thread of its own, since this one's event loop is taken."""
    interrupts = Interrupts()
    loops: list[asyncio.AbstractEventLoop] = []

    async def main() -> T:
        loops.append(asyncio.get_running_loop())
        return await job(interrupts)

    with ThreadPoolExecutor(1, thread_name_prefix="satsuma") as pool:
        result = pool.submit(lambda: asyncio.run(main()))
        while True:
            try:
                return result.result()
            except KeyboardInterrupt:
                if loops:
                    loops[0].call_soon_threadsafe(interrupts.interrupt)
