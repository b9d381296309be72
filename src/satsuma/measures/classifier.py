"""A small classifier, cross-validated: what can be told of a label from some of the input.

Logistic regression over a bag of words, over lengths, or over embeddings (scikit-learn). Every instance is predicted
by a model that was trained without it: instances are dealt into `FOLDS` folds, label by label in a seeded order, and
those of one group (of one context of a run) into the same fold, since they resemble one another.

Not covered: what a stronger model would find. A label that this one finds is given away; one that it does not find may
still be given away to a student.
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

from satsuma import chance
from satsuma.selecting.rouge import words

if TYPE_CHECKING:
    import numpy as np

Array: TypeAlias = "np.ndarray"
"""Features, (n, d), dense or sparse; or probabilities, (n, labels)."""
FOLDS = 5
FEATURES = 5000
"""Words and pairs of words at most, the most frequent."""
_STEPS = 200


def word_features(texts: Sequence[str]) -> Array | None:
    """Which words and pairs of neighbouring words a text has, those of two texts or more; None if there are none."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    least = 2 if len(texts) > 50 else 1
    vectorizer = TfidfVectorizer(analyzer=_words_and_pairs, min_df=least, max_features=FEATURES, sublinear_tf=True)
    try:
        features: Array = vectorizer.fit_transform(texts)
    except ValueError:  # no words, or none that two texts have
        return None
    return features


def length_features(columns: Sequence[Sequence[str]]) -> Array:
    """How long each field is, in words and in characters, and their squares, standardized. columns: field by field."""
    import numpy as np

    counts = [[len(words(text)), len(text)] for column in columns for text in column]
    logs = np.log1p(np.array(counts, np.float64)).reshape(len(columns), -1, 2).transpose(1, 0, 2)
    flat = logs.reshape(len(logs), -1)
    flat = np.hstack([flat, flat**2])
    spread = flat.std(axis=0)
    result: Array = (flat - flat.mean(axis=0)) / np.where(spread > 0, spread, 1)
    return result


def folds(labels: Sequence[str], groups: Sequence[str] | None, seed: int) -> list[int]:
    """The fold of each instance, 0 to `FOLDS` - 1."""
    order = sorted(range(len(labels)), key=lambda at: chance.number(seed, "fold", at))
    if groups is None or len(set(groups)) < 2 * FOLDS:
        order.sort(key=lambda at: labels[at])
        dealt = [0] * len(labels)
        for place, at in enumerate(order):
            dealt[at] = place % FOLDS
        return dealt
    members: dict[str, list[int]] = defaultdict(list)
    for at in order:
        members[groups[at]].append(at)
    sizes = [0] * FOLDS
    fold_of: dict[str, int] = {}
    for group in sorted(members, key=lambda name: -len(members[name])):
        fold_of[group] = sizes.index(min(sizes))
        sizes[fold_of[group]] += len(members[group])
    return [fold_of[group] for group in groups]


def predicted(
    features: Array, labels: Sequence[str], dealt: Sequence[int], freedom: float = 1.0
) -> tuple[Array, list[str]]:
    """For each instance the probability of each label, from models trained without it; and the labels in order.

    freedom: how little large coefficients are penalized (scikit-learn's C).
    A label that a fold's training part does not have gets the probability of one instance in that part.
    """
    import numpy as np

    names = sorted(set(labels))
    truth, fold = np.array([names.index(label) for label in labels]), np.array(dealt)
    found: Array = np.zeros((len(labels), len(names)))
    for number in range(FOLDS):
        test = fold == number
        train = ~test
        if not test.any() or not train.any():
            found[test] = 1 / len(names)
            continue
        found[test] = 1 / (train.sum() + 1)
        present = np.unique(truth[train])
        found[np.ix_(test, present)] = _fitted(features[train], truth[train], features[test], freedom)
    return found / found.sum(axis=1, keepdims=True), names


def _fitted(train: Array, truth: Array, test: Array, freedom: float) -> Array:
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    if truth.min() == truth.max():
        one: Array = np.ones((test.shape[0], 1))
        return one
    model = LogisticRegression(C=freedom, max_iter=_STEPS)
    # The products are small: several threads would wait for one another most of the time.
    with threadpool_limits(limits=1), warnings.catch_warnings():
        # A model that has not settled after so many steps is as good a baseline.
        warnings.simplefilter("ignore")
        model.fit(train, truth)
    probabilities: Array = model.predict_proba(test)
    return probabilities


def _words_and_pairs(text: str) -> list[str]:
    found = words(text)
    return found + [f"{one} {other}" for one, other in pairwise(found)]
