"""When the next request to an endpoint may go out; one `Limiter` for each (base URL, key, model).

Two things hold a request back: how many are in flight (`concurrency.py`) and the rate windows (`windows.py`). Who
waits, waits in one line, in order of turn (`turns.py`), and is woken by an event: a slot that comes back, or a timer
set for the computed instant at which the windows allow the first in line. A waiter that is cancelled takes nothing
with it.

A Retry-After delays the request that was refused, which is for the owner of retries; it does not hold up the others.

Not covered: limits that several processes share.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from satsuma.errors import SatsumaError, SettingsError
from satsuma.llm.concurrency import Concurrency
from satsuma.llm.provider import FailureKind
from satsuma.llm.request import Usage
from satsuma.llm.turns import Line
from satsuma.llm.windows import Amounts, Pace, Quota, Resource, amounts, read_headers

Log = Callable[[Mapping[str, object]], None]
"""Takes an event: `event`, `old`, `new`, `reason` and `time` (seconds since 1970). It must not raise."""

AT_ONCE = 1e-6
"""Seconds: a wait that is shorter than the clock's grain is none."""
TELL_EVERY = 1.0
"""Seconds between two events that say that the provider's quota is waited for."""
NOTHING_USED = Usage()


class Slot(NamedTuple):
    """Leave to send one request, given back once with `release` or `abandon`.

    number: in the order of sending, from 1. amount: what it was counted as. position: what had been sent by then.
    """

    number: int
    amount: Amounts
    position: Amounts


@dataclass(slots=True)
class _Waiter:
    amount: Amounts
    granted: asyncio.Future[Slot]


