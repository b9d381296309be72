"""Near-duplicates by ROUGE-L, found without comparing all pairs: exactly those that comparing all pairs would find.

A text is looked up by its keys (`bounds.py`) among those that are remembered (`postings.py`); the few that have one
of them are compared with it, the earliest first (bit-parallel, rapidfuzz).

Keys are made of rare words, so how rare a word is has to be known before all texts are. Any fixed order is right, only
not as fast. Words are ranked as they come, since what comes late is rare; when `COUNTED` texts are there, theirs are
ranked by frequency and the texts are kept again. The k-th occurrence of a word in a text counts as a word of its own.
The order follows from the texts and their order alone, and what is found does not depend on it at all.

The shortest texts have no rule of their own: at 0.7, two of the same length up to three words are near-duplicates only
if they are the same, and one of two words is like one of three that has them in order (0.8). Of a text longer than
`MOST` words, the first ones are compared.

Memory: about 1 kB for a text of 20 words, and 40 bytes for each further word.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import TypeAlias

from satsuma.curate.bounds import MOST, Bounds, keys
from satsuma.curate.postings import Postings

COUNTED = (256, 4096)
"""Numbers of texts at which the words are ranked by how frequent they are so far."""
CHARACTERS = 0x110000
"""Words that can be told apart by a character each; later ones are numbers, which takes more room."""
_SHIFT = 40
_NUMBER = (1 << _SHIFT) - 1

Packed: TypeAlias = str | tuple[int, ...]
"""A text as the numbers of its words: characters where there are enough of them."""


class _Numbers(dict[str | int, int]):
    """Numbers words in the order in which they come. A repeated one is a word of its own: its number and how often."""

    __slots__ = ()

    def __missing__(self, word: str | int) -> int:
        self[word] = number = len(self)
        return number

    def each(self, text: Sequence[int]) -> list[int]:
        """The numbers of a text's words, each occurrence by itself."""
        counts = Counter(text)
        if len(counts) == len(text):
            return [*counts]
        return [*counts, *(self[n | k << _SHIFT] for n, times in counts.items() for k in range(1, times))]

    def ordered(self, counts: Mapping[int, int]) -> tuple[_Numbers, Sequence[int]]:
        """The counted words numbered anew, the most frequent first; and number → new number."""
        order = sorted(counts, key=lambda number: (-counts[number], number))
        new = [0] * len(self)
        for rank, number in enumerate(order):
            new[number] = rank
        kept = {new[number]: word for word, number in self.items() if number in counts}
        numbers = _Numbers()
        for rank in range(len(order)):
            word = kept[rank]
            if isinstance(word, int):
                word = new[word & _NUMBER] | word >> _SHIFT << _SHIFT
            numbers[word] = rank
        return numbers, new


class NearTexts:
    """The texts so far that are not near-duplicates of one another, each with its index.

    counted: the numbers of texts at which words are ranked anew, which decides how fast it is and nothing else.
    """

    def __init__(self, threshold: float, counted: Collection[int] = COUNTED) -> None:
        from rapidfuzz import process
        from rapidfuzz.distance import LCSseq

        self._bounds = Bounds(threshold)
        self._counted = frozenset(counted)
        self._numbers = _Numbers()
        self._texts: list[Packed] = []
        self._indices = array("Q")
        self._postings = Postings()
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
        known = len(self._numbers)
        numbers = [*map(self._numbers.__getitem__, words[:MOST])]
        text, ranks = _packed(numbers), self._ranked(numbers)
        near = self._nearest(text, ranks, known, part)
        if near is None:
            if part:
                self._owns[len(self._texts)] = part
            self._texts.append(text)
            self._indices.append(index)
            self._keep(ranks, len(self._texts) - 1)
            if len(self._texts) in self._counted:
                self._count()
        return near

    def _nearest(self, text: Packed, ranks: Sequence[int], known: int, own: Packed) -> tuple[int, float] | None:
        """known: how many words there were before; later ones are in no earlier text and make no key."""
        m, bounds, texts = len(text), self._bounds, self._texts
        low, high = bounds.shortest(m), bounds.longest(m)
        sought = [key for reach in bounds.looked_up(m) for key in keys(ranks, reach, known)]
        found = [at for at in sorted(self._postings.owners(sought)) if low <= len(texts[at]) <= high]
        if not found:
            return None
        others = [texts[at] for at in found]
        for other, common, place in self._alike(text, others, score_cutoff=bounds.needed(m, low)):
            if common >= bounds.needed(m, len(other)):
                near = self._both_near(own, self._owns.get(found[place], ""), 2 * common / (m + len(other)))
                if near is not None:
                    return self._indices[found[place]], near
        return None

    def _both_near(self, own: Packed, other: Packed, whole: float) -> float | None:
        """How near texts are of which the whole is near; None if their own parts are not."""
        if not own or not other:
            return whole
        m, n = len(own), len(other)
        common = self._common(own, other)
        return 2 * common / (m + n) if common >= self._bounds.needed(m, n) else None

    def _ranked(self, numbers: Sequence[int]) -> list[int]:
        """A text's words, each occurrence by itself, rarest first."""
        return sorted(self._numbers.each(numbers), reverse=True)

    def _keep(self, ranks: Sequence[int], owner: int) -> None:
        self._postings.add(keys(ranks, self._bounds.kept(len(ranks))), owner)

    def _count(self) -> None:
        """Number the words by how frequent they are, and keep the texts by these numbers."""
        counts: Counter[int] = Counter()
        for text in self._texts:
            counts.update(self._numbers.each(_unpacked(text)))
        self._numbers, new = self._numbers.ordered(counts)
        self._texts = [_packed([new[number] for number in _unpacked(text)]) for text in self._texts]
        self._postings = Postings()
        for owner, text in enumerate(self._texts):
            self._keep(self._ranked(_unpacked(text)), owner)


def _packed(numbers: Sequence[int]) -> Packed:
    """A character for each word, which is small and quick to compare, as long as there are characters enough."""
    return "".join(map(chr, numbers)) if max(numbers) < CHARACTERS else tuple(numbers)


def _unpacked(text: Packed) -> Sequence[int]:
    return [ord(character) for character in text] if isinstance(text, str) else text
