"""An event loop whose clock stands still except where somebody waits for it, and a limiter that lives by it."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Mapping
from typing import TypeVar

from satsuma.llm.limits import Limiter

T = TypeVar("T")


class InstantSelector(selectors.SelectSelector):
    """Lets the time pass instead of waiting for it."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert timeout is not None, "everybody waits, and for nothing"
        self.now += max(0.0, timeout)
        return super().select(0)


class InstantLoop(asyncio.SelectorEventLoop):
    """An event loop in which an hour takes no time."""

    def __init__(self) -> None:
        self.selector = InstantSelector()
        super().__init__(self.selector)

    def time(self) -> float:
        return self.selector.now


def run(scene: Callable[[], Coroutine[object, object, T]]) -> T:
    with asyncio.Runner(loop_factory=InstantLoop) as runner:
        return runner.run(scene())


def now() -> float:
    return asyncio.get_running_loop().time()


def limiter(
    ceiling: int = 256,
    start: int = 32,
    rpm: float | None = None,
    tpm: float | None = None,
    log: Callable[[Mapping[str, object]], None] | None = None,
) -> Limiter:
    return Limiter(ceiling=ceiling, start=start, rpm=rpm, tpm=tpm, log=log, clock=now, wall=lambda: 1000.0)


def said(remaining: int, reset: str, limit: int = 100, what: str = "requests") -> dict[str, str]:
    return {
        f"x-ratelimit-limit-{what}": str(limit),
        f"x-ratelimit-remaining-{what}": str(remaining),
        f"x-ratelimit-reset-{what}": reset,
    }


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)