class Limiter:
    """Holds requests back so that the provider does not have to.

    ceiling: requests in flight at most. start: at first. rpm, tpm: requests and tokens per minute, None for what the
    provider's headers say. log: sees every change. clock: seconds, any origin; wall: seconds since 1970.

    Belongs to one event loop at a time.

    Raises:
        SettingsError: ceiling, rpm or tpm is not a positive number.
    """

    def __init__(
        self,
        *,
        ceiling: int = 256,
        start: int = 32,
        rpm: float | None = None,
        tpm: float | None = None,
        log: Log | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.in_flight = 0
        self._log, self._clock, self._wall = log, clock, wall
        self._concurrency = Concurrency(ceiling, start, self._tell)
        self._paces = [
            Pace(resource, per_minute, option)
            for resource, per_minute, option in ((Resource.REQUESTS, rpm, "--rpm"), (Resource.TOKENS, tpm, "--tpm"))
            if per_minute is not None
        ]
        self._quotas: dict[Resource, Quota] = {}
        self._windowed = bool(self._paces)
        self._sent: Amounts = (0, 0, 0, 0)
        self._line: Line[_Waiter] = Line()
        self._timer: asyncio.TimerHandle | None = None
        self._told_at = -math.inf
        self._stopped: Callable[[], SatsumaError] | None = None

    @property
    def limit(self) -> int:
        """Requests that may be in flight now."""
        return self._concurrency.limit

    @property
    def waiting(self) -> int:
        """Requests that are held back now."""
        return sum(not waiter.granted.done() for waiter in self._line.all())

    async def acquire(self, input_tokens: int, output_tokens: int = 0) -> Slot:
        """Wait for leave to send a request of about so many tokens.

        Raises:
            SettingsError: the request is larger than a rate window and could never be sent.
            SatsumaError: what `stop` was given.
        """
        if self._stopped is not None:
            raise self._stopped()
        amount = amounts(1, input_tokens, output_tokens)
        if self._windowed:
            self._refuse_larger(amount)
        if self.in_flight >= self._concurrency.limit:
            self._concurrency.wanted = True
        elif not self._line and (not self._windowed or self._ready_at(amount) <= self._clock() + AT_ONCE):
            return self._grant(amount)
        return await self._wait(amount)

    def release(
        self, slot: Slot, kind: FailureKind | None, headers: Mapping[str, str], usage: Usage = NOTHING_USED
    ) -> None:
        """The attempt has ended: learn from it and let the next go.

        kind: how it failed, None for a reply. headers: lower-case. usage: nothing if it is not known, and then the
        estimate stands.
        """
        self.in_flight -= 1
        self._concurrency.saw(slot.number, self._sent[Resource.REQUESTS], kind)
        if headers:
            self._hear(slot, headers)
        if self._paces and usage != NOTHING_USED:
            self._correct(slot, usage)
        self._pump()

    def abandon(self, slot: Slot, *, sent: bool = True) -> None:
        """Give a slot back of which nothing can be learned.

        sent: whether the attempt was cut off, and may have been counted by the provider, or never made.
        """
        self.in_flight -= 1
        if not sent:
            for pace in self._paces:
                pace.correct(-slot.amount[pace.resource])
            for quota in self._quotas.values():
                quota.give_back(slot.amount[quota.resource])
        self._pump()

    def stop(self, error: Callable[[], SatsumaError]) -> None:
        """Let nobody through any more: all who wait, and all who come, get a new `error()`."""
        self._stopped = error
        if self._timer is not None:
            self._timer.cancel()
        for waiter in self._line.dissolve():
            if not waiter.granted.done():
                waiter.granted.set_exception(error())

    async def _wait(self, amount: Amounts) -> Slot:
        waiter = _Waiter(amount, asyncio.get_running_loop().create_future())
        if self._line.join(waiter):
            self._pump()
        try:
            return await waiter.granted
        except asyncio.CancelledError:
            if waiter.granted.cancelled():
                self._pump()
            elif waiter.granted.exception() is None:
                # The slot was given in the same turn of the loop in which the waiter was cancelled.
                self.abandon(waiter.granted.result(), sent=False)
            raise

    def _grant(self, amount: Amounts) -> Slot:
        self.in_flight += 1
        requests, tokens, input_tokens, output_tokens = self._sent
        position = requests + 1, tokens + amount[1], input_tokens + amount[2], output_tokens + amount[3]
        self._sent = position
        if self._paces:
            now = self._clock()
            for pace in self._paces:
                pace.charge(amount[pace.resource], now)
        return Slot(position[0], amount, position)

    def _pump(self) -> None:
        line = self._line
        while line:
            waiter = line.first()
            if waiter.granted.done():
                line.leave()
                continue
            if self.in_flight >= self._concurrency.limit:
                self._concurrency.wanted = True
                return
            if self._windowed and not self._lets_through(waiter):
                return
            line.leave()
            if not waiter.granted.done():
                waiter.granted.set_result(self._grant(waiter.amount))

    def _lets_through(self, waiter: _Waiter) -> bool:
        try:
            self._refuse_larger(waiter.amount)
        except SettingsError as error:  # a quota that was learned while it waited
            waiter.granted.set_exception(error)
            return True
        ready_at = self._ready_at(waiter.amount)
        if ready_at <= self._clock() + AT_ONCE:
            return True
        self._arm(ready_at)
        return False

    def _arm(self, ready_at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        # Without an instant, it is the next reply that tells.
        if ready_at < math.inf:
            self._timer = asyncio.get_running_loop().call_later(ready_at - self._clock(), self._pump)

    def _ready_at(self, amount: Amounts) -> float:
        now = self._clock()
        ready_at = now
        for pace in self._paces:
            ready_at = max(ready_at, pace.ready_at(amount[pace.resource], now))
        for quota in self._quotas.values():
            ready_at = max(ready_at, self._quota_ready_at(quota, amount, now))
        return ready_at

    def _quota_ready_at(self, quota: Quota, amount: Amounts, now: float) -> float:
        needed, sent = amount[quota.resource], self._sent[quota.resource]
        ready_at = quota.ready_at(needed, sent, now)
        if ready_at <= now:
            return now
        if ready_at == math.inf and self.in_flight == 0:
            quota.refill(needed, sent)
            return now
        if now >= self._told_at + TELL_EVERY:
            self._told_at = now
            seconds = ready_at - now if ready_at < math.inf else 0.0
            until = f"they are back in {seconds:.3f} s" if seconds else "the next reply tells when they are back"
            self._tell("wait", 0, seconds, f"the {quota.resource.words} that the provider allows are used up; {until}")
        return ready_at

    def _refuse_larger(self, amount: Amounts) -> None:
        for pace in self._paces:
            # Less than one request per minute is slow, not impossible.
            if pace.resource is not Resource.REQUESTS and amount[pace.resource] > pace.per_minute:
                raise _too_large(pace.resource, amount, pace.per_minute, "--tpm allows", "raise --tpm")
        for quota in self._quotas.values():
            if quota.limit is not None and amount[quota.resource] > max(quota.limit, quota.remaining):
                hint = "name a model with a larger limit"
                raise _too_large(quota.resource, amount, quota.limit, "the provider allows", hint)

    def _hear(self, slot: Slot, headers: Mapping[str, str]) -> None:
        for seen in read_headers(headers, self._wall()):
            quota = self._quotas.get(seen.resource)
            if quota is None:
                quota = self._quotas[seen.resource] = Quota(seen.resource)
                self._windowed = True
            old = quota.limit
            heard = quota.hear(seen, slot.number, slot.position[seen.resource], self._clock())
            if heard and quota.limit is not None and quota.limit != old:
                self._tell("window", old or 0, quota.limit, f"{seen.resource.words} that the provider allows")

    def _correct(self, slot: Slot, usage: Usage) -> None:
        used = amounts(1, usage.input_tokens, usage.output_tokens)
        for pace in self._paces:
            pace.correct(used[pace.resource] - slot.amount[pace.resource])

    def _tell(self, event: str, old: float, new: float, reason: str) -> None:
        if self._log is not None:
            self._log({"event": event, "old": old, "new": new, "reason": reason, "time": self._wall()})


def _too_large(resource: Resource, amount: Amounts, window: float, whose: str, hint: str) -> SettingsError:
    return SettingsError(
        f"a request of about {amount[resource]:,} {resource.words} can never be sent: {whose} {window:,.0f} at a time",
        f"Shorten the prompts or the longest reply, or {hint}.",
    )
