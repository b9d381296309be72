"""What two texts must have in common to be near-duplicates: from their lengths alone to keys that both must have.

Texts of m and n words have a ROUGE-L of at least t if their longest common subsequence has at least
`needed` = ⌈t (m + n) / 2⌉ words. Hence

* n lies between `shortest(m)` and `longest(m)`, since no common subsequence is longer than either text;
* the two multisets of words share as many, since a common subsequence is a common part of both;
* prefix filter (Chaudhuri, Ganti and Kaushik 2006; Bayardo, Ma and Srikant 2007): with the words of every text in one
  fixed order, rare ones first, both texts have g + 1 of the shared ones among their first m - needed + 1 + g (of n:
  n - needed + 1 + g);
* pigeonhole: with all words dealt into g groups, two of these g + 1 are in the same group. So the pairs of words that
  stand in one group are keys, and every text that is near enough has a key of the new one.

Two rather rare words occur together in few texts, where a single one occurs in many. Words are dealt by their rank, so
that words of about the same frequency (those of a form that all texts have) come into different groups and make no
key. g is a power of two that depends on the length of the text that is kept, chosen so that it has about one key for
each word; the keys for 2 g are among those for g, so a text is looked up once for several lengths.

The threshold is the decimal that was written, and the comparison is exact: 7 of 10 words in common are 0.7.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

MOST = 2048
"""Words of a text that are compared, the first ones: what two texts of a megabyte have in common takes seconds."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Which words make keys: the `size` rarest, dealt into so many groups; 0 groups: each by itself."""

    groups: int
    size: int


class Bounds:
    """The bounds of a threshold, from above 0 to 1."""

    def __init__(self, threshold: float) -> None:
        exact = Fraction(repr(float(threshold)))
        self._part, self._whole = exact.numerator, exact.denominator
        self._kept: dict[int, Reach] = {}
        self._looked_up: dict[int, tuple[Reach, ...]] = {}

    def needed(self, m: int, n: int) -> int:
        """The words that texts of m and n words have in common at the least if they are near-duplicates."""
        return -(-self._part * (m + n) // (2 * self._whole))

    def shortest(self, m: int) -> int:
        """The length of the shortest text that one of m words can be like."""
        return -(-self._part * m // (2 * self._whole - self._part))

    def longest(self, m: int) -> int:
        """The length of the longest text that one of m words can be like."""
        return min(MOST, m * (2 * self._whole - self._part) // self._part)

    def kept(self, n: int) -> Reach:
        """The keys under which a text of n words is kept: they serve for whatever length may come."""
        reach = self._kept.get(n)
        if reach is None:
            groups = self._groups(n)
            reach = self._kept[n] = Reach(groups, n - self.shortest(n) + 1 + groups)
        return reach

    def looked_up(self, m: int) -> tuple[Reach, ...]:
        """The keys by which a text of m words finds all that it can be like."""
        reaches = self._looked_up.get(m)
        if reaches is None:
            reaches = self._looked_up[m] = tuple(self._reaches(m))
        return reaches

    def _reaches(self, m: int) -> Iterator[Reach]:
        """One for each number of groups that the texts of suitable lengths have, unless an earlier one holds it."""
        last, largest = -1, 0
        for n in range(self.shortest(m), self.longest(m) + 1):
            groups = self._groups(n)
            size = m - self.needed(m, n) + 1 + groups
            if groups != last and (size > largest or last == 0):
                yield Reach(groups, size)
                largest = size
            last = groups

    def _groups(self, n: int) -> int:
        """A power of two near half of the rare words, which makes few keys of them."""
        shortest = self.shortest(n)
        most = min((n - shortest + 1) // 2, shortest - 1)
        return 1 << (most.bit_length() - 1) if most > 0 else 0


def keys(ranks: Sequence[int], reach: Reach, known: int | None = None) -> list[int]:
    """The keys of a text; different ones may coincide.

    ranks: of its words, rarest first. known: the number from which on ranks make no key, though they count as rare.
    """
    rare = ranks[: reach.size]
    if known is not None:
        rare = [rank for rank in rare if rank < known]
    if not reach.groups:
        return [*map(hash, combinations(rare, 1))]
    dealt: list[list[int]] = [[] for _ in range(reach.groups)]
    for rank in rare:
        dealt[rank % reach.groups].append(rank)
    found: list[int] = []
    for group in dealt:
        if len(group) > 1:
            found += map(hash, combinations(group, 2))
    return found
