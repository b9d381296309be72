"""The frozen student: embeddings that stay as they are, under a linear head. No torch, no GPU, seconds.

Labels are a logistic regression on the text's vector, or for a pair of texts u and v on u, v, |u - v| and u v, as
InferSent has it (Conneau et al. 2017). Options are scored by one linear output on v, |u - v| and u v, where u is the
question and v the option; for one right option it is fitted to the differences between the right and each wrong one,
which is a softmax over two at a time; for several, to right and wrong. How much the weights are held back is chosen of
`FREEDOMS` by the loss on the dev part, after which the head is fitted to all of the training data.

Not covered: spans and free text, which a vector of the whole text cannot give.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from satsuma.errors import DataError, RunError, SettingsError
from satsuma.students.head import Prediction
from satsuma.students.head_options import chosen
from satsuma.students.tokens import is_pair

if TYPE_CHECKING:
    import numpy as np

    from satsuma.embedding.embedder import Embedder
    from satsuma.students.labelled import Labelled
    from satsuma.students.splitting import Split
    from satsuma.task.card import Card

Array: TypeAlias = "np.ndarray"
FREEDOMS = (0.3, 3.0, 30.0)
HEAD = "head.npz"
_KINDS = ("labels", "multiple", "choice", "choices")
_ITERATIONS = 1000
_LEAST = 1e-9


@dataclass(frozen=True, slots=True)
class Weights:
    """A linear head. matrix: shape (outputs, features). bias: shape (outputs,)."""

    matrix: Array
    bias: Array

    def scores(self, features: Array) -> Array:
        """Shape (rows, outputs)."""
        found: Array = features @ self.matrix.T + self.bias
        return found


class FrozenStudent:
    """Embeddings and what is fitted to them."""

    def __init__(self, card: Card, embedder: Embedder, weights: Weights | None = None) -> None:
        self.card = card
        self.names = tuple(card.output.labels or ())
        self._embedder = embedder
        self._weights = weights
        self._kind = card.output.kind
        self._pair = is_pair(card)

    def fit(self, instances: Sequence[Labelled], split: Split) -> float | None:
        """Fit the head; the mean loss on the dev part, None without one.

        Raises:
            DataError: all instances have the same output.
        """
        features = self._features(instances)
        losses: dict[float, float] = {}
        if split.dev:
            for freedom in FREEDOMS:
                weights = self._fitted(instances, features, split.train, freedom)
                losses[freedom] = self._loss(instances, features, split.dev, weights)
        best = min(losses, key=lambda freedom: losses[freedom]) if losses else FREEDOMS[1]
        self._weights = self._fitted(instances, features, range(len(instances)), best)
        return losses.get(best)

    def predictions(self, instances: Sequence[Labelled]) -> list[Prediction]:
        """What the student says of each."""
        if self._weights is None:
            raise RunError("this student has not been trained")
        features = self._features(instances)
        weights = self._weights
        return [
            self._prediction(one, weights.scores(found) if len(found) else found)
            for one, found in zip(instances, features, strict=True)
        ]

    def save(self, folder: Path) -> None:
        """Write the head."""
        import numpy as np

        if self._weights is not None:
            folder.mkdir(parents=True, exist_ok=True)
            np.savez(folder / HEAD, matrix=self._weights.matrix, bias=self._weights.bias)

    def _features(self, instances: Sequence[Labelled]) -> list[Array]:
        """For each instance its features, shape (rows, features): one row, or one for each option."""
        texts = [text for one in instances for text in self._texts(one)]
        found = self._embedded(texts)
        made, start = [], 0
        for one in instances:
            vectors = found[start : start + len(self._texts(one))]
            start += len(vectors)
            made.append(self._joined(vectors))
        return made

    def _texts(self, one: Labelled) -> tuple[str, ...]:
        if self._kind in ("choice", "choices"):
            return ("\n".join(one.shown), *one.options)
        return one.shown if self._pair and len(one.shown) == 2 else (one.text,)

    def _embedded(self, texts: Sequence[str]) -> Array:
        """The vectors, each text embedded once; float32, shape (texts, dimension)."""
        once = {text: at for at, text in enumerate(dict.fromkeys(texts))}
        found: Array = self._embedder.embed(list(once))[[once[text] for text in texts]]
        return found

    def _joined(self, vectors: Array) -> Array:
        import numpy as np

        if self._kind in ("choice", "choices"):
            u, v = vectors[:1], vectors[1:]
            return np.hstack([v, np.abs(u - v), u * v])
        if len(vectors) == 2:
            u, v = vectors[:1], vectors[1:]
            return np.hstack([u, v, np.abs(u - v), u * v])
        return vectors

    def _fitted(self, data: Sequence[Labelled], features: Sequence[Array], places: Sequence[int], c: float) -> Weights:
        import numpy as np

        if self._kind == "labels":
            rows = np.concatenate([features[at] for at in places])
            return self._softmax(rows, [str(data[at].output) for at in places], c)
        if self._kind == "multiple":
            rows = np.concatenate([features[at] for at in places])
            held = [set(map(str, _several(data[at]))) for at in places]
            one_each = [_logistic(rows, [name in h for h in held], c) for name in self.names]
            return Weights(np.concatenate([w.matrix for w in one_each]), np.concatenate([w.bias for w in one_each]))
        if self._kind == "choice":
            return _preferring([features[at] for at in places], [int(str(data[at].output)) for at in places], c)
        rows = np.concatenate([features[at] for at in places])
        right = [option in _several(data[at]) for at in places for option in range(len(features[at]))]
        return _logistic(rows, right, c)

    def _softmax(self, rows: Array, labels: Sequence[str], c: float) -> Weights:
        import numpy as np

        there = sorted(set(labels))
        if len(there) < 2:
            raise DataError(f"all {len(labels):,} instances have the label {there[0]!r}", "Two labels are needed.")
        fitted = _regression(c, intercept=True).fit(rows, labels)
        matrix = np.zeros((len(self.names), rows.shape[1]), np.float32)
        bias = np.full(len(self.names), np.log(_LEAST), np.float32)
        coefficients, constants = fitted.coef_, fitted.intercept_
        if len(there) == 2:
            coefficients, constants = np.vstack([0 * coefficients, coefficients]), np.array([0.0, *constants])
        for name, row, constant in zip(fitted.classes_, coefficients, constants, strict=True):
            matrix[self.names.index(name)], bias[self.names.index(name)] = row, constant
        return Weights(matrix, bias)

    def _loss(self, data: Sequence[Labelled], features: Sequence[Array], places: Sequence[int], w: Weights) -> float:
        """The mean surprise at what is right, in nats."""
        import numpy as np

        total = 0.0
        for at in places:
            chances = self._chances(w.scores(features[at]))
            if self._kind in ("labels", "choice"):
                right = data[at].output
                total -= np.log(max(_LEAST, chances[self.names.index(str(right)) if self.names else int(str(right))]))
                continue
            held = _several(data[at])
            named: Sequence[object] = self.names or range(len(chances))
            right_ones = [c if name in held else 1 - c for name, c in zip(named, chances, strict=True)]
            total -= np.mean(np.log(np.maximum(_LEAST, right_ones)))
        return float(total / len(places))

    def _chances(self, scores: Array) -> list[float]:
        import numpy as np

        flat = np.asarray(scores.ravel(), np.float64)
        if self._kind in ("multiple", "choices"):
            return [float(p) for p in 1 / (1 + np.exp(-flat))]
        shifted = np.exp(flat - flat.max())
        return [float(p) for p in shifted / shifted.sum()]

    def _prediction(self, one: Labelled, scores: Array) -> Prediction:
        chances = self._chances(scores) if scores.size else []
        if not self.names:
            return chosen(one, chances, several=self._kind == "choices")
        named = dict(zip(self.names, chances, strict=True))
        if self._kind == "labels":
            best = max(self.names, key=lambda name: named[name])
            return Prediction(one.id, best, best, named)
        least, most = self.card.output.multiple or (0, len(self.names))
        ranked = sorted(self.names, key=lambda name: -named[name])
        count = min(max(sum(p > 0.5 for p in chances), least), most)
        held = tuple(name for name in self.names if name in ranked[:count])
        return Prediction(one.id, held, ", ".join(held) or "none", named)


def check_frozen(card: Card) -> None:
    """Check that a vector of the text can give the output.

    Raises:
        SettingsError: it cannot.
    """
    if card.output.kind not in _KINDS:
        raise SettingsError(
            f"a frozen student learns labels and choices, and the card {card.name} asks for a {card.output.kind}",
            "Leave out --frozen." if card.output.kind == "span" else "Name a student that writes: --student FOLDER",
        )


def load_weights(folder: Path) -> Weights:
    """The head of a folder.

    Raises:
        RunError: it cannot be read.
    """
    import numpy as np

    try:
        with np.load(folder / HEAD, allow_pickle=False) as saved:
            return Weights(saved["matrix"], saved["bias"])
    except (OSError, ValueError, KeyError) as error:
        raise RunError(f"{folder / HEAD} cannot be read: {error}", "Train the student again.") from None


def _several(one: Labelled) -> tuple[object, ...]:
    return tuple(one.output) if isinstance(one.output, tuple) else ()


def _regression(c: float, *, intercept: bool):  # type: ignore[no-untyped-def]  # noqa: ANN202 - scikit-learn's own
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=c, max_iter=_ITERATIONS, fit_intercept=intercept)


def _logistic(rows: Array, right: Sequence[bool], c: float) -> Weights:
    """One output; a constant where all rows are the same."""
    import numpy as np

    if len(set(right)) < 2:
        constant = np.log(1 / _LEAST) if right and right[0] else np.log(_LEAST)
        return Weights(np.zeros((1, rows.shape[1]), np.float32), np.array([constant], np.float32))
    fitted = _regression(c, intercept=True).fit(rows, right)
    return Weights(fitted.coef_.astype(np.float32), fitted.intercept_.astype(np.float32))


def _preferring(features: Sequence[Array], right: Sequence[int], c: float) -> Weights:
    """One output that prefers the right option to each wrong one."""
    import numpy as np

    ahead = [found[at : at + 1] - np.delete(found, at, axis=0) for found, at in zip(features, right, strict=True)]
    rows = np.concatenate(ahead)
    fitted = _regression(c, intercept=False).fit(np.vstack([rows, -rows]), [True] * len(rows) + [False] * len(rows))
    return Weights(fitted.coef_.astype(np.float32), np.zeros(1, np.float32))
