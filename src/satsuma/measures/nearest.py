"""For each text the one of all others that is most like it by ROUGE-L, found exactly without comparing all words.

ROUGE-L of texts of m and n words is 2 L / (m + n), L their longest common subsequence (`satsuma.selecting.rouge`). With
words folded into 256 classes, equal words stay equal, so the L of the folded texts is never below the true one: a
bound that costs a few nanoseconds a pair, since a text is then a string of bytes (bit-parallel LCS: Hyyrö 2004,
rapidfuzz). The most frequent words have a class of their own, so the bound is close. All pairs are bounded, block by
block; the pairs with the highest bounds are compared first, and after that only those whose bound is above what one
of the two texts has already. What is found is what comparing all pairs finds (a recall of 1).

Memory: a block of `CELLS` pairs and the texts. Of a text longer than `MOST` words, the first ones count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from satsuma.selecting.bounds import MOST

if TYPE_CHECKING:
    import numpy as np

Array: TypeAlias = "np.ndarray"
CELLS = 1_000_000
"""Pairs that are bounded at a time."""
_CLASSES = 256
_CHARACTERS = 0x110000
_LOOKS = 3
_Words = Sequence[Hashable]


@dataclass(frozen=True, slots=True)
class Nearest:
    """similarity: float64, for each text its greatest ROUGE-L with another, 0 to 1. neighbour: int64, that other one.

    neighbour is -1 where nothing is in common. compared: pairs whose words were compared.
    """

    similarity: Array
    neighbour: Array
    compared: int


def nearest(texts: Sequence[_Words]) -> Nearest:
    """The nearest other text of each, by ROUGE-L of their words."""
    return _Search([text[:MOST] for text in texts]).done()


class _Search:
    """One search: the texts in both forms, and the best of each so far."""

    def __init__(self, texts: Sequence[_Words]) -> None:
        import numpy as np

        self._exact, self._folded = _coded(texts)
        self._lengths = np.array([len(text) for text in texts], np.float64)
        self._best = np.zeros(len(texts))
        self._neighbour = np.full(len(texts), -1)
        self._compared = 0

    def done(self) -> Nearest:
        size = len(self._exact)
        rows = max(1, CELLS // max(size, 1))
        for start in range(0, size, rows):
            self._block(start, min(start + rows, size))
        return Nearest(self._best, self._neighbour, self._compared)

    def _block(self, start: int, end: int) -> None:
        """Compare the texts from start to end with one another and with all that come after them."""
        import numpy as np

        bound = self._bounds(start, end)
        rows = np.arange(end - start)
        for _ in range(_LOOKS):
            columns = bound.argmax(axis=1)
            seen = bound[rows, columns] > 0
            for row, column in zip(rows[seen].tolist(), columns[seen], strict=True):
                self._compare(start + row, np.array([start + column]))
            bound[rows, columns] = 0
        # Fractions with denominators up to 2 * MOST that differ, differ in float32 too: this comparison is exact.
        best = self._best.astype(np.float32)
        for row in rows.tolist():
            better = np.flatnonzero((bound[row] > best[start + row]) | (bound[row] > best[start:]))
            if len(better):
                self._compare(start + row, start + better)

    def _bounds(self, start: int, end: int) -> Array:
        """The greatest ROUGE-L that a pair can have; 0 for pairs that are no pairs or have been seen."""
        import numpy as np
        from rapidfuzz.distance import LCSseq
        from rapidfuzz.process import cdist

        folded = self._folded
        common = cdist(folded[start:end], folded[start:], scorer=LCSseq.similarity, dtype=np.uint16)
        lengths = self._lengths.astype(np.float32)
        sums = lengths[start:end, None] + lengths[None, start:]
        bound: Array = np.divide(common * np.float32(2), sums, out=np.zeros(sums.shape, np.float32), where=common > 0)
        bound[np.tril_indices(end - start)] = 0
        return bound

    def _compare(self, one: int, others: Array) -> None:
        """Compare one text with others, each of which is another one."""
        import numpy as np
        from rapidfuzz.distance import LCSseq
        from rapidfuzz.process import cdist

        texts = [self._exact[other] for other in others.tolist()]
        common = cdist([self._exact[one]], texts, scorer=LCSseq.similarity, dtype=np.uint16)[0]
        self._compared += len(texts)
        similarity = 2.0 * common / (self._lengths[one] + self._lengths[others])
        self._offer(others, similarity, one)
        first = similarity.argmax()
        self._offer(np.array([one]), similarity[first : first + 1], others[first])

    def _offer(self, texts: Array, similarity: Array, neighbour: int) -> None:
        better = similarity > self._best[texts]
        self._best[texts[better]] = similarity[better]
        self._neighbour[texts[better]] = neighbour


def _coded(texts: Sequence[_Words]) -> tuple[list[Sequence[int] | str], list[bytes]]:
    """The texts with a number, and with a byte, for each word that two of them have; frequent words have small ones."""
    counts = Counter(word for text in texts for word in set(text))
    codes = {word: code for code, (word, count) in enumerate(counts.most_common()) if count > 1}
    numbered = [[codes[word] for word in text if word in codes] for text in texts]
    folded = [bytes([code % _CLASSES for code in text]) for text in numbered]
    if len(codes) <= _CHARACTERS:
        return ["".join(map(chr, text)) for text in numbered], folded
    return [tuple(text) for text in numbered], folded
