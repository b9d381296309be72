"""The sync door: an async job from ordinary code, also inside a running event loop (a notebook), with Ctrl-C handled.

The first Ctrl-C or SIGTERM asks the job to finish what is in flight; the second makes it leave at once.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


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
    if _loop_is_running():
        return _beside(job)
    return asyncio.run(_with_signals(job, Interrupts()))


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
