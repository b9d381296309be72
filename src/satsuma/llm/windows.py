"""Rate windows: how many requests and tokens may go out, and when the next may.

Two kinds, with one question (`ready_at`: when may so much be sent?):

* `Pace` is set by hand (`--rpm`, `--tpm`). It spreads a minute's amount evenly, with one second's worth (or one
  request) at once, since providers enforce "600 per minute" as ten a second. In no minute does more than the amount go
  out, but for one request that is larger than a second's worth.
* `Quota` is learned from the headers of replies. What a reply says remains was true when its request arrived, so
  everything sent after that request is taken off; a reply to a request that was sent before the one already
  heard is old news. When nothing remains, everyone waits for the reset, at which the whole quota is back.

Headers (`read_headers`): OpenAI's `x-ratelimit-{limit,remaining,reset}-{requests,tokens}` with durations such as
`6m0s` (also sent by Groq, Together and others), and Anthropic's
`anthropic-ratelimit-{requests,tokens,input-tokens,output-tokens}-{limit,remaining,reset}` with RFC 3339 times, read
against the reply's own `date`, so that a wrong clock here does no harm. A value that is no sensible number is as if it
were not there, and a quota is learned only where `remaining` and `reset` are both given.

Not covered: quotas longer than a day, and headers that name none of these (a refusal is then how it is learned).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import IntEnum
from functools import lru_cache

from satsuma.errors import SettingsError

MINUTE = 60.0
LONGEST_RESET = 86_400.0
"""Seconds: a reset that is said to be further away than a day is not believed."""
LARGEST_COUNT = 10**12
"""A limit beyond this says that there is none."""


class Resource(IntEnum):
    """What a window counts; the value is the place in an amount (`amounts`)."""

    REQUESTS = 0
    TOKENS = 1
    INPUT_TOKENS = 2
    OUTPUT_TOKENS = 3

    @property
    def words(self) -> str:
        """The name for people."""
        return self.name.lower().replace("_", " ")


Amounts = tuple[int, int, int, int]
"""An amount of each `Resource`, in its order."""


def amounts(requests: int, input_tokens: int, output_tokens: int) -> Amounts:
    """An amount of each resource."""
    return requests, input_tokens + output_tokens, input_tokens, output_tokens


@dataclass(frozen=True, slots=True)
class Observation:
    """What one reply says of one quota.

    limit: the whole quota, None if it was not said. remaining: what was left of it. reset: seconds from the reply until
    all of it is back.
    """

    resource: Resource
    limit: int | None
    remaining: int
    reset: float


class Pace:
    """An amount per minute, spread evenly; the generic cell rate algorithm, so one number is all its state.

    Raises:
        SettingsError: per_minute is not a positive number.
    """

    __slots__ = ("_burst", "_clear_at", "_rate", "per_minute", "resource")

    def __init__(self, resource: Resource, per_minute: float, option: str) -> None:
        if not (math.isfinite(per_minute) and per_minute > 0):
            raise SettingsError(
                f"{option} is {per_minute}, but has to be more than 0", f"Leave {option} out for no limit."
            )
        self.resource = resource
        self.per_minute = per_minute
        self._burst = max(1.0, per_minute / MINUTE)
        # What goes out at once is part of the minute: without the subtraction a minute could hold both.
        self._rate = (per_minute - (self._burst - 1)) / MINUTE
        self._clear_at = -math.inf

    def ready_at(self, amount: float, now: float) -> float:
        """When so much may be sent, in the clock's seconds; `now` or earlier for at once."""
        if self._clear_at <= now:
            return now
        return self._clear_at - (self._burst - min(amount, self._burst)) / self._rate

    def charge(self, amount: float, now: float) -> None:
        """So much is sent."""
        self._clear_at = max(self._clear_at, now) + amount / self._rate

    def correct(self, difference: float) -> None:
        """So much more (or, below 0, less) than was charged has been used."""
        self._clear_at += difference / self._rate


