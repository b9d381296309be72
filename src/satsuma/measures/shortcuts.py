"""Shortcuts: is the label given away by a part of the input, by its length, or by nothing but its frequency?

Gururangan et al. (2018) and Poliak et al. (2018) showed that a hypothesis alone tells the label of many pairs. Here
a small classifier (`satsuma.measures.classifier`) is trained on each field alone, on the lengths of the fields, and,
to compare with, on the whole text; its cross-validated accuracy stands beside that of always naming the most frequent
label (`majority`). `gives_away` names the parts whose accuracy is above the majority by more than chance explains
(the lower end of its 95% Wilson interval) and by 5 points or more. If the whole text does not do better than a part,
the task can be done without understanding it.

Not covered: what only a stronger model sees.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from satsuma.measures.classifier import Array, folds, length_features, predicted, word_features
from satsuma.measures.labels import labelled
from satsuma.measures.outcome import NotDefined
from satsuma.proportions import wilson

FIELDS = 8
"""Fields that are looked at alone, the first ones."""
LEAST = 20
POINTS = 0.05


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Cross-validated accuracy, with its 95% interval."""

    accuracy: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Shortcuts:
    """What tells the label.

    majority: the share of the most frequent label. whole_text: from the whole input. fields: field → from it alone;
    empty where there is only one. lengths: from the lengths of all fields. gives_away: parts that do better than they
    should.
    """

    instances: int
    majority: float
    whole_text: Accuracy | None
    lengths: Accuracy
    fields: dict[str, Accuracy]
    gives_away: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Labelled:
    """Labelled instances, column by column: texts, labels, the fields, and the group of each, if there are groups."""

    texts: Sequence[str]
    labels: Sequence[str | None]
    fields: Mapping[str, Sequence[str]]
    groups: Sequence[str] | None = None

    def part(self, places: Sequence[int]) -> Labelled:
        """Only the instances at these places."""
        return Labelled(
            [self.texts[at] for at in places],
            [self.labels[at] for at in places],
            {name: [column[at] for at in places] for name, column in self.fields.items()},
            None if self.groups is None else [self.groups[at] for at in places],
        )


def shortcuts(data: Labelled, seed: int) -> Shortcuts | NotDefined:
    """What tells the label; not defined without a closed set of labels and 20 labelled instances."""
    places = labelled(data.labels)
    if isinstance(places, NotDefined):
        return places
    if len(places) < LEAST:
        return NotDefined(f"{len(places)} labelled instances are too few to cross-validate; {LEAST} are needed")
    data = data.part(places)
    labels = [label or "" for label in data.labels]
    majority = max(Counter(labels).values()) / len(labels)
    trial = _Trial(labels, folds(labels, data.groups, seed))
    columns = dict(list(data.fields.items())[:FIELDS])
    alone = {name: trial.of_words(column) for name, column in columns.items()} if len(columns) > 1 else {}
    lengths = trial.of(length_features(list(columns.values()) or [data.texts]))
    fields = {name: accuracy for name, accuracy in alone.items() if accuracy is not None}
    return Shortcuts(
        instances=len(labels),
        majority=majority,
        whole_text=trial.of_words(data.texts),
        lengths=lengths,
        fields=fields,
        gives_away=tuple(
            name for name, part in {**fields, "length": lengths}.items() if part.low > majority < part.accuracy - POINTS
        ),
    )


class _Trial:
    """One set of labels and folds, on which features are tried."""

    def __init__(self, labels: Sequence[str], dealt: Sequence[int]) -> None:
        self._labels = labels
        self._dealt = dealt

    def of_words(self, texts: Sequence[str]) -> Accuracy | None:
        features = word_features(texts)
        return None if features is None else self.of(features)

    def of(self, features: Array) -> Accuracy:
        probabilities, names = predicted(features, self._labels, self._dealt)
        right = sum(
            names[best] == label
            for best, label in zip(probabilities.argmax(axis=1).tolist(), self._labels, strict=True)
        )
        share = wilson(right / len(self._labels), len(self._labels))
        return Accuracy(share.value, share.low, share.high)
