"""Whether a figure, and the difference of two systems, could be chance: paired bootstrap, randomization, McNemar.

Instances are resampled (Efron and Tibshirani 1993), the same ones for both systems, and the measure is taken anew on
each resample: so any measure will do, whether or not it is a mean. The intervals are percentiles. The randomization
test (Noreen 1989; Yeh 2000) swaps the two predictions of an instance by chance; where all swaps are few they are all
made, and the p-value is exact. McNemar's test (1947) is the exact binomial one. Chance is from the seed alone.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TypeVar

from satsuma.errors import DataError
from satsuma.scoring.pairs import matched

T = TypeVar("T")
Score = Callable[[Sequence[T]], float]
"""A measure of instances with their predictions."""
ROUNDS = 2000
EXACT = 11
"""Instances that differ, up to which all swaps are made."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with the interval that holds it with this level."""

    value: float
    low: float
    high: float
    level: float


@dataclass(frozen=True, slots=True)
class Difference:
    """What one system has more than the other, with its interval, and how likely as much is by chance."""

    value: float
    low: float
    high: float
    level: float
    p: float


def bootstrap(
    items: Sequence[T], score: Score[T], *, rounds: int = ROUNDS, level: float = 0.95, seed: int = 0
) -> Interval:
    """The score of the items and its interval.

    Raises:
        DataError: there are no items.
    """
    drawn = resampled(items, score, rounds=rounds, seed=seed)
    return interval(score(items), drawn, level)


def resampled(items: Sequence[T], score: Score[T], *, rounds: int = ROUNDS, seed: int = 0) -> tuple[float, ...]:
    """The score on each resample, in the order in which they are drawn: the same instances for any system.

    Raises:
        DataError: there are no items.
    """
    n = matched(items, items)
    return tuple(score([items[i] for i in chosen]) for chosen in _resamples(n, rounds, seed))


def interval(value: float, drawn: Sequence[float], level: float = 0.95) -> Interval:
    """A figure with the percentiles of its resamples."""
    return Interval(value, *_percentiles(sorted(drawn), level), level)


def paired_bootstrap(
    one: Sequence[T],
    other: Sequence[T],
    score: Score[T],
    *,
    rounds: int = ROUNDS,
    level: float = 0.95,
    seed: int = 0,
) -> Difference:
    """What `one` scores more than `other`, with its interval; p: two-sided, by the randomization test.

    one, other: the same instances in the same order, with the predictions of each system.

    Raises:
        DataError: there are no items, or not as many of both.
    """
    n = matched(one, other)
    drawn = sorted(
        score([one[i] for i in chosen]) - score([other[i] for i in chosen]) for chosen in _resamples(n, rounds, seed)
    )
    p = randomization(one, other, score, rounds=rounds, seed=seed)
    return Difference(score(one) - score(other), *_percentiles(drawn, level), level, p)


def randomization(
    one: Sequence[T], other: Sequence[T], score: Score[T], *, rounds: int = ROUNDS, seed: int = 0
) -> float:
    """The two-sided p-value of the difference of two systems: the share of swaps that make one as large.

    Raises:
        DataError: there are no items, or not as many of both.
    """
    matched(one, other)
    apart = [at for at, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
    seen = abs(score(one) - score(other)) - 1e-12
    exact = len(apart) <= EXACT
    chance = random.Random(f"{seed} randomization")
    drawn = (tuple(chance.random() < 0.5 for _ in apart) for _ in range(rounds))
    swaps: Iterable[tuple[bool, ...]] = product((False, True), repeat=len(apart)) if exact else drawn
    made = [abs(_swapped(one, other, score, apart, swap)) >= seen for swap in swaps]
    # The swap that was seen counts among those of chance, so that no p-value is 0.
    added = 0 if exact else 1
    return (sum(made) + added) / (len(made) + added)


def mcnemar(one: Sequence[bool], other: Sequence[bool]) -> float:
    """The exact two-sided p-value that both systems are right equally often. one, other: right, instance by instance.

    Raises:
        DataError: there are no items, or not as many of both.
    """
    matched(one, other)
    only_one = sum(a and not b for a, b in zip(one, other, strict=True))
    only_other = sum(b and not a for a, b in zip(one, other, strict=True))
    apart, less = only_one + only_other, min(only_one, only_other)
    tail = sum(math.comb(apart, k) for k in range(less + 1))
    return min(1.0, float(2 * tail / 2**apart))


def _swapped(
    one: Sequence[T], other: Sequence[T], score: Score[T], apart: Sequence[int], swap: Sequence[bool]
) -> float:
    first, second = list(one), list(other)
    for at, swapped in zip(apart, swap, strict=True):
        if swapped:
            first[at], second[at] = second[at], first[at]
    gap: float = score(first) - score(second)
    return gap


def _resamples(n: int, rounds: int, seed: int) -> list[list[int]]:
    if rounds < 1:
        raise DataError(f"{rounds} rounds of resampling are none", "Take 1,000 or more.")
    chance = random.Random(f"{seed} bootstrap")
    return [chance.choices(range(n), k=n) for _ in range(rounds)]


def _percentiles(drawn: Sequence[float], level: float) -> tuple[float, float]:
    """The bounds between which the middle of sorted values lies, interpolated linearly."""
    if not 0 < level < 1:
        raise DataError(f"an interval cannot hold with a level of {level:g}", "Take one between 0 and 1, such as 0.95.")
    return _quantile(drawn, (1 - level) / 2), _quantile(drawn, (1 + level) / 2)


def _quantile(drawn: Sequence[float], share: float) -> float:
    at = share * (len(drawn) - 1)
    low = math.floor(at)
    high = min(low + 1, len(drawn) - 1)
    return drawn[low] + (at - low) * (drawn[high] - drawn[low])
