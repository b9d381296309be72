"""Measures of answers in words: SQuAD's exact match and token F1, and ROUGE-L.

As SQuAD has them (Rajpurkar et al. 2016, 2018), and ReCoRD (Zhang et al. 2018): lower case, without punctuation and the
articles a, an, the; of several right answers the best counts. No answer is the empty text: it matches itself alone.
Not covered: what is an article in other languages.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeAlias

from satsuma.scoring.agreement import f1_of_counts
from satsuma.scoring.pairs import matched, mean
from satsuma.selecting.rouge import words

References: TypeAlias = Sequence[str | Sequence[str]]
"""For each prediction the right answer, or all of them."""
_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def plain_answer(text: str) -> str:
    """An answer as SQuAD compares it."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def exact(prediction: str, reference: str) -> float:
    """1 if both are the same answer, else 0."""
    return float(plain_answer(prediction) == plain_answer(reference))


def token_f1_of(prediction: str, reference: str) -> float:
    """F1 of the words of a prediction, counted as often as they stand there; of nothing, 1 if both are nothing."""
    said, there = plain_answer(prediction).split(), plain_answer(reference).split()
    if not said or not there:
        return float(said == there)
    return f1_of_counts((Counter(said) & Counter(there)).total(), len(said), len(there))


def rouge_l_of(prediction: str, reference: str) -> float:
    """ROUGE-L F1 (Lin 2004): the longest common subsequence of words against both lengths."""
    said, there = words(prediction), words(reference)
    return f1_of_counts(_common(said, there), len(said), len(there))


def exact_match(predictions: Sequence[str], references: References) -> float:
    """The mean of `exact`, the best of the right answers each.

    Raises:
        DataError: there is nothing to score, or the numbers differ.
    """
    return _best(exact, predictions, references)


def token_f1(predictions: Sequence[str], references: References) -> float:
    """The mean of `token_f1_of`, the best of the right answers each.

    Raises:
        DataError: there is nothing to score, or the numbers differ.
    """
    return _best(token_f1_of, predictions, references)


def rouge_l(predictions: Sequence[str], references: References) -> float:
    """The mean of `rouge_l_of`, the best of the right answers each.

    Raises:
        DataError: there is nothing to score, or the numbers differ.
    """
    return _best(rouge_l_of, predictions, references)


def _best(of: Callable[[str, str], float], predictions: Sequence[str], references: References) -> float:
    matched(predictions, references)
    pairs = zip(predictions, references, strict=True)
    return mean([max(of(p, one) for one in ((r,) if isinstance(r, str) else tuple(r) or ("",))) for p, r in pairs])


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """The length of the longest common subsequence."""
    row = [0] * (len(other) + 1)
    for word in one:
        before = 0
        for at, there in enumerate(other, start=1):
            above = row[at]
            row[at] = before + 1 if word == there else max(above, row[at - 1])
            before = above
    return row[-1]
