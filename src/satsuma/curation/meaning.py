"""Near-duplicates by meaning: texts whose vectors have a cosine similarity of the threshold or more.

Each text is compared with every one before it that is kept, exactly, block by block: n² products for n texts, some
seconds for 20,000 with 384 dimensions. What an embedder takes for the same meaning is its own matter: look at what was
dropped. Memory: the vectors, 1.5 kB each with 384 dimensions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from satsuma.embedding.embedder import Floats

BLOCK = 512


def vectors_of(texts: Sequence[str], name: str, ray: str = "") -> Floats:
    """The vectors of texts by the embedder of a name; shape (texts, dimension). ray: the address of a cluster to use.

    Raises:
        ExtraError: a package that it needs is not installed.
        ModelError: there is no such model, or it is damaged.
        ClusterError: there is no cluster, or a worker failed.
    """
    import numpy as np

    if ray:
        from satsuma.cluster.embedding import ClusterEmbedder

        return ClusterEmbedder(ray, name).embed(texts)
    from satsuma.embedding.opening import open_embedder

    embedder = open_embedder(name)
    blocks = [embedder.embed(texts[at : at + BLOCK]) for at in range(0, len(texts), BLOCK)]
    made: Floats = np.concatenate(blocks) if blocks else np.zeros((0, embedder.dimension), np.float32)
    return made


def near_in_meaning(vectors: Floats, threshold: float) -> dict[int, tuple[int, float]]:
    """Which row is near to an earlier one that is kept: its place → the earliest such, and the cosine."""
    import numpy as np

    kept = np.ones(len(vectors), bool)
    found: dict[int, tuple[int, float]] = {}
    for start in range(0, len(vectors), BLOCK):
        end = min(start + BLOCK, len(vectors))
        cosines = vectors[start:end] @ vectors[:end].T
        for at in np.flatnonzero((cosines >= threshold).sum(axis=1) > 1).tolist():
            place = start + at
            near = np.flatnonzero((cosines[at, :place] >= threshold) & kept[:place])
            if len(near):
                kept[place] = False
                found[place] = (int(near[0]), float(cosines[at, near[0]]))
    return found
