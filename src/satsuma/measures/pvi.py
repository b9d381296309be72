"""How hard each instance is: pointwise V-usable information (Ethayarajh et al. 2022).

TarGEN, Figure 5, and DataTune, Figure 5, show its distribution.

PVI(x → y) = log2 g'(y | x) - log2 g(y), where g' is a model trained with the input and g one trained without it. It is
high for instances that are easy for the model family, near 0 where the input does not help, and negative where it
misleads; its mean is the V-usable information. Both are trained on other instances than the one that is measured
(cross-validation).

The family is a logistic model on embeddings, or on words where there are none, and g the shares of the labels in the
same training part; or a student that is trained twice (`satsuma.measures.pvi_student`). The result says which in
`family`: the numbers of one are not comparable with those of another. Another family is another `Family`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from satsuma.errors import CardError, DataError
from satsuma.measures.classifier import FOLDS, Array, folds, predicted, word_features
from satsuma.measures.labels import labelled
from satsuma.measures.outcome import NotDefined
from satsuma.measures.shortcuts import LEAST, Labelled

FLOOR = 1e-9
"""Probabilities are taken to be this at least: one wrong certainty would outweigh all else."""
FREEDOMS = (0.1, 1.0, 10.0, 100.0)
SHOWN = 20
EDGES = tuple(float(edge) for edge in range(-8, 9))


class Family(Protocol):
    """A family of models that PVI is measured with."""

    @property
    def name(self) -> str:
        """What it is, for people."""
        ...

    def probabilities(self, data: Labelled, dealt: Sequence[int]) -> Array | None:
        """For each labelled instance, what a model trained on the other folds gives its label.

        dealt: the fold of each instance. Shape (n,); None where nothing can be learned from these inputs.
        """
        ...

    def blind(self, data: Labelled, dealt: Sequence[int]) -> Array:
        """The same of a model trained without the inputs; shape (n,)."""
        ...


class LogisticFamily:
    """A logistic model on embeddings, or on words; of `FREEDOMS` the one under which the labels are most likely."""

    def __init__(self, vectors: Array | None = None) -> None:
        """vectors: an embedding for each instance; None for words."""
        self._vectors = vectors

    @property
    def name(self) -> str:
        """Which features it has."""
        return f"logistic model on {'words' if self._vectors is None else 'embeddings'}"

    def probabilities(self, data: Labelled, dealt: Sequence[int]) -> Array | None:
        """The probability of each instance's label."""
        import numpy as np

        features = word_features(data.texts) if self._vectors is None else self._vectors
        if features is None:
            return None
        labels = [label or "" for label in data.labels]
        tried = []
        for freedom in FREEDOMS:
            found, names = predicted(features, labels, dealt, freedom)
            tried.append(found[np.arange(len(labels)), [names.index(label) for label in labels]])
        return max(tried, key=lambda own: float(np.log(np.maximum(own, FLOOR)).mean()))

    def blind(self, data: Labelled, dealt: Sequence[int]) -> Array:
        """The share of each instance's label among those of the other folds."""
        import numpy as np

        return np.array(_shares([label or "" for label in data.labels], dealt))


@dataclass(frozen=True, slots=True)
class Hard:
    """One of the hardest instances: its id, label and PVI in bits."""

    id: str
    label: str
    pvi: float


@dataclass(frozen=True, slots=True)
class Pvi:
    """The distribution of PVI, in bits.

    family: what was trained. mean: the V-usable information. negative: the share of instances whose input misleads.
    quantiles: 5%, 25%, 50%, 75%, 95%. edges, histogram: instances between whole bits; the outer bins hold what lies
    beyond. per_label: label → mean. hardest: the lowest first.
    """

    family: str
    instances: int
    mean: float
    negative: float
    quantiles: tuple[float, ...]
    edges: tuple[float, ...]
    histogram: tuple[int, ...]
    per_label: dict[str, float]
    hardest: tuple[Hard, ...]


def pvi(
    data: Labelled, ids: Sequence[str], seed: int, vectors: Array | None = None, family: Family | None = None
) -> Pvi | NotDefined:
    """PVI; not defined without a closed set of labels and 20 labelled instances, or where a family cannot learn them.

    vectors: of the logistic model: an embedding for each instance, shape (n, d); None for words. family: another one.
    """
    places = labelled(data.labels)
    if isinstance(places, NotDefined):
        return places
    if len(places) < LEAST:
        return NotDefined(f"{len(places)} labelled instances are too few to cross-validate; {LEAST} are needed")
    family = family or LogisticFamily(None if vectors is None else vectors[places])
    try:
        values = pvi_values(data.part(places), family, seed)
    except (CardError, DataError) as error:
        return NotDefined(f"the {family.name} cannot learn it: {error.message}")
    if values is None:
        return NotDefined("the texts have no words")
    return _summary(family.name, values, [ids[at] for at in places], [data.labels[at] or "" for at in places])


def pvi_values(data: Labelled, family: Family, seed: int) -> Array | None:
    """PVI of each of the instances, all of which have labels, in bits; None where nothing can be learned."""
    import numpy as np

    labels = [label or "" for label in data.labels]
    dealt = folds(labels, data.groups, seed)
    informed = family.probabilities(data, dealt)
    if informed is None:
        return None
    blind = family.blind(data, dealt)
    result: Array = np.log2(np.maximum(informed, FLOOR)) - np.log2(np.maximum(blind, FLOOR))
    return result


def _shares(labels: Sequence[str], dealt: Sequence[int]) -> list[float]:
    """For each instance the share of its label among those of the other folds, an instance added for each label."""
    names = sorted(set(labels))
    share: list[dict[str, float]] = []
    for number in range(FOLDS):
        rest = [label for label, fold in zip(labels, dealt, strict=True) if fold != number]
        share.append({name: (rest.count(name) + 1) / (len(rest) + len(names)) for name in names})
    return [share[fold][label] for label, fold in zip(labels, dealt, strict=True)]


def _summary(family: str, values: Array, ids: Sequence[str], labels: Sequence[str]) -> Pvi:
    import numpy as np

    order = values.argsort(kind="stable")[:SHOWN].tolist()
    named = np.array(labels)
    inner = np.clip(values, EDGES[0], EDGES[-1])
    return Pvi(
        family=family,
        instances=len(values),
        mean=float(values.mean()),
        negative=float((values < 0).mean()),
        quantiles=tuple(float(q) for q in np.quantile(values, (0.05, 0.25, 0.5, 0.75, 0.95))),
        edges=EDGES,
        histogram=tuple(int(count) for count in np.histogram(inner, EDGES)[0]),
        per_label={name: float(values[named == name].mean()) for name in sorted(set(labels))},
        hardest=tuple(Hard(ids[at], labels[at], float(values[at])) for at in order),
    )
