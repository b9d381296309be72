"""How many of a run's labels are wrong, drawn from what the votes leave open.

Gibbs sampling of Dawid and Skene's model (`dawid_skene.py`): given parameters, the truth of every instance is drawn;
given the truths, the parameters are drawn from their Dirichlet distributions. Each round yields one number of wrong
labels that is as plausible as the next, so that their quantiles are an interval in which the uncertainty of the rates,
of a small sample and of the instances at hand are all contained. The generator is seeded: the same ballots give the
same interval.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from random import Random

from satsuma.selecting.dawid_skene import Counts, Fit, Model, Said

ROUNDS = 250
BURN_IN = 50
"""Rounds that are drawn, and that are left out at the start."""
WORK = 300_000
"""Kinds of ballots times labels times rounds, at most; with many kinds there are fewer rounds."""
FEWEST = 60
_NEVER = 1e-18
EXACT = 30
"""Expected successes up to which a binomial number is drawn exactly; beyond, from the normal distribution."""


@dataclass(frozen=True, slots=True)
class Case:
    """Instances of which the same was said. kept: how many of them are in the dataset, with the label `final`."""

    said: Said
    kept: int
    final: int


@dataclass(frozen=True, slots=True)
class Draw:
    """One round. wrong: labels of the dataset that are wrong. expected: how many the round's parameters expect."""

    wrong: int
    expected: float


def plausible(cases: Sequence[Case], start: Fit, seed: int) -> list[Draw]:
    """Numbers of wrong labels, from the parameters of `start` on."""
    random = Random(seed)
    model, draws = start.model, []
    labels = len(model.prior[0])
    rounds = max(FEWEST, min(ROUNDS, WORK // max(1, labels * len(cases))))
    burn_in = min(BURN_IN, rounds // 2)
    for number in range(burn_in + rounds):
        counts = Counts.smoothed(start.smoothing, len(model.prior), labels)
        draw = _assigned(cases, model, counts, random)
        model = counts.model(model.coin, partial(_dirichlet, random=random))
        if number >= burn_in:
            draws.append(draw)
    return draws


def _assigned(cases: Sequence[Case], model: Model, counts: Counts, random: Random) -> Draw:
    """Draw the truth of every instance."""
    wrong, expected = 0, 0.0
    for case in cases:
        easy, hard = model.weights(case.said)
        weights = [*easy, *hard]
        total = sum(weights) or 1.0
        right = (easy[case.final] + (hard[case.final] if hard else 0.0)) / total
        expected += case.kept * (1 - right)
        kept = _split(case.kept, weights, random)
        others = _split(case.said.count - case.kept, weights, random)
        for place, (ours, theirs) in enumerate(zip(kept, others, strict=True)):
            truth = place % len(easy)
            wrong += ours if truth != case.final else 0
            if ours + theirs:
                counts.add(case.said, truth, ours + theirs, model.coin if place >= len(easy) else None)
    return Draw(wrong, expected)


def _dirichlet(counts: Sequence[float], random: Random) -> list[float]:
    drawn = [random.gammavariate(count, 1.0) for count in counts]
    total = sum(drawn)
    return [each / total for each in drawn]


def _split(number: int, weights: Sequence[float], random: Random) -> list[int]:
    """So many instances, each in one of the places by the weights."""
    parts = [0] * len(weights)
    left, mass = number, sum(weights)
    # The likeliest come first: after a few places nothing is left to be drawn.
    order = sorted(range(len(weights)), key=weights.__getitem__, reverse=True) if left else []
    for place in order:
        if not left or mass <= 0:
            break
        parts[place] = binomial(left, weights[place] / mass, random)
        left -= parts[place]
        mass -= weights[place]
    parts[order[0] if order else 0] += left
    return parts


def binomial(trials: int, chance: float, random: Random) -> int:
    """Successes in so many trials; `Random` has no such method before Python 3.12."""
    if chance >= 1:
        return trials
    if chance > 0.5:
        return trials - binomial(trials, 1 - chance, random)
    if trials * chance > EXACT:
        spread = math.sqrt(trials * chance * (1 - chance))
        return min(trials, max(0, round(random.gauss(trials * chance, spread))))
    scale, found, left = math.log1p(-max(chance, _NEVER)), 0, trials
    while (failures := math.log(1.0 - random.random()) / scale) < left:
        left -= int(failures) + 1
        found += 1
    return found
