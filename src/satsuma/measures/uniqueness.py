"""ROUGE-L uniqueness (DataTune, Figure 4): the share of instances that no other instance is too much like.

`unique[T]` is the share of instances whose greatest ROUGE-L with another one is at most T, for T from 0 to 1 in steps
of 0.05: the whole curve, where Figure 4 shows part of it. Every value comes from the exact nearest neighbour of each
instance (`satsuma.measures.nearest`). `near_duplicates` is the share above 0.7, the threshold of the papers'
deduplication. Words are rouge-score's on ASCII text, and the same in sense on any other (`satsuma.selecting.rouge`); an
instance without words is like no other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from satsuma.measures.nearest import Nearest, nearest
from satsuma.measures.outcome import NotDefined
from satsuma.selecting.rouge import words

THRESHOLDS = tuple(step / 20 for step in range(21))
NEAR = 0.7
"""ROUGE-L above which two instances are near-duplicates."""
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Pair:
    """Two instances that are alike. one, other: their ids. rouge_l: how much, 0 to 1."""

    one: str
    other: str
    rouge_l: float


@dataclass(frozen=True, slots=True)
class Uniqueness:
    """The curve, and what is alike.

    thresholds, unique: the curve, T and the share. near_duplicates: the share above 0.7. exact_duplicates: the share
    at 1. mean_nearest: the mean of the greatest ROUGE-L with another one. pairs: the most alike first, 20 at most.
    """

    instances: int
    thresholds: tuple[float, ...]
    unique: tuple[float, ...]
    near_duplicates: float
    exact_duplicates: float
    mean_nearest: float
    pairs: tuple[Pair, ...]


def uniqueness(texts: Sequence[str], ids: Sequence[str]) -> Uniqueness | NotDefined:
    """The uniqueness of texts; not defined for fewer than two. ids: what to call them."""
    if len(texts) < 2:
        return NotDefined("uniqueness needs two instances or more")
    found = nearest([words(text) for text in texts])
    similarity = found.similarity
    return Uniqueness(
        instances=len(texts),
        thresholds=THRESHOLDS,
        unique=tuple(float((similarity <= threshold).mean()) for threshold in THRESHOLDS),
        near_duplicates=float((similarity > NEAR).mean()),
        exact_duplicates=float((similarity == 1).mean()),
        mean_nearest=float(similarity.mean()),
        pairs=_pairs(found, ids),
    )


def _pairs(found: Nearest, ids: Sequence[str]) -> tuple[Pair, ...]:
    """Each pair of near neighbours once, the most alike first."""
    best: dict[tuple[int, int], float] = {}
    for one in found.similarity.argsort(kind="stable")[::-1].tolist():
        other = int(found.neighbour[one])
        if len(best) == SHOWN or other < 0:
            break
        best.setdefault((min(one, other), max(one, other)), float(found.similarity[one]))
    return tuple(Pair(ids[one], ids[other], value) for (one, other), value in best.items())
