"""Near-duplicates by ROUGE-L, found without comparing all pairs.

Of a text's words the rarest are counted among the rarest of all texts that are remembered, at once (`counts.py`); the
few that have as many of them as they must (`bounds.py`) are compared with it, the earliest first (bit-parallel,
rapidfuzz). They are exactly those that comparing all pairs would find. The time grows with the texts, by some
nanoseconds for each.

Where a number of texts is set that is enough of that, the next ones are compared with those that share a rare run of
words with them (`shingles.py`): nearly all that there are (benchmarks/README.md), in a time that does not grow.

A word is guessed to be the rarer the later it first came, which decides how fast this is and nothing else.

The shortest texts have no rule of their own: at 0.7, two of the same length up to three words are near-duplicates only
if they are the same, and one of two words is like one of three that has them in order (0.8). Of a text longer than
`MOST` words, the first ones are compared.

Memory: about 700 bytes for a text of 20 words and 20 for each further word; where only shingles are searched, half a
kilobyte, and 2 to 4 bytes for each further word.
"""

from __future__ import annotations

import hashlib
import sys
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property, partial
from operator import itemgetter
from typing import TypeAlias

from satsuma.selecting.bounds import BAND, MOST, Bounds
from satsuma.selecting.counts import Counts
from satsuma.selecting.shingles import BITS, Shingles, shingles

CHARACTERS = 0x110000
"""Words that can be told apart by a character each; later ones are numbers, which takes more room."""

_PLACE = itemgetter(2)
_FOUR_BYTES = "utf-32-le" if sys.byteorder == "little" else "utf-32-be"

Packed: TypeAlias = str | tuple[int, ...]
"""A text as the numbers of its words: characters where there are enough of them."""


class _Numbers(dict[str, int]):
    """Numbers words in the order in which they come, and each repetition of a word in a text as a word of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.given: list[str] = []
        self._following = array("I")

    def __missing__(self, word: str) -> int:
        self[word] = number = self._new(word)
        return number

    def each(self, text: Iterable[int]) -> list[int]:
        """The numbers of a text's words, each occurrence by itself, in no order."""
        counted = Counter(text)
        found, following = [*counted], self._following
        for number, times in [one for one in counted.items() if one[1] > 1]:
            for _ in range(times - 1):
                number = following[number] or self._again(number)
                found.append(number)
        return found

    def _again(self, before: int) -> int:
        """The number of a word's next repetition, which has none yet."""
        self._following[before] = number = self._new("")
        return number

    def _new(self, word: str) -> int:
        self.given.append(word)
        self._following.append(0)  # which no repetition can be
        return len(self.given) - 1


