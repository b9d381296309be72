"""How positive or negative the texts are: VADER's compound score (Hutto and Gilbert 2014), -1 to 1, and its spread.

A spread near 0 is a dataset of one tone. By label, a difference is a hint that tone tells the label. VADER's lexicon
is English, so other languages have no sentiment here. Not covered: irony, and what is bad news in neutral words.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import fmean, pstdev
from typing import TYPE_CHECKING

from satsuma.measures.outcome import NotDefined

if TYPE_CHECKING:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

BINS = 20
POLAR = 0.05
"""Beyond this a text counts as positive or negative (Hutto and Gilbert)."""
_MOST = 5000


@dataclass(frozen=True, slots=True)
class Sentiment:
    """The distribution of the compound score. positive, negative: shares of texts. histogram: 20 equal bins."""

    instances: int
    mean: float
    deviation: float
    positive: float
    negative: float
    histogram: tuple[int, ...]
    per_label: dict[str, float]


def sentiment(texts: Sequence[str], labels: Sequence[str | None], language: str) -> Sentiment | NotDefined:
    """The distribution, by label the mean.

    language: the code of the texts' language, empty if it is not known. Not defined for another than English, and
    without texts.
    """
    if language not in ("", "en"):
        return NotDefined(f"the lexicon is English, and most texts are in another language: {language}")
    if not texts:
        return NotDefined("there are no instances")
    values = [float(_analyzer().polarity_scores(text[:_MOST])["compound"]) for text in texts]
    by_label: dict[str, list[float]] = defaultdict(list)
    for value, label in zip(values, labels, strict=True):
        if label is not None:
            by_label[label].append(value)
    histogram = [0] * BINS
    for value in values:
        histogram[min(BINS - 1, int((value + 1) / 2 * BINS))] += 1
    return Sentiment(
        instances=len(values),
        mean=fmean(values),
        deviation=pstdev(values),
        positive=sum(value >= POLAR for value in values) / len(values),
        negative=sum(value <= -POLAR for value in values) / len(values),
        histogram=tuple(histogram),
        per_label={label: fmean(found) for label, found in sorted(by_label.items())},
    )


@lru_cache(maxsize=1)
def _analyzer() -> SentimentIntensityAnalyzer:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return SentimentIntensityAnalyzer()
