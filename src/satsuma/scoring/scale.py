"""Measures of the steps of a scale: how far off predictions are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from satsuma.errors import DataError
from satsuma.scoring.pairs import matched, mean


def steps(labels: Sequence[str], scale: Sequence[str]) -> list[int]:
    """The place of each label on the scale, from 0.

    Raises:
        DataError: a label is no step of the scale.
    """
    places = {label: at for at, label in enumerate(scale)}
    for label in labels:
        if label not in places:
            raise DataError(f"{label!r} is no step of the scale", f"The steps are {', '.join(scale)}.")
    return [places[label] for label in labels]


def mean_absolute_error(predictions: Sequence[int], references: Sequence[int]) -> float:
    """The mean distance in steps; 0 is perfect.

    Raises:
        DataError: there is nothing to score, or the numbers differ.
    """
    matched(predictions, references)
    return mean([abs(p - r) for p, r in zip(predictions, references, strict=True)])


def quadratic_kappa(predictions: Sequence[int], references: Sequence[int]) -> float:
    """Cohen's kappa with squared distances as weights, at most 1: 1 - Σ w·observed / Σ w·expected (Cohen 1968).

    1 where nothing differs and nothing could: one and the same step everywhere.

    Raises:
        DataError: there is nothing to score, or the numbers differ.
    """
    n = matched(predictions, references)
    observed = sum((p - r) ** 2 for p, r in zip(predictions, references, strict=True)) / n
    said, there = Counter(predictions), Counter(references)
    expected = sum((p - r) ** 2 * a * b for p, a in said.items() for r, b in there.items()) / (n * n)
    return 1 - observed / expected if expected else 1.0
