"""What a run will cost, before it is paid for: requests, tokens, money and time, each with a range.

Two ways to know. From the prompts alone: every question is rendered and how the answers will be is assumed
(`targen/forecast.py`); the range is what these assumptions come to at their low and high ends. Or from what the run
directory holds of this very run, which a pilot of a few instances puts there (`pilot.py`): its tokens, rejects and
repeated questions are measured and extrapolated; the range holds 90% of a bootstrap, and the case that nothing more is
rejected than in the pilot. What a pilot was told is in the journal and is not paid again by the run that follows.

A step whose model has no price costs an unknown amount, and then so does the run. The wall time follows from how long a
request takes and how many are in flight, and from `--rpm` and `--tpm`; models that answer later have none.

Not covered: limits that only the provider's replies tell of, and discounts (`llm/prices.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from satsuma.llm.batch_opening import BATCH
from satsuma.llm.opening import FILE, FIRST_CONCURRENCY, REPLAY, identities
from satsuma.llm.prices import PICO, Prices
from satsuma.pilot import Measured, measured
from satsuma.ranges import Range
from satsuma.targen.asking import STEPS, Step
from satsuma.targen.forecast import forecast_lengths, forecast_requests

if TYPE_CHECKING:
    from satsuma.llm.prices import Price
    from satsuma.settings import Settings
    from satsuma.task.card import Card

LATER = (FILE, REPLAY, BATCH)
"""What the names of models begin with of which nobody can say how long they take."""
LATENCY = (Range(0.2, 0.6, 2.0), Range(1 / 200, 1 / 60, 1 / 20))
"""Seconds to the first token, and for each token, where nothing was measured."""

OWN = Range(0.0003, 0.001, 0.003)
"""Seconds of satsuma's own for each request, one after the other."""


@dataclass(frozen=True, slots=True)
class StepCost:
    """One step of the run, or all of it: requests, tokens in all, US dollars (None where a price is unknown).

    model: the identity that is asked.
    """

    step: str
    model: str
    requests: Range
    input_tokens: Range
    output_tokens: Range
    usd: Range | None


