"""How many requests may be in flight, found out as TCP finds it out.

The rules (RFC 5681; the reduction after slow start is CUBIC's, RFC 9438):

* slow start: doubled by each round (as many good replies as may be in flight) until the first refusal, which undoes
  the last doubling;
* then a small step for each round, and times 0.7 for a refusal (429) or a timeout. Requests that were sent before the
  last reduction don't reduce again: they met the limit that has been left already;
* an overload (5xx) or a broken connection begins the round anew, so that there is no growth, and nothing else;
* growth needs demand: in a round in which nobody had to wait for a slot, the limit stays.

Any other failure is a reply like any other here: it says nothing about the load.

Not covered: why the provider refuses. A 429 for too many requests in a minute also lowers the concurrency; the rate
windows (`windows.py`) are there so that it does not come to that.
"""

from __future__ import annotations

from collections.abc import Callable

from satsuma.errors import SettingsError
from satsuma.llm.provider import FailureKind

BACK_OFF = 0.7
REASONS = {
    FailureKind.RATE: "the provider refused a request as one too many",
    FailureKind.TIMEOUT: "an attempt got no answer in time",
    FailureKind.OVERLOAD: "no growth in this round: the provider is overloaded",
    FailureKind.TRANSPORT: "no growth in this round: a connection broke",
}
"""The failures that say something about the load."""
PAUSES = frozenset({FailureKind.OVERLOAD, FailureKind.TRANSPORT})


class Concurrency:
    """How many requests may be in flight; requests are known by their number in the order of sending."""

    __slots__ = ("_ceiling", "_good", "_reduced_at", "_slow_start", "_tell", "limit", "wanted")

    def __init__(self, ceiling: int, start: int, tell: Callable[[str, float, float, str], None]) -> None:
        if ceiling < 1:
            raise SettingsError(f"concurrency is {ceiling}, but has to be 1 or more")
        self.limit = max(1, min(start, ceiling))
        self.wanted = False
        self._ceiling = ceiling
        self._tell = tell
        self._slow_start = True
        self._good = 0
        self._reduced_at = 0

    def saw(self, number: int, newest: int, kind: FailureKind | None) -> None:
        """Learn from an attempt that has ended; newest is the number of the request that was sent last."""
        if kind is None or kind not in REASONS:
            self._good += 1
            if self._good >= self.limit:
                self._end_round()
        elif kind in PAUSES:
            if self._good:
                self._tell("pause", self.limit, self.limit, REASONS[kind])
            self._good, self.wanted = 0, False
        elif number > self._reduced_at:
            self._reduce(newest, REASONS[kind])

    def _reduce(self, newest: int, reason: str) -> None:
        self._reduced_at = newest
        self._set(max(1, int(self.limit * (0.5 if self._slow_start else BACK_OFF))), reason)
        self._slow_start = False

    def _end_round(self) -> None:
        if not self.wanted:
            self._good = 0
        elif self._slow_start:
            self._set(min(self._ceiling, 2 * self.limit), "slow start: a round without a refusal")
        else:
            step = max(1, min(self._ceiling // 64, self.limit // 4))
            self._set(min(self._ceiling, self.limit + step), "a round without a refusal")

    def _set(self, limit: int, reason: str) -> None:
        old, self.limit = self.limit, limit
        self._good, self.wanted = 0, False
        if old != limit:
            self._tell("concurrency", old, limit, reason)
