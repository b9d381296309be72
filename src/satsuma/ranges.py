"""A quantity that is not known exactly: a low, a likely and a high value, with the little arithmetic that takes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Range:
    """Low, likely and high, in this order."""

    low: float
    likely: float
    high: float

    @classmethod
    def exactly(cls, value: float) -> Range:
        """A value that is known."""
        return cls(value, value, value)

    @classmethod
    def total(cls, parts: Iterable[Range]) -> Range:
        """The sum, low with low and high with high: wider than the sum of independent quantities is."""
        total = cls.exactly(0)
        for part in parts:
            total = cls(total.low + part.low, total.likely + part.likely, total.high + part.high)
        return total

    @classmethod
    def of_draws(cls, draws: Sequence[float], likely: float, share: float = 0.9) -> Range:
        """The range that holds this share of the draws, widened to hold the likely value."""
        ordered = sorted(draws)
        beyond = int(len(ordered) * (1 - share) / 2)
        return cls(min(ordered[beyond], likely), likely, max(ordered[-1 - beyond], likely))

    def __mul__(self, other: Range) -> Range:
        """The product of two quantities that are not below 0, low with low and high with high."""
        return Range(self.low * other.low, self.likely * other.likely, self.high * other.high)

    def times(self, other: Range) -> Range:
        """The product of two independent quantities: how far each may be off, as a factor, adds as errors do."""
        likely = self.likely * other.likely
        if likely <= 0 or min(self.low, other.low) <= 0:
            return self * other
        down = math.hypot(math.log(self.likely / self.low), math.log(other.likely / other.low))
        up = math.hypot(math.log(self.high / self.likely), math.log(other.high / other.likely))
        return Range(likely * math.exp(-down), likely, likely * math.exp(up))

    def holding(self, value: float) -> Range:
        """The same, widened to hold a value."""
        return Range(min(self.low, value), self.likely, max(self.high, value))

    def at_least(self, floor: float) -> Range:
        """The same, knowing that it is not less than the floor."""
        return Range(max(self.low, floor), max(self.likely, floor), max(self.high, floor))
