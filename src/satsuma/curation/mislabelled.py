"""Labels that look wrong: confident learning (Northcutt, Jiang and Chuang 2021, JAIR 70), with cleanlab.

A small classifier (`satsuma.measures.classifier`: logistic regression on vectors of an embedder, or on words), cross-
validated so that no instance is judged by a model that has seen it or another of its context, says how probable each
label is. Of each label, the mean probability among its own instances is the threshold from which on an instance counts
as confidently of it; counting these against the labels that are given estimates how many of each label should have
each other one, and so many are flagged, those first for which the classifier prefers the other label by most
(`prune_by_noise_rate`). `confidence` is the probability of that other label.

Not covered: outputs that are no closed set of labels (positions of options, texts), and labels that depend on what a
bag of words or a sentence's vector does not have: there the classifier is no better than chance, and nothing should be
dropped on its word. `accuracy` says how good it is; less than `LEAST_GAIN` above the most frequent label, nothing is
flagged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from satsuma.curation.meaning import vectors_of
from satsuma.errors import ExtraError
from satsuma.extras import require
from satsuma.measures.labels import labelled
from satsuma.measures.outcome import NotDefined

if TYPE_CHECKING:
    from satsuma.curation.population import Member
    from satsuma.measures.classifier import Array

LEAST = 20
"""Labelled instances below which nothing can be said."""
LEAST_GAIN = 0.05
FREEDOM = 10.0
"""The classifier's (scikit-learn's C). With less, probabilities are too even to tell: of 32 labels that were changed in
800 messages of the SMS Spam Collection, 31 are flagged at 10 and 29 at 1, on words."""
NEEDS = ("sklearn", "cleanlab", "threadpoolctl", "numpy")


@dataclass(frozen=True, slots=True)
class Flag:
    """A label that looks wrong. place: of the instance. confidence: probability of the suggested label, 0 to 1."""

    place: int
    label: str
    suggested: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What looks wrong, the most confident first; how often the classifier is right, and the most frequent label."""

    flags: tuple[Flag, ...]
    judged: int
    accuracy: float
    majority: float


def check_installed() -> None:
    """Check that what this needs is there.

    Raises:
        ExtraError: it is not.
    """
    try:
        require("curate", *NEEDS, needed_by="looking for label noise")
    except ExtraError as missing:
        raise ExtraError(missing.message, f"{missing.hint}, or leave this step out: --noise off") from None


def suspicious(members: Sequence[Member], embedder: str | None, seed: int, ray: str = "") -> Suspicion | NotDefined:
    """The labels that look wrong; not defined without a closed set of labels.

    ray: the address of a cluster that embeds; empty: this process does.

    Raises:
        ExtraError: a package that this needs is not installed.
        ClusterError: there is no cluster, or a worker failed.
    """
    from satsuma.measures.classifier import folds, predicted

    places = labelled([member.label for member in members])
    if isinstance(places, NotDefined):
        return places
    if len(places) < LEAST:
        return NotDefined(f"{len(places)} labelled instances are too few to cross-validate; {LEAST} are needed")
    chosen = [members[place] for place in places]
    features = _features([member.content for member in chosen], embedder, ray)
    if features is None:
        return NotDefined("no two instances have a word in common")
    labels = [member.label or "" for member in chosen]
    contexts = [member.context for member in chosen]
    dealt = folds(labels, contexts if all(contexts) else None, seed)
    probabilities, names = predicted(features, labels, dealt, FREEDOM)
    return _judged(places, labels, probabilities, names)


def _features(texts: Sequence[str], embedder: str | None, ray: str) -> Array | None:
    if embedder is None:
        from satsuma.measures.classifier import word_features

        return word_features(texts)
    return vectors_of(texts, embedder, ray)


def _judged(places: Sequence[int], labels: Sequence[str], probabilities: Array, names: Sequence[str]) -> Suspicion:
    best = probabilities.argmax(axis=1).tolist()
    accuracy = sum(names[at] == label for at, label in zip(best, labels, strict=True)) / len(labels)
    majority = max(Counter(labels).values()) / len(labels)
    flags: list[Flag] = []
    if accuracy - majority >= LEAST_GAIN:
        flags = [
            Flag(places[at], labels[at], names[best[at]], round(float(probabilities[at, best[at]]), 4))
            for at in _issues(labels, probabilities, names)
            if names[best[at]] != labels[at]
        ]
    ordered = sorted(flags, key=lambda flag: (-flag.confidence, flag.place))
    return Suspicion(tuple(ordered), len(labels), round(accuracy, 4), round(majority, 4))


def _issues(labels: Sequence[str], probabilities: Array, names: Sequence[str]) -> list[int]:
    """The places that confident learning flags."""
    import numpy as np
    from cleanlab.filter import find_label_issues

    given = np.array([names.index(label) for label in labels])
    found = find_label_issues(given, probabilities, filter_by="prune_by_noise_rate", n_jobs=1)
    return [int(at) for at in np.flatnonzero(found)]
