"""Mean, extremes and quantiles of whole numbers that come one by one, exactly and in little memory.

Kept is how often each number came; numbers of more than `FINE` are kept to three digits.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

FINE = 10_000


@dataclass(frozen=True, slots=True)
class Spread:
    """A distribution: its mean, least and greatest value, and 5%, 25%, 50%, 75%, 95%."""

    mean: float
    least: float
    most: float
    quantiles: tuple[float, float, float, float, float]


class SpreadTally:
    """Counts numbers from 0 on."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()
        self._sum = 0

    def add(self, number: int) -> None:
        """The next number."""
        self._sum += number
        self._counts[number if number <= FINE else _coarse(number)] += 1

    def result(self) -> Spread:
        """The distribution of one number or more."""
        ordered = sorted(self._counts.items())
        total = self._counts.total()
        five, quarter, half, most, nearly = (_quantile(ordered, q * total) for q in (0.05, 0.25, 0.5, 0.75, 0.95))
        return Spread(
            self._sum / total, float(ordered[0][0]), float(ordered[-1][0]), (five, quarter, half, most, nearly)
        )


def _coarse(number: int) -> int:
    step = int(10 ** (math.floor(math.log10(number)) - 2))
    return number // step * step


def _quantile(ordered: list[tuple[int, int]], reached: float) -> float:
    """The least number that at least so many are not above."""
    below = 0
    for number, count in ordered:
        below += count
        if below >= reached:
            return float(number)
    return float(ordered[-1][0])
