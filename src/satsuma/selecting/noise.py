"""The label noise that remains in a dataset after self-correction, estimated from the votes alone.

Two different questions have two different answers:

* What do the votes leave open? A vote errs now and then, so a majority errs too. With two votes or more this is
  estimated (`estimate`, `low`, `high`) by Dawid and Skene's model: the draws of the corrector are a rater, and the
  instances that were asked for as one label are a population. It is fitted as it is and with instances on which the
  corrector flips coins; either counts by how well it explains the votes (Akaike weights: Burnham and Anderson 2002),
  and the interval holds 95% of the numbers of wrong labels that are plausible. To a corrector that saw the label that
  was asked for, the only question is whether that label holds; that takes three votes.
* What if the corrector makes the same mistake in every draw? Votes cannot tell. But the generator was asked for a
  label too, and where it and the corrector differ, one of them is wrong. If the corrector errs no more often than the
  generator and independently of it, errors e of both differ in 2e(1 - e) of the instances: that bounds e (`at_most`).
  A corrector that saw the label is not independent of it, and there is no bound.

Rates are estimated from every candidate that was corrected, in the dataset or not; the noise is that of the dataset.
When draws end depends on what was asked for and cast alone, which the model sees; so stopping early biases nothing.
Where labels are not told apart (`ballots.py`), all wrong answers are taken to be equally likely; how many there are to
choose from is taken from how often they coincide.

Not covered: mistakes that generator and corrector share. Only a person sees those (`satsuma audit`).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from satsuma.proportions import wilson
from satsuma.run.trust import Noise
from satsuma.selecting.ballots import Ballot, Ballots
from satsuma.selecting.dawid_skene import Fit, Said, Smoothing, alike, fit, normalized
from satsuma.selecting.truths import Case, plausible

WEIGHT = 0.5
"""Of every wrong answer, before one was seen (Jeffreys)."""
ONE_PARAMETER = 1.0
"""What a further parameter has to add to the log-likelihood to be worth it (Akaike)."""
WIDE = 0.25
"""An interval that is wider says nothing."""
NEGLIGIBLE = 0.02
"""A model that is less probable than this is left out."""
ANSWERS = 5
"""Answers to one instance that are told apart, where labels are not."""
LABELS = (2, 3, 5, 9, 17)
"""How many answers there may be to choose from, where nobody knows."""
SEED = 1979
INTERVAL = 0.95
_CORRECTOR = 0


def estimate_noise(ballots: Ballots, *, blind: bool, policy: str) -> Noise | None:
    """The noise that remains; None where nothing in the dataset was corrected.

    blind: whether the corrector did not see the label that was asked for. policy: what became of labels that did not
    hold (`relabel`, `drop`, `keep`).
    """
    candidates = ballots.total()
    if not any(kept for _, kept in ballots):
        return None
    most = max(_votes(ballot) for ballot, _ in ballots)
    votes = round(sum(_votes(ballot) * times for (ballot, _), times in ballots.items()) / candidates, 3)
    bound = _at_most(ballots, policy) if blind else None
    if most < (2 if blind else 3):
        return _without_estimate(candidates, votes, bound)
    estimate, low, high, hard = _open(ballots, blind=blind)
    if high - low > WIDE:
        return _without_estimate(candidates, votes, bound)
    if bound is not None:
        bound = max(bound, high)
    return Noise(
        method="dawid-skene",
        candidates=candidates,
        votes=votes,
        estimate=_rounded(estimate),
        low=_rounded(low),
        high=_rounded(high),
        at_most=_rounded(bound),
        hard=_rounded(hard),
        assumptions=f"{_BLIND} {_SHARED}" if blind and bound is not None else _BLIND if blind else _SHOWN,
    )


def _without_estimate(candidates: int, votes: float, bound: float | None) -> Noise:
    return Noise(
        method="none" if bound is None else "bound",
        candidates=candidates,
        votes=votes,
        at_most=_rounded(bound),
        assumptions="" if bound is None else _SHARED,
    )


_BLIND = (
    "estimate: the draws of the corrector err independently of one another and of the generator, given the true label "
    "(and, where some instances are hard, that the instance is one of them)."
)
_SHOWN = (
    "estimate: the draws of the corrector err independently of one another, given whether the label that they were "
    "shown holds."
)
_SHARED = "at_most: the corrector errs no more often than the generator, and independently of it."


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def _votes(ballot: Ballot) -> int:
    return sum(times for _, times in ballot.cast)


def _at_most(ballots: Ballots, policy: str) -> float | None:
    """The most that may be wrong if all draws share their mistakes; None where the two differ too often to say."""
    candidates = ballots.total()
    differ = sum(times for (ballot, _), times in ballots.items() if not _agreed(ballot))
    most = wilson(differ / candidates, candidates).high
    if most >= 0.5:
        return None
    each = (1 - math.sqrt(1 - 2 * most)) / 2
    if policy == "keep":
        return most
    return each**2 / (each**2 + (1 - each) ** 2) if policy == "drop" else each


def _agreed(ballot: Ballot) -> bool:
    """Whether the votes are for the label that was asked for, or tied."""
    counts = dict(ballot.cast)
    return counts.get(ballot.asked, 0) == max(counts.values())


@dataclass(frozen=True, slots=True)
class _Reading:
    """The ballots as one model sees them.

    labels: how many there are. names: the logarithm of the number of ways in which labels that are not told apart
    could have been named; without it, readings with more labels would seem to explain less.
    """

    cases: Sequence[Case]
    labels: int
    smoothing: Smoothing
    names: float = 0.0

    def fits(self, *, coins: bool) -> list[Fit]:
        """The models of this reading; with coins, one of which flips them."""
        observed = [case.said for case in self.cases]
        plain = fit(observed, self.labels, self.smoothing)
        return [plain, fit(observed, self.labels, self.smoothing, coin=_CORRECTOR)] if coins else [plain]


def _open(ballots: Ballots, *, blind: bool) -> tuple[float, float, float, float]:
    """The share that is wrong by what the votes leave open: expected, low, high; and the probability of hard ones."""
    # Fewer votes cannot tell a hard instance from a rater that errs more often.
    coins = any(_votes(ballot) >= 3 for ballot, _ in ballots)
    found = [(each, fitted) for each in _readings(ballots, blind=blind) for fitted in each.fits(coins=coins)]
    drawn: list[tuple[float, float]] = []
    expected = mass = hard = 0.0
    for probability, (reading, fitted) in zip(_probabilities(found), found, strict=True):
        hard += probability if fitted.model.coin is not None else 0.0
        if probability >= NEGLIGIBLE:
            draws = plausible(reading.cases, fitted, SEED)
            drawn += [(draw.wrong, probability / len(draws)) for draw in draws]
            expected += probability * sum(draw.expected for draw in draws) / len(draws)
            mass += probability
    kept = sum(times for (_, in_dataset), times in ballots.items() if in_dataset)
    low, high = _quantiles(drawn, (1 - INTERVAL) / 2)
    estimate = expected / mass / kept
    return estimate, min(low / kept, estimate), max(high / kept, estimate), hard


def _probabilities(found: Sequence[tuple[_Reading, Fit]]) -> list[float]:
    """How probable it is of each model that it made the votes."""
    gains = [
        fitted.log_likelihood + reading.names - (ONE_PARAMETER if fitted.model.coin is not None else 0.0)
        for reading, fitted in found
    ]
    return normalized([math.exp(gain - max(gains)) for gain in gains])


def _quantiles(drawn: Iterable[tuple[float, float]], tail: float) -> tuple[float, float]:
    """The values beyond which on either side lies this part of the weight."""
    ordered = sorted(drawn)
    beyond = tail * sum(weight for _, weight in ordered)
    return _reached(ordered, beyond), _reached(ordered[::-1], beyond)


def _reached(ordered: Sequence[tuple[float, float]], beyond: float) -> float:
    passed = 0.0
    for value, weight in ordered:
        passed += weight
        if passed > beyond:
            return value
    return ordered[-1][0]


def _readings(ballots: Ballots, *, blind: bool) -> list[_Reading]:
    """By name, where labels have one; else one for each number of labels that there may be."""
    if not blind:
        return [_Reading(_merged(_about_the_asked(ballots)), 2, Smoothing(WEIGHT, None, (0.5,)))]
    names = _names(ballots)
    if len(names) >= 2:
        cases = _merged(_by_number(ballots, {name: i for i, name in enumerate(names)}))
        return [_Reading(cases, len(names), alike([case.said for case in cases], len(names), WEIGHT))]
    said = {label for ballot, _ in ballots for label in (ballot.asked, ballot.final, *dict(ballot.cast))}
    number: dict[str | int, int] = {label: min(label, ANSWERS - 1) if isinstance(label, int) else 0 for label in said}
    cases, even = _merged(_by_number(ballots, number)), Smoothing(WEIGHT, None, (0.5,), even=True)
    most = 1 + max(number.values())
    return [_Reading(cases, each, even, _names_given(cases, each)) for each in LABELS if each >= most]


def _names(ballots: Ballots) -> list[str]:
    """The labels that occur; none where ballots are kept by likeness."""
    said = {label for ballot, _ in ballots for label in (ballot.asked, ballot.final, *dict(ballot.cast))}
    return sorted(label for label in said if isinstance(label, str))


def _names_given(cases: Sequence[Case], labels: int) -> float:
    """The logarithm of how many ways there are to name the answers of every instance that were not asked for."""
    others = ((case.said.count, max(label for _, label, _ in case.said.votes)) for case in cases)
    return sum(times * math.log(math.perm(labels - 1, most)) for times, most in others)


_Votes = tuple[tuple[int, int, int], ...]
_Kind = tuple[int, _Votes, int]
"""Population, votes, the final label."""


def _by_number(ballots: Ballots, number: Mapping[str | int, int]) -> Iterator[tuple[_Kind, bool, int]]:
    for (ballot, kept), times in ballots.items():
        cast = Counter[int]()
        for label, votes in ballot.cast:
            cast[number[label]] += votes
        told = tuple((_CORRECTOR, label, votes) for label, votes in sorted(cast.items()))
        yield (number[ballot.asked], told, number[ballot.final]), kept, times


def _about_the_asked(ballots: Ballots) -> Iterator[tuple[_Kind, bool, int]]:
    """The truth is that the asked label holds (0) or that it does not (1), in one population."""
    for (ballot, kept), times in ballots.items():
        same = dict(ballot.cast).get(ballot.asked, 0)
        told = ((_CORRECTOR, 0, same), (_CORRECTOR, 1, _votes(ballot) - same))
        votes = tuple(vote for vote in told if vote[2])
        yield (0, votes, int(ballot.final != ballot.asked)), kept, times


def _merged(kinds: Iterable[tuple[_Kind, bool, int]]) -> list[Case]:
    """One case for all that is alike, in an order that depends on nothing else."""
    found, in_dataset = Counter[_Kind](), Counter[_Kind]()
    for kind, kept, times in kinds:
        if times:
            found[kind] += times
            in_dataset[kind] += times if kept else 0
    return [Case(Said(kind[1], times, kind[0]), in_dataset[kind], kind[2]) for kind, times in sorted(found.items())]
