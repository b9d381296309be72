"""How hard each instance is, as a language model rates it from 1 to 5 by a rubric (DataTune, Figure 5).

The ratings are those that `satsuma rate` laid beside the dataset; nothing is asked here. A rating counts for an
instance whose text is the one that was rated. Where several models rated, the figures are those of the one that rated
most, and `models` and `distributions` have those of all. Their scales are their own, so datasets are compared by one
model's ratings (`shared_model`).

Not defined where nothing was rated.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from satsuma.measures.outcome import NotDefined
from satsuma.reading.example import Example
from satsuma.reading.ratings import LEVELS, content_of

MOST_LABELS = 200


@dataclass(frozen=True, slots=True)
class Ratings:
    """The distribution of a model's ratings.

    model: who rated. instances: that have a rating. mean: 1 to 5. distribution: level → instances. per_label: label →
    mean. models: model → mean, and distributions: model → level → instances, of all that rated.
    """

    model: str
    instances: int
    mean: float
    distribution: dict[str, int]
    per_label: dict[str, float]
    models: dict[str, float]
    distributions: dict[str, dict[str, int]]


def shared_model(found: Sequence[Ratings]) -> str:
    """The model by whose ratings datasets are compared: of those that rated the first, the one that rated most of them.

    Of several, the first dataset's own.
    """
    first = found[0]
    models = sorted(first.models, key=lambda model: (model != first.model, model))
    return max(models, key=lambda model: sum(model in one.models for one in found))


@dataclass(slots=True)
class _Levels:
    """What one model rated, level by level."""

    whole: Counter[int] = field(default_factory=Counter)
    labels: defaultdict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))


class RatingTally:
    """Counts instance by instance. found: model → content → rating."""

    def __init__(self, found: Mapping[str, Mapping[str, int]]) -> None:
        self._found = found
        self._levels = {model: _Levels() for model in found}

    def add(self, example: Example) -> None:
        """One instance."""
        if not self._found:
            return
        content = content_of(example.text)
        for model, ratings in self._found.items():
            level = ratings.get(content)
            if level is None:
                continue
            own = self._levels[model]
            own.whole[level] += 1
            if example.label is not None and (example.label in own.labels or len(own.labels) < MOST_LABELS):
                own.labels[example.label][level] += 1

    def result(self, *, per_label: bool) -> Ratings | NotDefined:
        """The figures; not defined without ratings. per_label: whether the labels are a closed set."""
        rated = {model: own for model, own in self._levels.items() if own.whole}
        if not rated:
            return NotDefined("no instance was rated; `satsuma rate` asks a model to")
        model = max(sorted(rated), key=lambda name: rated[name].whole.total())
        own = rated[model]
        labels = {name: _mean(levels) for name, levels in sorted(own.labels.items())} if per_label else {}
        return Ratings(
            model=model,
            instances=own.whole.total(),
            mean=_mean(own.whole),
            distribution=_shown(own.whole),
            per_label=labels,
            models={name: _mean(one.whole) for name, one in sorted(rated.items())},
            distributions={name: _shown(one.whole) for name, one in sorted(rated.items())},
        )


def _shown(levels: Counter[int]) -> dict[str, int]:
    return {str(level): levels[level] for level in LEVELS}


def _mean(levels: Counter[int]) -> float:
    return sum(level * count for level, count in levels.items()) / levels.total()
