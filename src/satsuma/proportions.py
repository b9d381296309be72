"""Shares that were counted in a sample, with their intervals, and how far two people agree.

The interval is Wilson's score interval (Wilson 1927), which keeps to 0..1 and holds its level for few cases and for
shares near 0 and 1 (Brown, Cai and DasGupta 2001). A stratified sample, a sample without replacement from a finite
population and weights all enter as one number, the effective number of cases: as many as a simple random sample from
an endless population would need for the same variance (Kish 1965; with Wilson's interval: Franco, Little, Louis and
Slud 2019).

Not covered: gains from strata that differ in their shares, which would make the interval narrower.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Z = 1.959963984540054
"""The 97.5% point of the normal distribution: intervals hold 95%."""


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its 95% interval, all from 0 to 1."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Stratum:
    """One stratum of a sample. size: of the population. sampled: cases in the sample. right: of these, how many hold.

    right may be a fraction where those who judged a case differ.
    """

    size: int
    sampled: int
    right: float


def wilson(value: float, cases: float, z: float = Z) -> Share:
    """Wilson's interval about a share of so many cases; cases may be a fraction, or infinite where all were seen.

    Raises:
        ValueError: there are no cases.
    """
    if cases <= 0:
        raise ValueError("a share of no cases has no interval")
    if math.isinf(cases):
        return Share(value, value, value)
    squared = z * z / cases
    middle = (value + squared / 2) / (1 + squared)
    half = z / (1 + squared) * math.sqrt(value * (1 - value) / cases + squared / (4 * cases))
    return Share(value, min(value, max(0.0, middle - half)), max(value, min(1.0, middle + half)))


def stratified(strata: Sequence[Stratum]) -> Share | None:
    """The share in the whole population, each stratum weighing as much as its size; None if one was not sampled.

    Strata are taken to have been sampled without replacement.
    """
    strata = [stratum for stratum in strata if stratum.size]
    if not strata or any(stratum.sampled == 0 for stratum in strata):
        return None
    whole = sum(stratum.size for stratum in strata)
    value = sum(stratum.size / whole * stratum.right / stratum.sampled for stratum in strata)
    variance = sum(
        (stratum.size / whole) ** 2 * (1 - stratum.sampled / stratum.size) / stratum.sampled for stratum in strata
    )
    return wilson(value, 1 / variance if variance > 0 else math.inf)


def kappa(pairs: Iterable[tuple[object, object]]) -> float | None:
    """Cohen's kappa (Cohen 1960): agreement beyond chance, 1 for always, 0 for as much as chance gives.

    pairs: what either of two people said of the same case. None where it is not defined: no cases, or both always said
    the same one thing.
    """
    counted = Counter(pairs)
    total = counted.total()
    if not total:
        return None
    ours, theirs = Counter[object](), Counter[object]()
    for (one, other), times in counted.items():
        ours[one] += times
        theirs[other] += times
    agreed = sum(times for (one, other), times in counted.items() if one == other) / total
    by_chance = sum(times * theirs[said] for said, times in ours.items()) / total**2
    return None if by_chance == 1 else (agreed - by_chance) / (1 - by_chance)