@dataclass(frozen=True, slots=True)
class Paid:
    """What the run directory holds already: instances, requests, tokens, US dollars (None where a price is unknown)."""

    instances: int
    requests: int
    input_tokens: int
    output_tokens: int
    usd: float | None


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run of n instances will cost in all, from its beginning.

    basis: `prompts` or `pilot`. pilot: instances that were measured. total: of all steps. seconds: wall time, None
    where nobody can say. paid: what the run directory holds already. unpriced: models without a price.
    """

    card: str
    n: int
    basis: str
    pilot: int
    steps: tuple[StepCost, ...]
    total: StepCost
    seconds: Range | None
    paid: Paid | None
    unpriced: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        """The same as plain values."""
        return asdict(self)


def estimate_cost(card: Card, settings: Settings, place: Path) -> Estimate:
    """What a run will cost, from what `place` holds of it or else from the prompts; asks nothing, writes nothing.

    Raises:
        CardError: a prompt cannot be rendered.
        SettingsError: a model's name or a price cannot be used.
        JournalError, RunError: what is there cannot be read.
    """
    prices, models = _prices(settings), _models(settings)
    seen = measured(card, settings, place)
    steps = _forecast(card, settings, models, prices) if seen is None else _extrapolated(seen, models, prices)
    paid = None if seen is None else _paid(seen, models, prices)
    unpriced = sorted({model for step, model in models.items() if prices(model) is None and _asked(steps, step)})
    return Estimate(
        card=card.name,
        n=settings.n,
        basis="prompts" if seen is None else "pilot",
        pilot=0 if seen is None else seen.accepted,
        steps=steps[:-1],
        total=steps[-1],
        seconds=_seconds(steps[:-1], seen, settings),
        paid=paid,
        unpriced=tuple(unpriced),
    )


def _prices(settings: Settings) -> Prices:
    named = {"": settings.model, **settings.models}
    free = [identity for step, identity in identities(settings).items() if named.get(step, "").startswith(REPLAY)]
    return Prices(settings.price, free)


def _models(settings: Settings) -> dict[Step, str]:
    """Step → the model that it asks, as it is billed."""
    by_step, named = identities(settings), {"": settings.model, **settings.models}

    def billed(step: str) -> str:
        identity = by_step.get(step, by_step[""])
        return f"{BATCH}{identity}" if named.get(step, settings.model).startswith(BATCH) else identity

    return {step: billed(step) for step in STEPS}


def _asked(steps: Sequence[StepCost], step: str) -> bool:
    return any(each.step == step and each.requests.high > 0 for each in steps)


def _forecast(card: Card, settings: Settings, models: Mapping[Step, str], prices: Prices) -> tuple[StepCost, ...]:
    """Every step and the total, from the prompts."""
    requests, lengths = forecast_requests(card, settings), forecast_lengths(card, settings)
    steps = [
        _step(
            step, models[step], requests[step], requests[step].times(lengths[step].input_tokens),
            requests[step].times(lengths[step].output_tokens), prices(models[step]),
        )
        for step in STEPS
    ]  # fmt: skip
    money = [step.usd for step in steps if step.requests.high > 0]
    known = [each for each in money if each is not None]
    total = StepCost(
        "total", "",
        Range.total(step.requests for step in steps),
        Range.total(step.input_tokens for step in steps),
        Range.total(step.output_tokens for step in steps),
        Range.total(known) if len(known) == len(money) else None,
    )  # fmt: skip
    return (*steps, total)


def _step(
    step: str, model: str, requests: Range, input_tokens: Range, output_tokens: Range, price: Price | None
) -> StepCost:
    usd = None
    if price is not None:
        usd = Range(*(
            _cost(price, getattr(requests, end), getattr(input_tokens, end), getattr(output_tokens, end))
            for end in ("low", "likely", "high")
        ))  # fmt: skip
    return StepCost(step, model, requests, input_tokens, output_tokens, usd)


def _cost(price: Price, requests: float, input_tokens: float, output_tokens: float) -> float:
    return price.cost(round(input_tokens), round(output_tokens), max(1, round(requests))) / PICO if requests else 0.0


def _extrapolated(seen: Measured, models: Mapping[Step, str], prices: Prices) -> tuple[StepCost, ...]:
    """Every step and the total, from what was measured; nothing is less than what is there already."""
    likely, lucky, draws = seen.likely(), seen.at_best(), seen.draws()
    priced = {step: prices(models[step]) for step in STEPS}

    def money(sizes: Mapping[Step, tuple[float, float, float]], steps: Sequence[Step]) -> float | None:
        total = 0.0
        for step in steps:
            price = priced[step]
            if sizes[step][0] and price is None:
                return None
            total += _cost(price, *sizes[step]) if price is not None else 0.0
        return total

    def made(name: str, steps: Sequence[Step]) -> StepCost:
        def amount(which: int) -> Range:
            spread = [sum(draw[step][which] for step in steps) for draw in draws]
            floor = sum(seen.used(step)[which] for step in steps)
            middle, best = (sum(size[step][which] for step in steps) for size in (likely, lucky))
            return Range.of_draws(spread, middle).holding(best).at_least(floor)

        spread = [usd for draw in draws if (usd := money(draw, steps)) is not None]
        middle = money(likely, steps)
        floor = money({step: seen.used(step) for step in STEPS}, steps) or 0.0
        best = money(lucky, steps) or 0.0
        cost = None if middle is None else Range.of_draws(spread, middle).holding(best).at_least(floor)
        return StepCost(name, models[steps[0]] if len(steps) == 1 else "", amount(0), amount(1), amount(2), cost)

    return (*(made(step, [step]) for step in STEPS), made("total", STEPS))


def _paid(seen: Measured, models: Mapping[Step, str], prices: Prices) -> Paid:
    total: float | None = 0.0
    for step in STEPS:
        price = prices(models[step])
        if total is not None and seen.used(step)[0]:
            total = None if price is None else total + _cost(price, *seen.used(step))
    requests, into, out = (round(sum(seen.used(step)[which] for step in STEPS)) for which in range(3))
    return Paid(seen.accepted, requests, into, out, total)


def _seconds(steps: Sequence[StepCost], seen: Measured | None, settings: Settings) -> Range | None:
    """Wall time of the whole run: the slowest of the requests in flight and the two windows, and one way through."""
    if any(model.startswith(LATER) for model in (settings.model, *settings.models.values())):
        return None
    work, through = Range.exactly(0), Range.exactly(0)
    for each in steps:
        if each.requests.high:
            one = _latency(each, seen)
            work, through = Range.total([work, each.requests * one]), Range.total([through, one])
    requests, tokens = _sum(steps, "requests"), Range.total([_sum(steps, "input_tokens"), _sum(steps, "output_tokens")])
    most, few = settings.concurrency, min(FIRST_CONCURRENCY, settings.concurrency)
    flights = Range(work.low / most, work.likely / most, work.high / few)
    windows = [
        Range(*(60 * getattr(amount, end) / per_minute for end in ("low", "likely", "high")))
        for amount, per_minute in ((requests, settings.rpm), (tokens, settings.tpm))
        if per_minute
    ]
    own = requests * OWN
    slowest = Range(
        *(max(getattr(each, end) for each in (flights, own, *windows)) for end in ("low", "likely", "high"))
    )
    return Range.total([slowest, through])


def _sum(steps: Sequence[StepCost], name: str) -> Range:
    return Range.total(getattr(step, name) for step in steps)


def _latency(step: StepCost, seen: Measured | None) -> Range:
    """Seconds that a request of a step takes."""
    if seen is not None and (seconds := seen.seconds(step.step)):
        return Range(0.7 * seconds, seconds, 1.5 * seconds)
    first, each = LATENCY
    answer = Range(*(
        getattr(step.output_tokens, end) / max(1.0, getattr(step.requests, end)) for end in ("low", "likely", "high")
    ))  # fmt: skip
    return Range.total([first, answer * each])
