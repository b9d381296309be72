"""How far ahead of the first unfinished candidate a run with a budget computes.

Looking ahead keeps the model busy, but what is paid for candidates beyond one that cannot be finished any more is of no
use to the dataset of this budget. So with a budget, no more candidates are begun than it will probably pay for, at what
candidates have taken so far. If the first one is held up (by retries, say), those after it stop at that many and leave
it what it needs; and toward the end there are fewer and fewer requests in flight.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

FIRST = 32
"""Candidates that are begun before one is finished, while nothing is known of what they take."""
FEWEST = 8
"""Candidates that are begun however little is left."""


class Ahead(Generic[T]):
    """Counts the candidates that are begun, and limits how many are.

    begin: from an index, the candidate. window: how far ahead it is worth to compute at most. judged: candidates that
    are finished. left: what is left of the budget, in parts of what is spent; None without a budget.
    """

    def __init__(
        self,
        begin: Callable[[int], T],
        window: Callable[[], int],
        judged: Callable[[], int],
        left: Callable[[], float | None],
    ) -> None:
        self._begin = begin
        self._window = window
        self._judged = judged
        self._left = left
        self._begun = 0

    def make(self, index: int) -> T:
        """Begin candidate `index`."""
        self._begun = max(self._begun, index + 1)
        return self._begin(index)

    def window(self) -> int:
        """How many candidates may be under way."""
        wanted, left = self._window(), self._left()
        if left is None:
            return wanted
        judged = self._judged()
        if not judged:
            return min(wanted, FIRST)
        worth = judged + max(0, self._begun - judged) / 2  # those under way are half paid for, more or less
        return min(wanted, int(max(FEWEST, min(wanted, left * worth))))
