"""Who is served first where several wait: whoever works on the earliest candidate.

The rule: a run's requests are served in the order of the candidates that need them, and within a candidate in the order
in which they come. So what a budget pays for, and what an interrupted run has, is a dataset from the first candidate
on, and not the first steps of a thousand candidates. The candidate's index is the `TURN` of the task that asks and of
every task that it starts; where nobody sets one, everybody has the same and it is first come, first served.

Not covered: requests that have been sent already. Nothing is taken back for an earlier turn.
"""

from __future__ import annotations

import heapq
import itertools
from contextvars import ContextVar
from typing import Generic, TypeVar

TURN: ContextVar[int] = ContextVar("TURN", default=0)
"""The index of the candidate that is worked on; smaller is served first."""

W = TypeVar("W")


class Line(Generic[W]):
    """Those who wait, by turn and then by arrival."""

    __slots__ = ("_came", "_waiting")

    def __init__(self) -> None:
        self._waiting: list[tuple[int, int, W]] = []
        self._came = itertools.count()

    def join(self, waiter: W) -> bool:
        """Stand in line, with the turn of the task that calls; True if nobody is before it."""
        place = (TURN.get(), next(self._came), waiter)
        heapq.heappush(self._waiting, place)
        return self._waiting[0] is place

    def first(self) -> W:
        """Whose turn it is; there has to be somebody."""
        return self._waiting[0][2]

    def leave(self) -> None:
        """The first goes."""
        heapq.heappop(self._waiting)

    def all(self) -> list[W]:
        """Everybody, in no order."""
        return [waiter for _, _, waiter in self._waiting]

    def dissolve(self) -> list[W]:
        """Everybody, in order; nobody waits after this."""
        waiting, self._waiting = sorted(self._waiting, key=lambda place: place[:2]), []
        return [waiter for _, _, waiter in waiting]

    def __len__(self) -> int:
        return len(self._waiting)
