"""A BERT encoder in numpy: the forward pass of Devlin et al. (2018), mean pooling, normalization.

Equal to sentence-transformers to six digits; a third of its speed, and without its 1.3 GB. Texts are sorted by length,
so that a batch has little padding, and batches are cut by tokens, so that memory is bounded whatever the texts are.

Not covered: training, other activations than the exact GELU, position embeddings that are not absolute.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from satsuma.embedding.checkpoint import Checkpoint
from satsuma.embedding.embedder import Floats, normalized

BATCH_TOKENS = 2048
"""Tokens of one batch, padding among them: 12 MB at the widest place of MiniLM."""
GELU_BLOCK = 1 << 16
"""Numbers that are worked on while they are in the processor's cache."""

_ERF_ODD = tuple(
    np.float32(c)
    for c in (
        *(-2.72614225801306e-10, 2.77068142495902e-08, -2.10102402082508e-06, -5.69250639462346e-05),
        *(-7.34990630326855e-04, -2.95459980854025e-03, -1.60960333262415e-02),
    )
)
_ERF_EVEN = tuple(
    np.float32(c)
    for c in (
        *(-1.45660718464996e-05, -2.13374055278905e-04, -1.68282697438203e-03, -7.37332916720468e-03),
        -1.42647390514189e-02,
    )
)


@dataclass(frozen=True, slots=True)
class BertEmbedder:
    """A checkpoint that embeds. name: what the user calls it."""

    name: str
    checkpoint: Checkpoint

    @property
    def identity(self) -> str:
        """The name, this forward pass, and a hash of the checkpoint."""
        return f"{self.name}:bert1-{self.checkpoint.digest}"

    @property
    def dimension(self) -> int:
        """The width of the model."""
        return self.checkpoint.shape.width

    def embed(self, texts: Sequence[str]) -> Floats:
        """Vectors of length 1; shape (texts, dimension). Texts are cut at the model's longest."""
        return self.embed_tokens([e.ids for e in self.checkpoint.tokenizer.encode_batch(list(texts))])

    def embed_tokens(self, sequences: Sequence[Sequence[int]]) -> Floats:
        """As `embed`, of token ids with the special ones around them."""
        return normalized(self.pooled(sequences))

    def pooled(self, sequences: Sequence[Sequence[int]]) -> Floats:
        """The mean of each sequence's last states, at their own length; shape (sequences, dimension)."""
        result = np.zeros((len(sequences), self.dimension), dtype=np.float32)
        for batch in batches([len(s) for s in sequences], BATCH_TOKENS):
            ids, mask = _padded([sequences[i] for i in batch])
            states = encoded(self.checkpoint, ids, mask)
            sums = np.einsum("blw,bl->bw", states, mask)
            result[batch] = sums / np.maximum(mask.sum(axis=1, keepdims=True), 1.0)
        return result


def batches(lengths: Sequence[int], most: int) -> Iterator[list[int]]:
    """Indices in batches of similar lengths; longest times count is at most `most` (or the batch is one alone)."""
    batch: list[int] = []
    longest = 0
    for i in sorted(range(len(lengths)), key=lambda i: (lengths[i], i)):
        longest = max(lengths[i], 1)
        if batch and longest * (len(batch) + 1) > most:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


def _padded(sequences: Sequence[Sequence[int]]) -> tuple[Floats, Floats]:
    width = max(1, *(len(s) for s in sequences))
    ids = np.zeros((len(sequences), width), dtype=np.int64)
    mask = np.zeros((len(sequences), width), dtype=np.float32)
    for row, sequence in enumerate(sequences):
        ids[row, : len(sequence)] = sequence
        mask[row, : len(sequence)] = 1.0
    return ids, mask


def encoded(checkpoint: Checkpoint, ids: Floats, mask: Floats) -> Floats:
    """The last states; ids and mask of shape (batch, length), the result (batch, length, width)."""
    w, shape = checkpoint.weights, checkpoint.shape
    x = w["embeddings.word_embeddings.weight"][ids]
    x += w["embeddings.position_embeddings.weight"][: ids.shape[1]]
    x += w["embeddings.token_type_embeddings.weight"][0]
    x = _layer_norm(x, w, "embeddings.LayerNorm", shape.epsilon)
    hidden = (1.0 - mask[:, None, None, :]) * np.float32(-1e9)
    for layer in range(shape.layers):
        at = f"encoder.layer.{layer}"
        x = _layer_norm(x + _attention(x, hidden, w, at, shape.heads), w, f"{at}.attention.output.LayerNorm",
                        shape.epsilon)  # fmt: skip
        inner = gelu(_dense(x, w, f"{at}.intermediate.dense"))
        x = _layer_norm(x + _dense(inner, w, f"{at}.output.dense"), w, f"{at}.output.LayerNorm", shape.epsilon)
    return x


def _attention(x: Floats, hidden: Floats, w: dict[str, Floats], at: str, heads: int) -> Floats:
    batch, length, width = x.shape
    split = (batch, length, heads, width // heads)
    query, key, value = (_dense(x, w, f"{at}.attention.self.{p}").reshape(split) for p in ("query", "key", "value"))
    # A product of many small matrices is ten times slower where one of them is not laid out in its own order.
    query, value = (np.ascontiguousarray(part.transpose(0, 2, 1, 3)) for part in (query, value))
    scores = query @ np.ascontiguousarray(key.transpose(0, 2, 3, 1))
    scores *= np.float32(1 / math.sqrt(width // heads))
    scores += hidden
    scores -= scores.max(axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=-1, keepdims=True)
    mixed = (scores @ value).transpose(0, 2, 1, 3).reshape(batch, length, width)
    return _dense(mixed, w, f"{at}.attention.output.dense")


def _dense(x: Floats, w: dict[str, Floats], at: str) -> Floats:
    y: Floats = x.reshape(-1, x.shape[-1]) @ w[f"{at}.weight"].T
    y += w[f"{at}.bias"]
    return y.reshape(*x.shape[:-1], -1)


def _layer_norm(x: Floats, w: dict[str, Floats], at: str, epsilon: float) -> Floats:
    y: Floats = x - x.mean(axis=-1, keepdims=True)
    y /= np.sqrt(np.einsum("...i,...i->...", y, y)[..., None] / np.float32(x.shape[-1]) + np.float32(epsilon))
    y *= w[f"{at}.weight"]
    y += w[f"{at}.bias"]
    return y


def gelu(x: Floats) -> Floats:
    """Each number times the normal distribution function at it, in place.

    The error function is the rational approximation that Eigen uses, right to single precision.
    """
    flat = x.reshape(-1)
    for start in range(0, flat.size, GELU_BLOCK):
        part = flat[start : start + GELU_BLOCK]
        erf = np.clip(part * np.float32(math.sqrt(0.5)), -4.0, 4.0)
        square = erf * erf
        erf *= _polynomial(square, _ERF_ODD)
        erf /= _polynomial(square, _ERF_EVEN)
        erf += np.float32(1.0)
        erf *= np.float32(0.5)
        part *= erf
    return x


def _polynomial(x: Floats, coefficients: Sequence[np.float32]) -> Floats:
    result = np.full_like(x, coefficients[0])
    for c in coefficients[1:]:
        result *= x
        result += c
    return result
