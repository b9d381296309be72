"""A real rate limit: token buckets for requests and for tokens, with OpenAI's headers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping


class Bucket:
    """So much a minute, refilled all the time, at most `capacity` at once."""

    def __init__(self, per_minute: float, capacity: float, now: float) -> None:
        self.per_second = per_minute / 60
        self.capacity = capacity
        self.level = capacity
        self._at = now

    def refill(self, now: float) -> None:
        """Bring the level up to date; `now` in seconds."""
        self.level = min(self.capacity, self.level + (now - self._at) * self.per_second)
        self._at = now

    def seconds_until(self, amount: float) -> float:
        """How long until so much is there."""
        return max(0.0, (amount - self.level) / self.per_second)


class Windows:
    """The request and the token bucket of one server; either may be missing."""

    def __init__(self, rpm: float | None, tpm: float | None, burst: float | None, clock: Callable[[], float]) -> None:
        now = clock()
        self._clock = clock
        self._limits = {"requests": rpm, "tokens": tpm}
        self._buckets: dict[str, Bucket] = {}
        if rpm is not None:
            self._buckets["requests"] = Bucket(rpm, burst if burst is not None else rpm, now)
        if tpm is not None:
            self._buckets["tokens"] = Bucket(tpm, tpm, now)

    def take(self, tokens: int) -> float:
        """Take one request of so many tokens: 0, or how many seconds it is too early (then nothing is taken)."""
        needs = {"requests": 1.0, "tokens": float(tokens)}
        now = self._clock()
        for bucket in self._buckets.values():
            bucket.refill(now)
        wait = max((bucket.seconds_until(needs[name]) for name, bucket in self._buckets.items()), default=0.0)
        if wait <= 0:
            for name, bucket in self._buckets.items():
                bucket.level -= needs[name]
        return wait

    def headers(self) -> Mapping[str, str]:
        """`x-ratelimit-*` as OpenAI sends them."""
        said = {}
        for name, limit in self._limits.items():
            bucket = self._buckets.get(name)
            if bucket is None:
                limit, left, reset = 1_000_000, 999_999.0, 0.0
            else:
                left, reset = max(0.0, bucket.level), bucket.seconds_until(bucket.capacity)
            said[f"x-ratelimit-limit-{name}"] = f"{limit:.0f}"
            said[f"x-ratelimit-remaining-{name}"] = str(math.floor(left))
            said[f"x-ratelimit-reset-{name}"] = duration(reset)
        return said


def duration(seconds: float) -> str:
    """Seconds as OpenAI writes them: `12ms`, `1.5s`, `6m0s`."""
    if seconds < 1:
        return f"{math.ceil(seconds * 1000)}ms"
    if seconds < 60:
        return f"{seconds:.3f}".rstrip("0").rstrip(".") + "s"
    minutes, rest = divmod(math.ceil(seconds), 60)
    return f"{minutes}m{rest}s"
