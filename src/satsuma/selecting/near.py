"""Near-duplicates by ROUGE-L, found without comparing all pairs: exactly those that comparing all pairs would find.

Of a text's words the rarest are counted in all texts that are remembered, at once (`counts.py`); the few that have as
many of them as they must (`bounds.py`) are compared with it, the earliest first (bit-parallel, rapidfuzz).

How rare a word is follows from the texts so far, and decides how fast this is and nothing else. The k-th occurrence of
a word in a text counts as a word of its own.

The shortest texts have no rule of their own: at 0.7, two of the same length up to three words are near-duplicates only
if they are the same, and one of two words is like one of three that has them in order (0.8). Of a text longer than
`MOST` words, the first ones are compared.

Memory: about 1 kB for a text of 20 words, and 40 bytes for each further word.
"""

from __future__ import annotations

import sys
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TypeAlias

from satsuma.selecting.bounds import BAND, MOST, Bounds
from satsuma.selecting.counts import TEXTS, Block, places, reaching

CHARACTERS = 0x110000
"""Words that can be told apart by a character each; later ones are numbers, which takes more room."""

_FOUR_BYTES = "utf-32-le" if sys.byteorder == "little" else "utf-32-be"

Packed: TypeAlias = str | tuple[int, ...]
"""A text as the numbers of its words: characters where there are enough of them."""


class _Numbers(dict[str, int]):
    """Numbers words in the order in which they come. Each repetition of a word in a text is a word of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.given = 0
        self._repeated: dict[int, tuple[int, ...]] = {}

    def __missing__(self, word: str) -> int:
        self[word] = number = self.given
        self.given += 1
        return number

    def each(self, text: Sequence[int]) -> list[int]:
        """The numbers of a text's words, each occurrence by itself."""
        counts = Counter(text)
        found = [*counts]
        if len(found) < len(text):
            for number, times in counts.items():
                if times > 1:
                    found += self._again(number, times - 1)
        return found

    def _again(self, number: int, times: int) -> tuple[int, ...]:
        """The numbers of a word's first so many repetitions."""
        known = self._repeated.get(number, ())
        if len(known) < times:
            more = range(self.given, self.given + times - len(known))
            self.given = more.stop
            known = self._repeated[number] = (*known, *more)
        return known[:times]


class NearTexts:
    """The texts so far that are not near-duplicates of one another, each with its index."""

    def __init__(self, threshold: float) -> None:
        from rapidfuzz import process
        from rapidfuzz.distance import LCSseq

        self._bounds = Bounds(threshold)
        self._numbers = _Numbers()
        self._frequency: list[int] = []
        self._texts: list[Packed] = []
        self._indices = array("Q")
        self._blocks: list[Block] = []
        self._own_numbers = _Numbers()
        self._owns: dict[int, Packed] = {}
        self._common = LCSseq.similarity
        self._alike = partial(process.extract_iter, scorer=LCSseq.similarity)

    def first(self, words: Sequence[str], index: int, own: Sequence[str] = ()) -> tuple[int, float] | None:
        """The earliest text with a ROUGE-L of the threshold or more, and its ROUGE-L; if there is none, remember this.

        own: the part of the words that the text shares with no other on purpose; texts that both have one are
        near-duplicates if these are as near as the texts have to be, and how near these are is said then. A text
        without words is like no other, and is not remembered.
        """
        if not words:
            return None
        part = _packed([*map(self._own_numbers.__getitem__, own[:MOST])]) if own else ""
        numbers = [*map(self._numbers.__getitem__, words[:MOST])]
        each, text = self._numbers.each(numbers), _packed(numbers)
        near = self._nearest(text, each, part)
        if near is None:
            if part:
                self._owns[len(self._texts)] = part
            self._texts.append(text)
            self._indices.append(index)
            self._keep(each)
        return near

    def _nearest(self, text: Packed, each: Sequence[int], own: Packed) -> tuple[int, float] | None:
        m, bounds, texts = len(text), self._bounds, self._texts
        least = bounds.needed(m, bounds.shortest(m))
        for found in self._found(m, each):
            others = [texts[at] for at in found]
            for other, common, place in self._alike(text, others, score_cutoff=least):
                if common >= bounds.needed(m, len(other)):
                    near = self._both_near(own, self._owns.get(found[place], ""), 2 * common / (m + len(other)))
                    if near is not None:
                        return self._indices[found[place]], near
        return None

    def _found(self, m: int, each: Sequence[int]) -> Iterator[list[int]]:
        """Those that have as many of the rarest words as they must, in order: block by block, where there are any."""
        frequency = self._frequency
        frequency += [0] * (self._numbers.given - len(frequency))
        sought = self._bounds.sought(m)
        rare = sorted(each, key=frequency.__getitem__)[: sought.words]
        for at, block in enumerate(self._blocks):
            digits = block.counted(rare)
            found = 0
            for band, least in sought.least:
                if texts := block.bands.get(band):
                    found |= reaching(digits, least) & texts
            if found:
                yield [at * TEXTS + place - 1 for place in places(found)]

    def _both_near(self, own: Packed, other: Packed, whole: float) -> float | None:
        """How near texts are of which the whole is near; None if their own parts are not."""
        if not own or not other:
            return whole
        m, n = len(own), len(other)
        common = self._common(own, other)
        return 2 * common / (m + n) if common >= self._bounds.needed(m, n) else None

    def _keep(self, each: Sequence[int]) -> None:
        """Count a text's words from now on."""
        if not self._blocks or self._blocks[-1].size == TEXTS:
            self._blocks.append(Block())
        self._blocks[-1].add(each, BAND[len(each)])
        frequency = self._frequency
        for number in each:
            frequency[number] += 1


def _packed(numbers: Sequence[int]) -> Packed:
    """A character for each word, which is small and quick to compare, as long as there are characters enough."""
    if max(numbers) >= CHARACTERS:
        return tuple(numbers)
    return array("I", numbers).tobytes().decode(_FOUR_BYTES, "surrogatepass")
