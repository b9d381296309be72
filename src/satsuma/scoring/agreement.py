"""Measures of one label for each instance: accuracy, F1, Matthews' correlation.

Formulas as in scikit-learn's `metrics`, with 0 where a share has nothing to be of. Labels are whatever can be
compared; a prediction that is no label at all (None, an empty text) is wrong.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence

from satsuma.scoring.pairs import matched, mean

Labels = Sequence[Hashable]


def accuracy(predictions: Labels, references: Labels) -> float:
    """The share of predictions that equal their reference.

    Raises:
        DataError: there is nothing to score, or the numbers differ.
    """
    n = matched(predictions, references)
    return sum(p == r for p, r in zip(predictions, references, strict=True)) / n


def balanced_accuracy(predictions: Labels, references: Labels) -> float:
    """The mean, over the labels that references have, of the share of each that was found (Brodersen et al. 2010).

    Raises:
        DataError: there is nothing to score, or the numbers differ.
    """
    matched(predictions, references)
    there = Counter(references)
    found = Counter(r for p, r in zip(predictions, references, strict=True) if p == r)
    return mean([found[label] / count for label, count in there.items()])


def f1_of_counts(right: int, predicted: int, there: int) -> float:
    """The harmonic mean of precision and recall: 2 · right / (predicted + there); 0 where both are 0."""
    return 2 * right / (predicted + there) if predicted + there else 0.0


def f1(predictions: Labels, references: Labels, positive: Hashable) -> float:
    """F1 of one label, the positive one (van Rijsbergen 1979).

    Raises:
        DataError: there is nothing to score, or the numbers differ.
    """
    matched(predictions, references)
    right = sum(p == r == positive for p, r in zip(predictions, references, strict=True))
    return f1_of_counts(right, list(predictions).count(positive), list(references).count(positive))


def macro_f1(predictions: Labels, references: Labels) -> float:
    """The mean of F1 over the labels that predictions or references have: CommitmentBank's, with accuracy.

    Source: SuperGLUE (Wang et al. 2019), section 3.1.

    Raises:
        DataError: there is nothing to score, or the numbers differ.
    """
    matched(predictions, references)
    said, there = Counter(predictions), Counter(references)
    right = Counter(r for p, r in zip(predictions, references, strict=True) if p == r)
    return mean([f1_of_counts(right[label], said[label], there[label]) for label in {**said, **there}])


def micro_f1(predictions: Labels, references: Labels) -> float:
    """F1 of all labels together; with one label for each instance it is the accuracy.

    Raises:
        DataError: there is nothing to score, or the numbers differ.
    """
    return accuracy(predictions, references)


def matthews(predictions: Labels, references: Labels) -> float:
    """Matthews' correlation for any number of labels, -1 to 1: SuperGLUE's AX-b, CoLA.

    (c · s - Σ p_k t_k) / √((s² - Σ p_k²)(s² - Σ t_k²)), with c right of s, p_k predicted as k, t_k that are k; 0 where
    the root is. Source: Gorodkin 2004, "Comparing two K-category assignments by a K-category correlation coefficient".

    Raises:
        DataError: there is nothing to score, or the numbers differ.
    """
    s = matched(predictions, references)
    said, there = Counter(predictions), Counter(references)
    c = sum(p == r for p, r in zip(predictions, references, strict=True))
    both = sum(said[label] * there[label] for label in there)
    spread = (s * s - sum(v * v for v in said.values())) * (s * s - sum(v * v for v in there.values()))
    return (c * s - both) / math.sqrt(spread) if spread else 0.0
