"""The vectors of a large collection, estimated: an embedder on a sample of it, the static table on all of it.

Two cheap descriptions of a text, the weighted mean of its word pieces' vectors and their maximum in each dimension,
are mapped to the embedder's vector by ridge regression, which is fitted on a sample of the very collection. Queries go
through the embedder itself. So one pays for some thousand texts instead of a hundred thousand, and meets the real
thing half-way (docs/catalog.md has the figures).

Deterministic: the sample is chosen by a hash of each text. Vectors of two fits are not comparable.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from satsuma.embedding.embedder import Floats, normalized
from satsuma.embedding.wordtable import CHUNK, WordTable, downweighted

COMMON = 1e-3
"""The share of all words at which a word piece counts half, where shares are counted."""
RIDGE = 1.0
"""The weight of the regression's penalty; the features have length 1."""


@dataclass(frozen=True, slots=True)
class Fit:
    """An estimator of an embedder's vectors. weights: of word pieces. mapping: (features + 1, dimension)."""

    table: WordTable
    weights: Floats
    mapping: Floats

    def embed(self, texts: Sequence[str]) -> Floats:
        """Estimated vectors; shape (texts, dimension).

        They are left shorter than 1, as regression makes them: what is known of a text less certainly lies nearer to
        the mean, and once the mean is taken off, that is as it should be.
        """
        result = np.zeros((len(texts), self.mapping.shape[1]), dtype=np.float32)
        for start in range(0, len(texts), CHUNK):
            part = texts[start : start + CHUNK]
            result[start : start + CHUNK] = features(self.table, part, self.weights) @ self.mapping
        return result


def fitted(table: WordTable, texts: Sequence[str], chosen: Sequence[str], vectors: Floats) -> Fit:
    """Fit to a collection. chosen: some of its texts; vectors: the embedder's of these, (chosen, dimension)."""
    weights = downweighted(_shares(table, texts), COMMON)
    parts = [features(table, chosen[i : i + CHUNK], weights) for i in range(0, len(chosen), CHUNK)]
    x, y = np.concatenate(parts), vectors
    penalty = RIDGE * np.eye(x.shape[1], dtype=np.float64)
    mapping = np.linalg.solve(x.T.astype(np.float64) @ x + penalty, x.T.astype(np.float64) @ y)
    return Fit(table, weights, mapping.astype(np.float32))


def sampled(texts: Sequence[str], count: int) -> list[str]:
    """`count` of the different texts, the same ones whatever their order."""
    ranked = sorted({hashlib.blake2b(t.encode("utf-8", "replace"), digest_size=8).digest(): t for t in texts}.items())
    return [text for _, text in ranked[:count]]


def features(table: WordTable, texts: Sequence[str], weights: Floats) -> Floats:
    """Mean and maximum of each text's word vectors, each of length 1, and a constant; (texts, 2 dimension + 1)."""
    pieces = table.pieces(texts)
    vectors = table.vectors[pieces.ids]
    means = normalized(pieces.folded(np.add, vectors * weights[pieces.ids, None]))
    most = normalized(pieces.folded(np.maximum, vectors))
    return np.concatenate([means, most, np.ones((len(texts), 1), dtype=np.float32)], axis=1)


def _shares(table: WordTable, texts: Sequence[str]) -> Floats:
    """The share of each word piece among all that the texts have; float64."""
    counts = np.zeros(len(table.vectors), dtype=np.float64)
    for start in range(0, len(texts), CHUNK):
        counts += np.bincount(table.pieces(texts[start : start + CHUNK]).ids, minlength=len(counts))
    return counts / max(counts.sum(), 1.0)
