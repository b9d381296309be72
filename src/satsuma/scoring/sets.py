"""Measures of several labels, positions or spans for each instance, taken as sets.

MultiRC's two (Khashabi et al. 2018; SuperGLUE, Wang et al. 2019): F1a over all answers of all questions, each judged as
right or wrong by itself, and EM over questions. NER's F1 (Tjong Kim Sang and De Meulder 2003, CoNLL-2003): a span is
right if its place and its label are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence

from satsuma.scoring.agreement import f1_of_counts
from satsuma.scoring.pairs import matched, mean
from satsuma.task.instance import Span

Sets = Sequence[Iterable[Hashable]]


def exact_sets(predictions: Sets, references: Sets) -> float:
    """The share of instances whose set is exactly the reference's: MultiRC's EM, where an instance is a question.

    Raises:
        DataError: there is nothing to score, or the numbers differ.
    """
    n = matched(predictions, references)
    return sum(set(p) == set(r) for p, r in zip(predictions, references, strict=True)) / n


def micro_f1_of_sets(predictions: Sets, references: Sets) -> float:
    """F1 over all members of all sets: 2 · |both| / (|predicted| + |there|); MultiRC's F1a with positions.

    Raises:
        DataError: there is nothing to score, or the numbers differ.
    """
    right, said, there = _counts(predictions, references)
    return f1_of_counts(right.total(), said.total(), there.total())


def macro_f1_of_sets(predictions: Sets, references: Sets) -> float:
    """The mean of each label's F1, over the labels that stand in a set of either.

    Raises:
        DataError: there is nothing to score, or the numbers differ.
    """
    right, said, there = _counts(predictions, references)
    return mean([f1_of_counts(right[label], said[label], there[label]) for label in {**said, **there}])


def span_f1(predictions: Sequence[Iterable[Span]], references: Sequence[Iterable[Span]]) -> float:
    """F1 over spans; one is right if start, end and label are.

    Raises:
        DataError: there is nothing to score, or the numbers differ.
    """
    said, there = ([[(s.start, s.end, s.label) for s in one] for one in side] for side in (predictions, references))
    return micro_f1_of_sets(said, there)


def _counts(predictions: Sets, references: Sets) -> tuple[Counter[Hashable], Counter[Hashable], Counter[Hashable]]:
    """How often each member is in both, predicted, and in the reference."""
    matched(predictions, references)
    right, said, there = Counter[Hashable](), Counter[Hashable](), Counter[Hashable]()
    for one, other in zip(predictions, references, strict=True):
        predicted, wanted = set(one), set(other)
        right.update(predicted & wanted)
        said.update(predicted)
        there.update(wanted)
    return right, said, there
