"""What two texts must have in common to be near-duplicates: from their lengths alone to a count of rare words.

Texts of m and n words have a ROUGE-L of at least t if their longest common subsequence has at least
`needed` = ⌈t (m + n) / 2⌉ words. Hence

* n lies between `shortest(m)` and `longest(m)`, since no common subsequence is longer than either text;
* the two multisets of words share as many, since a common subsequence is a common part of both;
* if words have an order, the first p words of one text and the first q of the other share at least the smaller one of
  p - (m - needed) and q - (n - needed): of what they have in common, at most m - needed of the first text's words are
  not among its first p (Sarawagi and Kirpal 2004; Chaudhuri et al. 2006).

Rare words tell texts apart best, so they come first, and of each text the p rarest are counted: as many as it takes to
say something of the shortest others, which need the fewest words in common, and some to spare. Of those of its own
length a text has to have many more in common then: one of 300 words 87 of 177, where unrelated ones have 3 to 15.

The threshold is the decimal that was written, and the comparison is exact: 7 of 10 words in common are 0.7.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property

MOST = 2048
"""Words of a text that are compared, the first ones: what two texts of a megabyte have in common takes seconds."""
SPARE = 8
"""One in so many words of a text is counted to spare."""
_FINE = 4
"""Bands for each doubling of the length."""


def _bands() -> tuple[list[int], list[int]]:
    """The band of each length, and the shortest length of each band."""
    band_of, shortest = [0], [0]
    for n in range(1, MOST + 1):
        if n**_FINE >= 2 * shortest[-1] ** _FINE:
            shortest.append(n)
        band_of.append(len(shortest) - 1)
    return band_of, shortest


BAND, SHORTEST = _bands()
"""Length → band of lengths; band → its shortest length."""
FIRST_AFTER = [*SHORTEST[1:], MOST + 1]
"""Band → the first length beyond it."""


class Bounds:
    """The bounds of a threshold, from above 0 to 1."""

    def __init__(self, threshold: float) -> None:
        exact = Fraction(repr(float(threshold)))
        self._part, self._whole = exact.numerator, exact.denominator
        self._least: dict[int, tuple[tuple[int, int], ...]] = {}

    def needed(self, m: int, n: int) -> int:
        """The words that texts of m and n words have in common at the least if they are near-duplicates."""
        return -(-self._part * (m + n) // (2 * self._whole))

    def shortest(self, m: int) -> int:
        """The length of the shortest text that one of m words can be like."""
        return -(-self._part * m // (2 * self._whole - self._part))

    def longest(self, m: int) -> int:
        """The length of the longest text that one of m words can be like."""
        return min(MOST, m * (2 * self._whole - self._part) // self._part)

    def counted(self, m: int) -> int:
        """How many of the rarest words of a text of m words are counted."""
        return min(m, m - self.shortest(m) + 2 + m // SPARE)

    def least(self, m: int) -> tuple[tuple[int, int], ...]:
        """Each band of lengths that a text of m words can be like, and how many of its counted words it shares there.

        That many at the least, of those that are counted of the other text.
        """
        found = self._least.get(m)
        if found is None:
            low, high, spared = self.shortest(m), self.longest(m), self.counted(m) - m
            shared = [0] * low + [
                self.needed(m, n) + min(spared, beyond) for n, beyond in enumerate(self._beyond[low : high + 1], low)
            ]
            found = self._least[m] = tuple(
                (band, min(shared[max(low, SHORTEST[band]) : FIRST_AFTER[band]]))
                for band in range(BAND[low], BAND[high] + 1)
            )
        return found

    @cached_property
    def _beyond(self) -> list[int]:
        """For each length: the words that are counted, less all."""
        return [self.counted(n) - n for n in range(MOST + 1)]
