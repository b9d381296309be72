"""Self-BLEU (Zhu et al. 2018; TarGEN): how much each text is made of n-grams of the others.

Self-BLEU-n is the mean over the texts of BLEU with n-grams up to n, all weighted alike, of that text against all
other texts as its references. As in TarGEN's program, that is nltk's `sentence_bleu` with
`SmoothingFunction().method1`: a precision without a match counts as 0.1 match (Chen and Cherry 2014), BLEU is 0 if not
one word occurs elsewhere, and the brevity penalty compares with the length that is nearest (of two, the shorter).

nltk looks through all texts for each: n² steps. BLEU needs only, for each n-gram, how often it occurs in the one text
that has it most often; without the text itself, that is the greatest count, or the second greatest where the text
itself has the greatest. So two counts for each n-gram give all scores exactly in one pass. Not covered: stop words,
other smoothing; texts are compared case and all, as they are written.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from satsuma.measures.outcome import NotDefined

ORDERS = (1, 2, 3, 4, 5)
EPSILON = 0.1
"""What a precision without a match counts: so much of a match."""
_Gram = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SelfBleu:
    """Means over the texts, 0 (nothing in common) to 1 (every text occurs twice). instances: that were compared."""

    instances: int
    self_bleu_1: float
    self_bleu_2: float
    self_bleu_3: float
    self_bleu_4: float
    self_bleu_5: float


def self_bleu(texts: Sequence[Sequence[str]]) -> SelfBleu | NotDefined:
    """Self-BLEU of tokenized texts; not defined for fewer than two."""
    if len(texts) < 2:
        return NotDefined("self-BLEU needs two texts or more")
    scores = [math.fsum(column) / len(texts) for column in zip(*self_bleu_scores(texts), strict=True)]
    return SelfBleu(len(texts), *scores)


def self_bleu_scores(texts: Sequence[Sequence[str]]) -> list[tuple[float, ...]]:
    """For each of two or more texts, BLEU with n-grams up to 1, 2, 3, 4 and 5 against all others."""
    matches = [_matches(texts, order) for order in ORDERS]
    lengths = sorted(map(len, texts))
    return [
        _bleu([column[at] for column in matches], len(text), _nearest(lengths, len(text)))
        for at, text in enumerate(texts)
    ]


def _matches(texts: Sequence[Sequence[str]], order: int) -> list[tuple[int, int]]:
    """For each text, the n-grams of one order that others have too (each as often as one of them has it), and all."""
    counted = [Counter(zip(*(text[i:] for i in range(order)), strict=False)) for text in texts]
    most, second = _two_largest(counted)
    found = []
    for counts in counted:
        shared = sum(min(count, second[gram] if count == most[gram] else most[gram]) for gram, count in counts.items())
        found.append((shared, max(1, counts.total())))
    return found


def _two_largest(counted: Sequence[Mapping[_Gram, int]]) -> tuple[dict[_Gram, int], dict[_Gram, int]]:
    """The largest and the second largest count of each n-gram in a text; equal where two texts have as many."""
    most: dict[_Gram, int] = {}
    second: dict[_Gram, int] = {}
    for counts in counted:
        for gram, count in counts.items():
            largest = most.get(gram, 0)
            if count > largest:
                most[gram], second[gram] = count, largest
            elif count > second[gram]:
                second[gram] = count
    return most, second


def _nearest(lengths: Sequence[int], length: int) -> int:
    """The length of another text that is nearest; lengths: of all texts, in order."""
    at = bisect_left(lengths, length)
    if at + 1 < len(lengths) and lengths[at + 1] == length:
        return length
    around = [lengths[i] for i in (at - 1, at + 1) if 0 <= i < len(lengths)]
    return min(around, key=lambda other: (abs(other - length), other))


def _bleu(matches: Sequence[tuple[int, int]], length: int, reference: int) -> tuple[float, ...]:
    """BLEU up to each order. matches: shared and all n-grams of each order."""
    if not matches[0][0]:
        return (0.0,) * len(matches)
    penalty = 1.0 if length > reference else math.exp(1 - reference / length)
    logs = [math.log((shared or EPSILON) / total) for shared, total in matches]
    return tuple(penalty * math.exp(math.fsum(logs[:order]) / order) for order in range(1, len(logs) + 1))
