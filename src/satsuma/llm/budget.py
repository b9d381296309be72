"""What a run may use, in US dollars, tokens and requests, and never more.

The rule: before a request is sent, the most that it can use is reserved; when it has ended, what it did use is counted
and the rest is free again. What is counted and what is reserved together never exceed the budget, so it holds at every
moment, whatever comes back, as long as the reservations are bounds.

A reservation that does not fit now may fit when others have ended for less. It waits for them, in line (`turns.py`),
and fails as soon as it would not fit even if all others ended for nothing. So nobody waits in vain: when nothing is
reserved any more, a request either fits or fails.

What makes reservations large is the longest answer that a request allows, ten times what most answers need. So a
request may bring a shorter limit for its answer, which counts where the whole one does not fit, and which has to be
sent then. Thus what is reserved shrinks as the budget runs out, and nearly all of it is used.

Money is counted in picodollars and tokens are whole, so nothing drifts. What earlier processes of the same run used
comes from the journal (`Spent`).

Not covered: requests that were in flight when a process was killed (nobody knows what they were billed for), and
providers that bill for more than they report.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite
from typing import NamedTuple

from satsuma.errors import BudgetSpent, SatsumaError, SettingsError
from satsuma.llm.bill import Spent
from satsuma.llm.prices import PICO, Price, price
from satsuma.llm.request import Usage
from satsuma.llm.turns import Line

GO_ON = "What was answered is saved and is not paid again: run the same command with"


Amount = tuple[int, int, int]
"""The three numbers of a `Spent`: on the way of every request a tuple costs a tenth of an object."""


@dataclass(slots=True)
class Reservation:
    """What one request may use at most; ended once, with `settle` or `cancel`. output_tokens: the limit to send."""

    model: str
    most: Amount
    output_tokens: int


class Need(NamedTuple):
    """What a request may use: bounds. short: a lower limit for its answer that would probably do; None for none."""

    model: str
    input_tokens: int
    output_tokens: int
    short: int | None = None


@dataclass(slots=True)
class _Waiter:
    wanted: tuple[Reservation, ...]
    granted: asyncio.Future[Reservation]


class Budget:
    """What a run may use; None for no limit.

    usd: US dollars. tokens: in and out together. requests: attempts. spent: by earlier processes of this run. price_of:
    the price of a model by its identity; asked once for each model, and only where there is a budget in money. lost:
    told the model, the attempts and the tokens of what was sent and comes to no reply, for the run's books.

    Belongs to one event loop at a time.

    Raises:
        SettingsError: a limit is not a positive number.
    """

    def __init__(
        self,
        *,
        usd: float | None = None,
        tokens: int | None = None,
        requests: int | None = None,
        spent: Spent | None = None,
        price_of: Callable[[str], Price | None] = price,
        lost: Callable[[str, int, Usage], None] | None = None,
    ) -> None:
        for option, value in (("--budget", usd), ("--max-tokens", tokens), ("--max-requests", requests)):
            if value is not None and not (isfinite(value) and value > 0):
                raise SettingsError(
                    f"{option} is {value}, but has to be more than 0", f"Leave {option} out for no limit."
                )
        # By way of text, so that 0.1 is a tenth of a dollar.
        self._limits = (None if usd is None else int(Decimal(str(usd)) * PICO), tokens, requests)
        self._unlimited = self._limits == (None, None, None)
        self._price_of = price_of
        self._lost = lost
        self._prices: dict[str, Price] = {}
        before = spent or Spent()
        self._spent: Amount = (before.picodollars, before.tokens, before.requests)
        self._reserved: Amount = (0, 0, 0)
        self._line: Line[_Waiter] = Line()
        self._stopped: Callable[[], SatsumaError] | None = None

    @property
    def spent(self) -> Spent:
        """What has been used, by earlier processes too."""
        return Spent(*self._spent)

    @property
    def reserved(self) -> Spent:
        """What is set aside for the requests that are in flight."""
        return Spent(*self._reserved)

    def left(self) -> float | None:
        """What is left, in parts of what is spent, of the limit that is nearest; None without a limit."""
        parts = [(limit - used) / max(1, used) for limit, used in zip(self._limits, self._spent, strict=True) if limit]
        return min(parts, default=None)

    def require_prices(self, models: Iterable[str]) -> None:
        """Make sure, before anything is sent, that a budget in money can be kept.

        Raises:
            SettingsError: the price of a model is unknown.
        """
        if self._limits[0] is not None:
            for model in models:
                self._price(model)

    def take(self, need: Need) -> Reservation | None:
        """Set aside the most that a request can use; None if that has to wait for others to end (`reserve`).

        Raises:
            BudgetSpent: it does not fit, whatever the others come to.
            SettingsError: the price of the model is unknown.
            SatsumaError: what `stop` was given.
        """
        if self._unlimited and self._stopped is None:
            return self.hold(need)
        wanted = self._wanted(need)
        return None if self._line else self._first_that_fits(wanted)

    async def reserve(self, need: Need) -> Reservation:
        """The same, and wait for it.

        Raises:
            BudgetSpent: it does not fit, whatever the others come to.
            SettingsError: the price of the model is unknown.
            SatsumaError: what `stop` was given.
        """
        wanted = self._wanted(need)
        taken = None if self._line else self._first_that_fits(wanted)
        return taken if taken is not None else await self._wait(wanted)

    def hold(self, need: Need) -> Reservation:
        """Set aside what an earlier process asked for and nobody has settled, whether it fits or not."""
        reservation = Reservation(need.model, self._most(need, need.output_tokens), need.output_tokens)
        self._reserved = _plus(self._reserved, reservation.most)
        return reservation

    def settle(self, reservation: Reservation, usage: Usage | None) -> None:
        """The request has ended: count what it used, and let those go on for whom there is room now.

        usage: None if nobody knows what it was billed for (it was cut off), and then all that was reserved counts.
        """
        used = reservation.most
        if usage is not None:
            into, out = usage.input_tokens, usage.output_tokens
            money = self._price(reservation.model).cost(into, out) if self._limits[0] is not None and into + out else 0
            used = (money, into + out, 1)
        self._reserved = _minus(self._reserved, reservation.most)
        self._spent = _plus(self._spent, used)
        if self._line:
            self._pump()

    def cancel(self, reservation: Reservation) -> None:
        """The request was never sent."""
        self._reserved = _minus(self._reserved, reservation.most)
        self._pump()

    def lose(self, model: str, attempts: int, used: Usage) -> None:
        """What was settled for a request, in so many attempts, comes to no reply: the books have to keep it."""
        if self._lost is not None:
            self._lost(model, attempts, used)

    def stop(self, error: Callable[[], SatsumaError]) -> None:
        """Set nothing aside any more: all who wait, and all who come, get a new `error()`."""
        self._stopped = error
        for waiter in self._line.dissolve():
            if not waiter.granted.done():
                waiter.granted.set_exception(error())

    def _wanted(self, need: Need) -> tuple[Reservation, ...]:
        """What would do, the best first."""
        if self._stopped is not None:
            raise self._stopped()
        limits = (need.output_tokens,) if need.short is None else (need.output_tokens, need.short)
        wanted = tuple(Reservation(need.model, self._most(need, limit), limit) for limit in limits)
        self._refuse_hopeless(wanted)
        return wanted

    def _most(self, need: Need, output_tokens: int) -> Amount:
        money = 0
        if self._limits[0] is not None:
            money = self._price(need.model).bound(need.input_tokens, output_tokens)
        return money, need.input_tokens + output_tokens, 1

    async def _wait(self, wanted: tuple[Reservation, ...]) -> Reservation:
        waiter = _Waiter(wanted, asyncio.get_running_loop().create_future())
        if self._line.join(waiter):
            self._pump()
        try:
            return await waiter.granted
        except asyncio.CancelledError:
            if waiter.granted.cancelled():
                self._pump()
            elif waiter.granted.exception() is None:
                # It was granted in the same turn of the loop in which the waiter was cancelled.
                self.cancel(waiter.granted.result())
            raise

    def _pump(self) -> None:
        line = self._line
        while line:
            waiter = line.first()
            if not waiter.granted.done() and not self._lets_through(waiter):
                return
            line.leave()

    def _lets_through(self, waiter: _Waiter) -> bool:
        try:
            self._refuse_hopeless(waiter.wanted)
        except BudgetSpent as spent:
            waiter.granted.set_exception(spent)
            return True
        taken = self._first_that_fits(waiter.wanted)
        if taken is not None:
            waiter.granted.set_result(taken)
        return taken is not None

    def _refuse_hopeless(self, wanted: tuple[Reservation, ...]) -> None:
        least = wanted[-1].most
        for which, (limit, used, added) in enumerate(zip(self._limits, self._spent, least, strict=True)):
            if limit is not None and used + added > limit:
                raise self._over(which, least)

    def _first_that_fits(self, wanted: tuple[Reservation, ...]) -> Reservation | None:
        for reservation in wanted:
            if self._fits(reservation.most):
                self._reserved = _plus(self._reserved, reservation.most)
                return reservation
        return None

    def _fits(self, most: Amount) -> bool:
        return all(
            limit is None or used + reserved + added <= limit
            for limit, used, reserved, added in zip(self._limits, self._spent, self._reserved, most, strict=True)
        )

    def _price(self, model: str) -> Price:
        if model not in self._prices:
            known = self._price_of(model)
            if known is None:
                raise SettingsError(
                    f"a budget in money (--budget) needs the price of {model}, which is not known",
                    "Say what a million tokens cost in US dollars: --price IN,OUT, for example --price 0.40,1.60",
                )
            self._prices[model] = known
        return self._prices[model]

    def _over(self, which: int, most: Amount) -> BudgetSpent:
        limit, used, needed = self._limits[which] or 0, self._spent[which], most[which]
        show, option, more = _SHOWN[which]
        return BudgetSpent(
            f"the budget of {show(limit)} is spent: {show(used)} is used ({self._spent[2]:,} requests,"
            f" {self._spent[1]:,} tokens), and the next request may need up to {show(needed)}",
            f"{GO_ON} a larger {option}, for example {option} {more(max(2 * limit, used + 2 * needed))}",
            limit=which,
            used=used,
        )


def hint_for(spent: BudgetSpent, worth: int, n: int) -> str:
    """What to do about a spent budget, with one that n instances will probably need.

    worth: instances that were got, or nearly, for what is spent.
    """
    if not 0 < worth <= n:
        return spent.hint
    show, option, more = _SHOWN[spent.limit]
    whole = -(-spent.used * n * 5 // (worth * 4))  # a quarter more than by the rule of three
    return f"{GO_ON} a larger {option}; {n:,} instances will probably need {show(whole)} in all: {option} {more(whole)}"


def _plus(one: Amount, other: Amount) -> Amount:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]


def _minus(one: Amount, other: Amount) -> Amount:
    return one[0] - other[0], one[1] - other[1], one[2] - other[2]


def _dollars(picodollars: int) -> str:
    # Rounded up, to a cent or, below a dollar, to two digits more: the amount used must not read as less than it is.
    places = 2 if picodollars >= PICO else 4
    while places < 12 and 0 < picodollars < 10 ** (13 - places):
        places += 1
    step = 10 ** (12 - places)
    whole, _, part = f"{Decimal(-(-picodollars // step) * step) / PICO:.{places}f}".partition(".")
    return f"${whole}.{part.rstrip('0').ljust(2, '0')}"


def _dollar_number(picodollars: int) -> str:
    return f"{-(-picodollars // 10**10) / 100:.2f}"


_SHOWN: tuple[tuple[Callable[[int], str], str, Callable[[int], str]], ...] = (
    (_dollars, "--budget", _dollar_number),
    (lambda count: f"{count:,} tokens", "--max-tokens", str),
    (lambda count: f"{count:,} requests", "--max-requests", str),
)
"""How each limit is shown, its option, and a value for the option."""