class NearTexts:
    """The texts so far that are not near-duplicates of one another, each with its index."""

    def __init__(self, threshold: float, exact: int | None = None) -> None:
        """exact: the number of texts from which on shingles are searched; never where left out."""
        from rapidfuzz import process
        from rapidfuzz.distance import LCSseq

        self._bounds = Bounds(threshold)
        self._exact = exact
        self._numbers = _Numbers()
        self._texts: list[Packed] = []
        self._indices = array("Q")
        self._counts = Counts()
        self._runs = _Runs(self._numbers)
        self._own_numbers = _Numbers()
        self._owns: dict[int, Packed] = {}
        self._common = LCSseq.similarity
        self._alike = partial(process.extract, scorer=LCSseq.similarity, limit=None)

    def first(self, words: Sequence[str], index: int, own: Sequence[str] = ()) -> tuple[int, float] | None:
        """The earliest text with a ROUGE-L of the threshold or more, and its ROUGE-L; if there is none, remember this.

        own: the part of the words that the text shares with no other on purpose; texts that both have one are
        near-duplicates if these are as near as the texts have to be, and how near these are is said then. A text
        without words is like no other, and is not remembered.
        """
        if not words:
            return None
        numbers = self._numbered(words)
        text, part, runs = _packed(numbers), self._part(own), None
        if not self._searches_all:
            runs = self._runs.of(numbers)
            near = self._nearest(text, [self._runs.found(runs)], part)
        else:
            self._count_all()
            rare = self._rarest(numbers)
            near = self._nearest(text, self._counts.found(rare, self._bounds.least(len(text))), part)
            if near is None:
                self._counts.add(rare, BAND[len(text)])
        if near is None:
            self._keep(text, index, part, runs)
        return near

    def remember(self, words: Sequence[str], index: int, own: Sequence[str] = ()) -> None:
        """Remember a text that is known to be near none."""
        if words:
            self._keep(_packed(self._numbered(words)), index, self._part(own))

    @property
    def _searches_all(self) -> bool:
        return self._exact is None or len(self._texts) < self._exact

    def _numbered(self, words: Sequence[str]) -> list[int]:
        return [*map(self._numbers.__getitem__, words[:MOST])]

    def _part(self, own: Sequence[str]) -> Packed:
        return _packed([*map(self._own_numbers.__getitem__, own[:MOST])]) if own else ""

    def _nearest(self, text: Packed, found: Iterable[list[int]], own: Packed) -> tuple[int, float] | None:
        m, bounds, texts = len(text), self._bounds, self._texts
        least = bounds.needed(m, bounds.shortest(m))
        for some in found:
            others = [texts[at] for at in some]
            alike = self._alike(text, others, score_cutoff=least)
            for other, common, place in sorted(alike, key=_PLACE):
                if common >= bounds.needed(m, len(other)):
                    near = self._both_near(own, self._owns.get(some[place], ""), 2 * common / (m + len(other)))
                    if near is not None:
                        return self._indices[some[place]], near
        return None

    def _both_near(self, own: Packed, other: Packed, whole: float) -> float | None:
        """How near texts are of which the whole is near; None if their own parts are not."""
        if not own or not other:
            return whole
        m, n = len(own), len(other)
        common = self._common(own, other)
        return 2 * common / (m + n) if common >= self._bounds.needed(m, n) else None

    def _count_all(self) -> None:
        """Count the words of those texts that were remembered without being searched for."""
        while self._counts.size < len(self._texts):
            text = self._texts[self._counts.size]
            self._counts.add(self._rarest(_unpacked(text)), BAND[len(text)])

    def _rarest(self, text: Iterable[int]) -> list[int]:
        """The words of a text that are counted, the rarest first."""
        each = self._numbers.each(text)
        each.sort(reverse=True)
        return each[: self._bounds.counted(len(each))]

    def _keep(self, text: Packed, index: int, own: Packed, runs: Iterable[int] | None = None) -> None:
        """Search this text, too, from now on. Runs are gathered in the last quarter of those that are all searched.

        runs: those of this text, where they are known.
        """
        if own:
            self._owns[len(self._texts)] = own
        self._texts.append(text)
        self._indices.append(index)
        size = len(self._texts)
        if runs is not None:
            self._runs.add(runs)
        elif self._exact is not None and 4 * size > 3 * self._exact:
            while self._runs.size < min(size, 4 * size - 3 * self._exact):
                self._runs.add(self._runs.of(_unpacked(self._texts[self._runs.size])))
            if size == self._exact:
                self._counts = Counts()


class _Runs:
    """The shingles of texts that are told as the numbers of their words."""

    def __init__(self, numbers: _Numbers) -> None:
        self._words = numbers.given
        self._drawn = array("Q")

    @cached_property
    def _shingles(self) -> Shingles:
        """Made when it is needed: most runs stay below, and its table is large."""
        return Shingles()

    @property
    def size(self) -> int:
        """How many texts there are."""
        return self._shingles.size

    def add(self, runs: Iterable[int]) -> None:
        """One more text."""
        self._shingles.add(runs)

    def found(self, runs: Iterable[int]) -> list[int]:
        """The texts that share a shingle, in order."""
        return self._shingles.found(runs)

    def of(self, numbers: Iterable[int]) -> set[int]:
        """The shingles of a text. Words have random numbers there, which follow from the words themselves."""
        for word in self._words[len(self._drawn) :]:
            digest = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=BITS // 8).digest()
            self._drawn.append(int.from_bytes(digest, "big"))
        return shingles([*map(self._drawn.__getitem__, numbers)])


def _packed(numbers: Sequence[int]) -> Packed:
    """A character for each word, which is small and quick to compare, as long as there are characters enough."""
    if max(numbers) >= CHARACTERS:
        return tuple(numbers)
    return array("I", numbers).tobytes().decode(_FOUR_BYTES, "surrogatepass")


def _unpacked(text: Packed) -> Iterable[int]:
    return map(ord, text) if isinstance(text, str) else text
