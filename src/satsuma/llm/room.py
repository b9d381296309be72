"""How many tokens an answer may have: what a request says, or less where the budget is short, or more after a cut.

A request's own limit is a bound that nearly no answer comes near, and a budget has to reserve all of it. So there is a
second, shorter limit that will probably do: twice the longest answer of the same step so far. It is sent where there is
no money for the whole one. It changes no answer but those that it cuts off, and these are asked for again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from satsuma.llm.request import Reply, Request

FIRST_GUESS = 300
"""Tokens that an answer is taken to have for the rate windows, until answers have been seen."""
UNLIMITED = 4096
"""Tokens that are reserved for an answer without a limit, or twice the longest seen if that is more."""
SHORT_AT_FIRST = 1024
"""The shorter limit until answers of the step have been seen."""
SHORTEST = 128
"""No limit is shorter than this."""
SEEN = 16
"""Answers of a step after which the longest of them says what will do."""


@dataclass(slots=True)
class _Seen:
    """The answers of a step so far: how many, and the tokens of the longest."""

    count: int = 0
    longest: int = 0


class Room:
    """What the answers of one model need, as seen so far."""

    def __init__(self) -> None:
        self._typical = float(FIRST_GUESS)
        self._seen: dict[str, _Seen] = {}

    def typical(self, limit: int | None) -> int:
        """The tokens that an answer with this limit is likely to have."""
        return int(self._typical) if limit is None else min(limit, int(self._typical))

    def limits(self, step: str, limit: int | None) -> tuple[int, int | None]:
        """The most tokens of an answer with this limit, and a shorter limit that will probably do, if there is one."""
        seen = self._seen.get(step) or _Seen()
        if limit is None:
            return max(UNLIMITED, 2 * seen.longest), None
        short = SHORT_AT_FIRST if seen.count < SEEN else max(SHORTEST, 2 * seen.longest)
        return limit, short if short < limit else None

    def learn(self, step: str, output_tokens: int) -> None:
        """An answer had so many."""
        self._typical += 0.05 * (output_tokens - self._typical)
        seen = self._seen.setdefault(step, _Seen())
        seen.count += 1
        seen.longest = max(seen.longest, output_tokens)


def shortened(request: Request, room: int) -> tuple[Request, bool]:
    """The request with so much room for its answer, and whether that is less than it says."""
    limit = request.sampling.max_tokens
    if limit is None or room >= limit:
        return request, False
    return replace(request, sampling=replace(request.sampling, max_tokens=room)), True


def longer(request: Request, reply: Reply) -> Request | None:
    """The request with twice the room for its answer; None if the answer was not cut off, or nobody knows where."""
    limit = request.sampling.max_tokens or reply.usage.output_tokens
    if reply.finish_reason != "length" or not limit:
        return None
    return replace(request, sampling=replace(request.sampling, max_tokens=2 * limit))
