"""Texts that one may ask which of them are near to another: all of them, exactly those that comparing all would find.

Near is a ROUGE-L (`satsuma.selecting.rouge`) of the threshold t or more. Texts of m and n words that are as near have
at least t (m + n) / 2 words in common, so the rarest m - c + 1 words of one and n - d + 1 of the other share a word,
where c and d are the least that each must have in common with any text that could be near to it (prefix filtering:
Chaudhuri et al. 2006). Those that do are compared (bit-parallel, rapidfuzz). The k-th occurrence of a word in a text
counts as a word of its own. Of a text longer than `MOST` words, the first ones are compared.

Unlike `satsuma.selecting.near`, what is asked is not remembered, and every near text is found, not the first.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

from satsuma.selecting.bounds import MOST


class NearRows:
    """Texts by their number in the order in which they were given."""

    def __init__(self, texts: Sequence[Sequence[str]], threshold: float) -> None:
        self._threshold = threshold
        self._texts = [tuple(text[:MOST]) for text in texts]
        each = [_occurrences(text) for text in self._texts]
        self._frequency = Counter(word for words in each for word in words)
        self._holders: dict[tuple[str, int], list[int]] = defaultdict(list)
        for number, words in enumerate(each):
            for word in self._rarest(words):
                self._holders[word].append(number)

    def near(self, words: Sequence[str]) -> list[tuple[int, float]]:
        """The texts that are near to this one and their ROUGE-L, by number."""
        from rapidfuzz.distance import LCSseq

        text = tuple(words[:MOST])
        found = {number for word in self._rarest(_occurrences(text)) for number in self._holders.get(word, ())}
        near = []
        for number in sorted(found):
            total = len(text) + len(self._texts[number])
            least = math.ceil(self._threshold * total / 2 - 1e-9)
            common = LCSseq.similarity(text, self._texts[number], score_cutoff=least)
            if common >= least:
                near.append((number, 2 * common / total))
        return near

    def _rarest(self, words: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
        """The rarest words, as many as a near text must share one of."""
        if not words:
            return []
        size, t = len(words), self._threshold
        shortest = max(1, math.ceil(size * t / (2 - t) - 1e-9))
        least = max(1, math.ceil(t * (size + shortest) / 2 - 1e-9))
        ordered = sorted(words, key=lambda word: (self._frequency[word], word))
        return ordered[: size - least + 1]


def _occurrences(text: Sequence[str]) -> list[tuple[str, int]]:
    seen: Counter[str] = Counter()
    found = []
    for word in text:
        seen[word] += 1
        found.append((word, seen[word]))
    return found