class Quota:
    """What a provider says may still be sent.

    Positions are running totals of what this program has sent of the resource; `sent` is always the present one.
    """

    __slots__ = ("_base", "_heard", "_most", "limit", "remaining", "reset_at", "resource")

    def __init__(self, resource: Resource) -> None:
        self.resource = resource
        self.limit: int | None = None
        self.remaining = 0
        self.reset_at = math.inf
        self._most = 0
        self._base = 0
        self._heard = 0

    def hear(self, seen: Observation, number: int, position: int, now: float) -> bool:
        """Take in what the reply to a request says; False if it is old news.

        number: of the request, in the order of sending. position: the running total with that request in it.
        """
        if number <= self._heard:
            return False
        self._heard = number
        self.limit = seen.limit if seen.limit is not None else self.limit
        self.remaining, self._base = seen.remaining, position
        self._most = max(self._most, seen.remaining)
        self.reset_at = now + seen.reset
        return True

    def give_back(self, amount: int) -> None:
        """So much of what counts as sent never was."""
        self._base += amount

    def ready_at(self, amount: int, sent: int, now: float) -> float:
        """When so much may be sent; infinity if only the next reply can tell."""
        if now >= self.reset_at:
            self.refill(amount, sent)
        return now if amount <= self.remaining - (sent - self._base) else self.reset_at

    def refill(self, amount: int, sent: int) -> None:
        """The quota is back: as much as was ever seen of it, and at least the amount that is asked for.

        Not the limit that is said, which may be a minute's where seconds are enforced. The next reply brings news.
        """
        self.reset_at = math.inf
        self.remaining, self._base = max(self._most, amount), sent


def read_headers(headers: Mapping[str, str], wall: float) -> list[Observation]:
    """What a reply's lower-case headers say of the provider's quotas.

    wall: seconds since 1970, for absolute times in a reply without a `date`.
    """
    seen = []
    for resource, limit, remaining, reset in _OPENAI:
        if remaining in headers:
            seconds = parse_duration(headers.get(reset, ""))
            seen.append(_observation(resource, headers.get(limit), headers[remaining], seconds))
    for resource, limit, remaining, reset in _ANTHROPIC:
        if remaining in headers:
            seconds = _seconds_until(headers.get(reset, ""), headers.get("date", ""), wall)
            seen.append(_observation(resource, headers.get(limit), headers[remaining], seconds))
    return [observation for observation in seen if observation is not None]


def parse_duration(text: str) -> float | None:
    """Seconds of a duration such as `1s`, `6m0s`, `20ms`, `1h2m3.5s` or plain `12.5`; None if it is none."""
    if len(text) > _LONGEST_TEXT:
        return None
    text = text.strip()
    match = _DURATION.fullmatch(text if not text or text[-1].isalpha() else text + "s")
    if match is None or not any(match.groups()):
        return None
    seconds = sum(float(value) * scale for value, scale in zip(match.groups(), _SCALES, strict=True) if value)
    return seconds if seconds <= LONGEST_RESET else None


def parse_count(text: str) -> int | None:
    """A count of 0 or more; None if the text is not one."""
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_TEXT):
        return None
    count = int(text)
    return count if count <= LARGEST_COUNT else None


_LONGEST_TEXT = 40
_NUMBER = r"([0-9]+(?:\.[0-9]+)?)"
_DURATION = re.compile("".join(rf"(?:{_NUMBER}{unit})?" for unit in ("d", "h", "m", "s", "ms", "[uµ]s")))
_SCALES = (86_400.0, 3_600.0, 60.0, 1.0, 1e-3, 1e-6)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII)


def _names(pattern: str, resources: Mapping[Resource, str]) -> tuple[tuple[Resource, str, str, str], ...]:
    limit, remaining, reset = "limit", "remaining", "reset"
    return tuple(
        (resource, pattern.format(limit, name), pattern.format(remaining, name), pattern.format(reset, name))
        for resource, name in resources.items()
    )


_OPENAI = _names("x-ratelimit-{0}-{1}", {Resource.REQUESTS: "requests", Resource.TOKENS: "tokens"})
_ANTHROPIC = _names(
    "anthropic-ratelimit-{1}-{0}", {resource: resource.name.lower().replace("_", "-") for resource in Resource}
)


def _observation(resource: Resource, limit: str | None, remaining: str, reset: float | None) -> Observation | None:
    left, whole = parse_count(remaining), parse_count(limit or "")
    # A limit of 0 is how some proxies say that there is none.
    if left is None or reset is None or whole == 0:
        return None
    return Observation(resource, whole, left, reset)


def _seconds_until(moment: str, date: str, wall: float) -> float | None:
    then = _parse_moment(moment)
    if then is None:
        return None
    return _believable(then - (_parse_date(date) or wall))


def _believable(seconds: float) -> float | None:
    return max(0.0, seconds) if seconds <= LONGEST_RESET else None


@lru_cache(maxsize=64)
def _parse_moment(text: str) -> float | None:
    if not _MOMENT.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):  # a month of 13
        return None


@lru_cache(maxsize=64)
def _parse_date(text: str) -> float | None:
    if not text or len(text) > _LONGEST_TEXT:
        return None
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
