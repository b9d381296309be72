"""Predictions and references that belong together."""

from __future__ import annotations

from collections.abc import Sequence, Sized

from satsuma.errors import DataError


def matched(predictions: Sized, references: Sized) -> int:
    """How many pairs there are.

    Raises:
        DataError: there are none, or not as many of the one as of the other.
    """
    if len(predictions) != len(references):
        raise DataError(
            f"there are {len(predictions)} predictions for {len(references)} references",
            "Give one prediction for each reference, in the same order; an empty one where there is none.",
        )
    if not len(references):
        raise DataError("there is nothing to score", "Give at least one reference.")
    return len(references)


def mean(values: Sequence[float]) -> float:
    """The arithmetic mean; 0 of nothing."""
    return sum(values) / len(values) if values else 0.0
