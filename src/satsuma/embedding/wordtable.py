"""A static model: a vector for each word piece of the vocabulary, made by the embedder itself.

Each piece is put through the embedder alone, between the two special tokens, and the mean over the vocabulary is taken
off (Tulkens and van Dongen 2024, Model2Vec; their rotation by PCA changes no angle and is left out). A text is the
mean of its pieces, each weighted down by how common it is (smooth inverse frequency, Arora et al. 2017). That is a
few hundred times faster than the embedder, and much coarser: `fitting.py` makes it less so for one collection.

Making a table takes half a minute once; it is kept in the user's cache directory by the embedder's identity.
Not covered: word order, and words in other alphabets than the vocabulary's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from satsuma.cache import cache_directory
from satsuma.embedding.bert import BertEmbedder
from satsuma.embedding.embedder import Floats, normalized
from satsuma.run.atomic import part_of, put_in_place

if TYPE_CHECKING:
    from tokenizers import Tokenizer

VERSION = "table1"
COMMON = 1e-4
"""The share of all words at which a word piece counts half, where shares are guessed."""
CHUNK = 256
"""Texts that are worked on at a time."""


@dataclass(frozen=True, slots=True)
class WordTable:
    """Vectors of word pieces. vectors: (vocabulary, dimension). origin: the identity of the embedder."""

    tokenizer: Tokenizer
    vectors: Floats
    origin: str

    def pieces(self, texts: Sequence[str]) -> Pieces:
        """The word pieces of texts."""
        encoded = [e.ids for e in self.tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]
        lengths = np.array([len(ids) for ids in encoded], dtype=np.int64)
        flat = np.fromiter(chain.from_iterable(encoded), dtype=np.int64, count=int(lengths.sum()))
        return Pieces(flat, lengths)


@dataclass(frozen=True, slots=True)
class Pieces:
    """The word pieces of texts, one text after the other. ids: (pieces,). lengths: (texts,)."""

    ids: Floats
    lengths: Floats

    def folded(self, fold: np.ufunc, rows: Floats) -> Floats:
        """The fold of the rows of each text, zeros for one without a word. rows: (pieces, d); (texts, d)."""
        result = np.zeros((len(self.lengths), rows.shape[1]), dtype=np.float32)
        some = np.flatnonzero(self.lengths)
        if some.size:
            result[some] = fold.reduceat(rows, (np.cumsum(self.lengths) - self.lengths)[some])
        return result


@dataclass(frozen=True, slots=True)
class StaticEmbedder:
    """A table as an embedder; how common a piece is, is guessed from its place in the vocabulary (Zipf's law)."""

    table: WordTable

    name = "static"

    @property
    def identity(self) -> str:
        """The table's origin and version."""
        return f"{self.name}:{VERSION}-{self.table.origin}"

    @property
    def dimension(self) -> int:
        """The width of the table."""
        return int(self.table.vectors.shape[1])

    def embed(self, texts: Sequence[str]) -> Floats:
        """Vectors of length 1 (of length 0 for a text without a word); shape (texts, dimension)."""
        ranks = np.arange(2, len(self.table.vectors) + 2)
        weights = downweighted((1 / ranks) / np.sum(1 / ranks), COMMON)
        return normalized(means(self.table, texts, weights))


def downweighted(shares: Floats, common: float) -> Floats:
    """The weight of a word piece from its share of all words: 1 if it never occurs, 1/2 if its share is `common`."""
    return (common / (common + shares)).astype(np.float32)


def means(table: WordTable, texts: Sequence[str], weights: Floats) -> Floats:
    """The weighted mean of each text's pieces; shape (texts, dimension)."""
    result = np.zeros((len(texts), table.vectors.shape[1]), dtype=np.float32)
    for start in range(0, len(texts), CHUNK):
        pieces = table.pieces(texts[start : start + CHUNK])
        sums = pieces.folded(np.add, table.vectors[pieces.ids] * weights[pieces.ids, None])
        result[start : start + CHUNK] = sums / np.maximum(pieces.lengths, 1)[:, None]
    return result


def open_table(embedder: BertEmbedder) -> WordTable:
    """The table of an embedder: from the cache, or made now and kept there."""
    path = _cache_file(embedder.identity)
    tokenizer = embedder.checkpoint.tokenizer
    shape = (tokenizer.get_vocab_size(), embedder.dimension)
    vectors = _kept(path, shape)
    if vectors is None:
        vectors = distilled(embedder)
        _keep(path, vectors)
    return WordTable(tokenizer, np.asarray(vectors, dtype=np.float32), embedder.identity)


def distilled(embedder: BertEmbedder) -> Floats:
    """The vectors of the whole vocabulary, their mean taken off; float16."""
    tokenizer = embedder.checkpoint.tokenizer
    around = tokenizer.encode("").ids
    first, last = around[:1], around[1:]
    vectors = embedder.pooled([[*first, piece, *last] for piece in range(tokenizer.get_vocab_size())])
    rounded: Floats = (vectors - vectors.mean(axis=0)).astype(np.float16)
    return rounded


def _cache_file(identity: str) -> Path:
    digest = hashlib.blake2b(f"{VERSION}/{identity}".encode(), digest_size=8).hexdigest()
    return cache_directory() / f"words-{digest}.npy"


def _kept(path: Path, shape: tuple[int, int]) -> Floats | None:
    """What the cache has; None if it has nothing, or something else (a newer satsuma's, a torn file)."""
    if not path.is_file():
        return None
    try:
        vectors: Floats = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return vectors if vectors.shape == shape and vectors.dtype == np.float16 else None


def _keep(path: Path, vectors: Floats) -> None:
    """Keep the table for the next time; a cache that cannot be written costs time and nothing else."""
    part = part_of(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            np.save(file, vectors, allow_pickle=False)
        put_in_place(part, path)
    except OSError:
        with suppress(OSError):
            part.unlink()
