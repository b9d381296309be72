"""What the server has seen, light enough for millions of requests: a dozen numbers, and one small one a question."""

from __future__ import annotations

import heapq
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from satsuma.llm.request import Json

_ANSWERED = 1 << 16
"""Attempts are counted in the lower 16 bits of a question's number, complete answers above them."""


@dataclass(frozen=True, slots=True)
class Counters:
    """What has happened so far.

    requests: chat completions asked for. answered: 200s of which every byte was written. distinct: different questions
    among the requests. repeated: complete answers beyond a question's first. abandoned: requests whose client left, or
    whose connection was broken, before all was written. max_in_flight: most requests at work at one time. by_status,
    by_step, faults: how many of each. first, last: when the first question came and the last answer was complete, in
    seconds of the machine's monotonic clock; 0 if there was none.
    """

    requests: int = 0
    answered: int = 0
    distinct: int = 0
    repeated: int = 0
    abandoned: int = 0
    in_flight: int = 0
    max_in_flight: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    by_status: Mapping[int, int] = field(default_factory=dict)
    by_step: Mapping[str, int] = field(default_factory=dict)
    faults: Mapping[str, int] = field(default_factory=dict)
    first: float = 0.0
    last: float = 0.0


class Tally:
    """Counts; belongs to the server's loop. What others see of it is a `Counters`."""

    def __init__(self, *, record: bool = False) -> None:
        self.requests = self.answered = self.repeated = self.abandoned = 0
        self.in_flight = self.max_in_flight = self.input_tokens = self.output_tokens = 0
        self.first = self.last = 0.0
        self.by_status: Counter[int] = Counter()
        self.by_step: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.bodies: list[Json] | None = [] if record else None
        self._questions: dict[int, int] = {}
        self._waiting: list[tuple[int, int, Callable[[], None]]] = []
        self._waits = 0
        self._idle: list[Callable[[], None]] = []

    def arrived(self) -> None:
        """A chat completion is asked for."""
        self.requests += 1
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)
        while self._waiting and self._waiting[0][0] <= self.requests:
            heapq.heappop(self._waiting)[2]()

    def when(self, count: int, tell: Callable[[], None]) -> None:
        """Call `tell` as soon as so many requests have arrived, at once if they have."""
        if self.requests >= count:
            tell()
            return
        self._waits += 1
        heapq.heappush(self._waiting, (count, self._waits, tell))

    def when_idle(self, tell: Callable[[], None]) -> None:
        """Call `tell` as soon as no request is at work, at once if none is."""
        if self.in_flight == 0:
            tell()
        else:
            self._idle.append(tell)

    def attempt(self, digest: str, step: str) -> int:
        """Which attempt at this question this is, from 1."""
        self.first = self.first or time.monotonic()
        at = int(digest, 16)
        number = self._questions.get(at, 0)
        if number & (_ANSWERED - 1) < _ANSWERED - 1:
            self._questions[at] = number = number + 1
        self.by_step[step] += 1
        return number & (_ANSWERED - 1)

    def left(self, status: int, digest: str = "", *, written: bool) -> None:
        """A request is done with: all of it was written, or not."""
        self.in_flight -= 1
        if not written:
            self.abandoned += 1
        else:
            self.by_status[status] += 1
            if status == 200:
                self._answered(int(digest, 16))
        if self.in_flight == 0:
            told, self._idle = self._idle, []
            for tell in told:
                tell()

    def _answered(self, question: int) -> None:
        number = self._questions[question]
        self.answered += 1
        self.last = time.monotonic()
        self.repeated += number >= _ANSWERED
        self._questions[question] = number + _ANSWERED

    def questions(self) -> dict[str, list[int]]:
        """Digest → [attempts, complete answers]."""
        return {f"{at:016x}": [number & (_ANSWERED - 1), number >> 16] for at, number in self._questions.items()}

    def snapshot(self) -> Counters:
        """The numbers as they are now."""
        return Counters(
            self.requests, self.answered, len(self._questions), self.repeated, self.abandoned, self.in_flight,
            self.max_in_flight, self.input_tokens, self.output_tokens, dict(self.by_status), dict(self.by_step),
            dict(self.faults), self.first, self.last,
        )  # fmt: skip


def counters_from(plain: object) -> Counters:
    """Counters from their JSON form, in which every name is text."""
    values = dict(plain) if isinstance(plain, dict) else {}
    by_status = values.get("by_status")
    if isinstance(by_status, dict):
        values["by_status"] = {int(status): number for status, number in by_status.items()}
    return Counters(**values)
