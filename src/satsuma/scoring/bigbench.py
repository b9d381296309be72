"""BIG-bench's multiple_choice_grade and its normalized aggregate score.

Source: Srivastava et al. 2023 and docs/doc.md of google/BIG-bench ("Available metrics", "What is aggregate score").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from satsuma.errors import DataError
from satsuma.scoring.pairs import matched, mean

Scores = Mapping[str, float]
"""What each choice of an example is worth: 1 for the right one, 0 for the others, where one is right."""


def multiple_choice_grade(predictions: Sequence[str], scores: Sequence[Scores]) -> float:
    """The mean of what the chosen choices are worth; a prediction that is none of the choices is worth 0.

    Raises:
        DataError: there is nothing to score, or the numbers differ.
    """
    matched(predictions, scores)
    return mean([one.get(prediction, 0.0) for prediction, one in zip(predictions, scores, strict=True)])


def guessing_grade(scores: Sequence[Scores]) -> float:
    """The grade of somebody who guesses, example by example: the mean worth of its choices.

    Raises:
        DataError: there is nothing to score, or an example has no choices.
    """
    matched(scores, scores)
    if not all(scores):
        raise DataError("an example has no choices", "Give the target_scores of every example.")
    return mean([mean(list(one.values())) for one in scores])


def normalized(grade: float, low: float, high: float = 1.0) -> float:
    """100 · (grade - low) / (high - low): 0 is guessing, 100 is the best there is, below 0 is worse than guessing.

    Raises:
        DataError: the best is no better than guessing.
    """
    if not high > low:
        raise DataError(
            f"the best grade, {high:g}, is not above that of guessing, {low:g}", "Nothing can be normalized."
        )
    return 100 * (grade - low) / (high - low)


def normalized_aggregate_score(predictions: Sequence[str], scores: Sequence[Scores]) -> float:
    """The grade between guessing (0) and the best (100).

    Raises:
        DataError: there is nothing to score, the numbers differ, or guessing is as good as the best.
    """
    best = mean([max(one.values(), default=0.0) for one in scores])
    return normalized(multiple_choice_grade(predictions, scores), guessing_grade(scores), best)


def aggregate(tasks: Mapping[str, float]) -> float:
    """The mean of the normalized scores of several tasks, each weighing the same.

    Raises:
        DataError: there are no tasks.
    """
    matched(tasks, tasks)
    return mean(list(tasks.values()))
