"""Search by meaning: cosines between the embedding of a query and those of descriptions.

Before they are compared, the mean of the catalog is taken off all of them: descriptions of datasets have much in
common that is no reason to choose one ("this dataset contains ..."), and without it recall@5 rises from 0.71 to 0.81
(docs/catalog.md). A small catalog's mean says little of what descriptions have in common and much of the catalog
itself, so it counts n / (n + `SHRINK`).

The vectors are kept as the embedder made them, so that a changed catalog embeds only what is new. Descriptions go in
without names, which are not words, and cut after `LONGEST` characters: their first sentences say what matters here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from satsuma.embedding.embedder import Floats, normalized

LONGEST = 400
"""Characters of a description that are embedded."""
SHRINK = 20
CHUNK = 128
"""Texts that are embedded between two reports of progress."""
VECTORS, MEAN, LENGTHS, DIGESTS = "vectors.npy", "mean.npy", "lengths.npy", "digests.npy"

Embed = Callable[[Sequence[str]], Floats]
"""Texts → vectors, as `Embedder.embed`."""
Tell = Callable[[int, int], None]
"""Is told how many texts of how many are embedded."""


@dataclass(frozen=True, slots=True)
class Dense:
    """The index. vectors: (entries, dimension), mapped. lengths: of the vectors once the mean is off."""

    vectors: Floats
    mean: Floats
    lengths: Floats

    def cosines(self, queries: Floats) -> Floats:
        """Of the queries' mean (shape (queries, dimension)) with each entry, without the catalog's mean; (entries,)."""
        query = normalized(normalized(queries - self.mean).mean(axis=0))
        found: Floats = (self.vectors @ query - np.float32(self.mean @ query)) / self.lengths
        return found


def shortened(description: str) -> str:
    """What of a description is embedded: its first `LONGEST` characters, up to a word's end."""
    plain = " ".join(description[: LONGEST * 4].split())
    if len(plain) <= LONGEST:
        return plain
    return plain[: LONGEST + 1].rpartition(" ")[0] or plain[:LONGEST]


def embedded(embed: Embed, texts: Sequence[str], known: Mapping[bytes, Floats], tell: Tell) -> Floats:
    """Vectors of texts; shape (texts, dimension). What is known by its digest is not embedded again."""
    digests = [digest(text) for text in texts]
    missing = {d: text for d, text in zip(digests, texts, strict=True) if d not in known}
    # Texts of similar length together: a batch is as slow as its longest.
    waiting = sorted(missing.items(), key=lambda pair: (len(pair[1]), pair[0]))
    made = dict(known)
    for start in range(0, len(waiting), CHUNK):
        tell(start, len(waiting))
        part = waiting[start : start + CHUNK]
        made.update(zip((d for d, _ in part), embed([text for _, text in part]), strict=True))
    if waiting:
        tell(len(waiting), len(waiting))
    return np.stack([made[d] for d in digests])


def digest(text: str) -> bytes:
    """Eight bytes that stand for a text."""
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()


def write_dense(folder: Path, vectors: Floats, texts: Sequence[str]) -> None:
    """Write the index into a folder that exists."""
    count = len(vectors)
    mean = vectors.mean(axis=0, dtype=np.float64) * (count / (count + SHRINK))
    mean = mean.astype(np.float32)
    lengths = np.sqrt(
        np.maximum((vectors * vectors).sum(axis=1) - 2 * (vectors @ mean) + mean @ mean, np.float32(1e-12))
    )
    np.save(folder / VECTORS, vectors)
    np.save(folder / MEAN, mean)
    np.save(folder / LENGTHS, lengths.astype(np.float32))
    np.save(folder / DIGESTS, np.frombuffer(b"".join(map(digest, texts)), dtype=np.uint8).reshape(-1, 8))


def open_dense(folder: Path) -> Dense:
    """The index that `write_dense` wrote."""
    return Dense(
        np.load(folder / VECTORS, mmap_mode="r"),
        np.load(folder / MEAN),
        np.load(folder / LENGTHS, mmap_mode="r"),
    )


def known_vectors(folder: Path) -> dict[bytes, Floats]:
    """The vectors of an index by their texts' digests."""
    vectors = np.load(folder / VECTORS, mmap_mode="r")
    return {row.tobytes(): vectors[i] for i, row in enumerate(np.load(folder / DIGESTS))}
