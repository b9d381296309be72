"""How many words and n-grams there are: TarGEN's vocabulary, distinct-n, and DataTune's Table 3.

With the tokens of `satsuma.measures.tokens`, over the texts (the input, not the label):

* `vocabulary`: the different tokens of an instance that are no stop words, counted per instance and summed over the
  instances (TarGEN, analysis of lexical diversity; its program counts tokens of spaCy, punctuation and case included);
* `distinct_n`: different n-grams over all n-grams of the dataset, for n = 1 to 4 (Li et al. 2016), in lower case;
* `unique_bigrams_per_example`: different bigrams of the dataset over its instances, in lower case (DataTune, Table 3);
* `tokens_per_example`: tokens over instances (DataTune, Table 3).

All of them but the last depend on how many instances there are: compare datasets of one size, as
`satsuma analyze --against` does. Not covered: stop words of other languages than English.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from satsuma.measures.distinct import Distinct, Hashes, TokenHashes, joined
from satsuma.measures.outcome import NotDefined
from satsuma.measures.stopwords import STOP_WORDS

ORDERS = (1, 2, 3, 4)
_BUFFER = 1 << 16


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Counts of words and n-grams.

    instances: that were counted. exact: whether no count is an estimate (`satsuma.measures.distinct`).
    """

    instances: int
    vocabulary: int
    vocabulary_per_example: float
    distinct_1: float
    distinct_2: float
    distinct_3: float
    distinct_4: float
    unique_bigrams_per_example: float
    tokens_per_example: float
    exact: bool


class VocabularyTally:
    """Counts instance by instance, in bounded memory."""

    def __init__(self) -> None:
        self._instances = 0
        self._words = 0
        self._totals = dict.fromkeys(ORDERS, 0)
        self._distinct = {order: Distinct() for order in ORDERS}
        self._hash = TokenHashes()
        self._hashes: list[int] = []
        self._lengths: list[int] = []

    def add(self, tokens: Sequence[str]) -> None:
        """The tokens of one instance, as they are written."""
        self._instances += 1
        low = [token.lower() for token in tokens]
        self._words += len({token for token, lower in zip(tokens, low, strict=True) if lower not in STOP_WORDS})
        self._hashes += map(self._hash, low)
        self._lengths.append(len(low))
        if len(self._hashes) >= _BUFFER:
            self._flush()

    def result(self) -> Vocabulary | NotDefined:
        """The counts; not defined without instances."""
        if not self._instances:
            return NotDefined("there are no instances")
        self._flush()
        counts = {order: counter.count() for order, counter in self._distinct.items()}
        shares = {order: counts[order] / total if total else 0.0 for order, total in self._totals.items()}
        return Vocabulary(
            instances=self._instances,
            vocabulary=self._words,
            vocabulary_per_example=self._words / self._instances,
            distinct_1=shares[1],
            distinct_2=shares[2],
            distinct_3=shares[3],
            distinct_4=shares[4],
            unique_bigrams_per_example=counts[2] / self._instances,
            tokens_per_example=self._totals[1] / self._instances,
            exact=all(counter.exact for counter in self._distinct.values()),
        )

    def _flush(self) -> None:
        import numpy as np

        single: Hashes = np.array(self._hashes, np.uint64)
        ends = np.cumsum(self._lengths)
        left = np.repeat(ends, self._lengths) - np.arange(len(single))  # tokens of the text from here on
        grams = single
        for order in ORDERS:
            if order > 1:
                grams = joined(grams[:-1], single[order - 1 :])
            inside = grams[left[: len(grams)] >= order]
            self._totals[order] += len(inside)
            self._distinct[order].add(inside)
        self._hashes, self._lengths = [], []
