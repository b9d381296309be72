"""What goes wrong on the way, and how long it takes: by hash, never by chance.

Faults of transport (a refusal, a broken connection, silence) depend on the request and on which attempt it is, and
never hit an attempt after the first `consecutive` ones, so that a bounded retrier always gets through. Faults in what
is said (malformed, truncated, a label that does not exist) depend on the request alone: asking again says the same
again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import cached_property
from statistics import NormalDist

from satsuma.errors import SettingsError
from satsuma.testing.words import Draw

_NORMAL = NormalDist()


@dataclass(frozen=True)
class Latency:
    """How long an answer takes: log-normal, in milliseconds, given by its median and its 99th percentile.

    A median of 0 answers at once; a p99 of 0 (or one below the median) makes every answer take the median.
    """

    median_ms: float = 0.0
    p99_ms: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what is not a duration.

        Raises:
            SettingsError: a negative or infinite number.
        """
        for value in (self.median_ms, self.p99_ms):
            if not 0 <= value < math.inf:
                raise SettingsError(f"latency of {value} ms", "Give median_ms and p99_ms as numbers of 0 or more.")

    @cached_property
    def _sigma(self) -> float:
        return (
            math.log(self.p99_ms / self.median_ms) / _NORMAL.inv_cdf(0.99) if self.p99_ms > self.median_ms > 0 else 0.0
        )

    def seconds(self, draw: Draw) -> float:
        """One latency, in seconds."""
        if self.median_ms <= 0:
            return 0.0
        unit = min(max(draw.unit(), 1e-9), 1 - 1e-9)
        return self.median_ms / 1000 * math.exp(self._sigma * _NORMAL.inv_cdf(unit))


class Fault(StrEnum):
    """What can go wrong on the way; the names are the fields of `Faults`."""

    RATE = "rate"
    ERROR = "error"
    DROP = "drop"
    CUT = "cut"
    HANG = "hang"
    STALL = "stall"
    SLOW = "slow"


@dataclass(frozen=True, slots=True)
class Faults:
    """Shares from 0 to 1.

    Of attempts: rate (429), error (500), drop (the connection ends before an answer), cut (it ends in the middle of
    the body), hang (no answer until the client leaves), stall (half a body, then nothing), slow (a body that takes
    `slow_seconds`). Of requests: malformed (content that is not the JSON asked for), truncated (cut off, finish_reason
    `length`), wrong_label (a correction that names a label outside the closed set). retry_after: seconds in the
    Retry-After header of a 429. consecutive: the attempts of a request that may go wrong.
    """

    rate: float = 0.0
    error: float = 0.0
    drop: float = 0.0
    cut: float = 0.0
    hang: float = 0.0
    stall: float = 0.0
    slow: float = 0.0
    malformed: float = 0.0
    truncated: float = 0.0
    wrong_label: float = 0.0
    retry_after: float = 0.0
    slow_seconds: float = 1.0
    consecutive: int = 3

    def __post_init__(self) -> None:
        """Refuse shares that are none.

        Raises:
            SettingsError: a share outside 0 to 1, shares of transport above 1 together, or a negative number.
        """
        for f in fields(self):
            value = getattr(self, f.name)
            top = math.inf if f.name in {"retry_after", "slow_seconds", "consecutive"} else 1.0
            if not 0 <= value <= top:
                raise SettingsError(
                    f"faults: {f.name} is {value}", "Give a share from 0 to 1." if top == 1 else "Give 0 or more."
                )
        if sum(getattr(self, fault) for fault in Fault) > 1 + 1e-9:
            raise SettingsError("faults: the shares of transport faults are more than 1 together", "Make them smaller.")

    def on_the_way(self, draw: Draw, attempt: int) -> Fault | None:
        """What happens to this attempt (from 1), if anything does."""
        if attempt > self.consecutive:
            return None
        left = draw.unit()
        for fault in Fault:
            left -= getattr(self, fault)
            if left < 0:
                return fault
        return None


def malform(content: str, draw: Draw) -> str:
    """The content, no longer the JSON that was asked for: half of it, prose around it, an excuse, or another shape."""
    return draw.pick(
        (
            content[: max(1, len(content) // 2)],
            f"Sure! Here is the JSON:\n```json\n{content[:-1]},}}\n```\nLet me know if you need more.",
            "I'm sorry, but I can't help with that.",
            f'{{"result": {content[: len(content) // 3]}',
            "[]",
            "",
        )
    )
