"""An embedder whose texts are embedded on a cluster.

Rule: name, identity and dimension are those of the embedder that each worker opens, and so are the vectors, to the last
bit or two (`satsuma.embedding.embedder`). So whoever takes an embedder can be given this one, and what it recorded can
be compared with what was made without a cluster.

Each worker process opens the embedder once. Its package has to be installed there, a model's folder has to lie at the
same path, and a model of the hub is fetched there.
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING

from satsuma.cluster.maps import over_ranges
from satsuma.cluster.opening import absolute
from satsuma.embedding.opening import MINILM, STATIC, open_embedder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from satsuma.embedding.embedder import Embedder, Floats

TEXTS = 256
"""Texts of a range; a second or two of work."""


class ClusterEmbedder:
    """The embedder of a name, on the cluster at an address (`satsuma.cluster.joining`).

    Raises:
        ExtraError: a package that it needs is not installed here.
        ModelError: there is no such model, or it is damaged.
    """

    def __init__(self, address: str, name: str = MINILM) -> None:
        self._address = address
        self._here = open_embedder(name)

    @property
    def name(self) -> str:
        """What the user calls it."""
        return self._here.name

    @property
    def identity(self) -> str:
        """Equal to that of the embedder without a cluster."""
        return self._here.identity

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        return self._here.dimension

    def embed(self, texts: Sequence[str]) -> Floats:
        """Vectors; shape (texts, dimension).

        Raises:
            ClusterError: there is no cluster.
            ExtraError: a worker lacks a package.
        """
        import numpy as np

        if len(texts) <= TEXTS:
            return self._here.embed(texts)
        blocks = over_ranges(partial(embedded, _everywhere(self._here.name)), list(texts), TEXTS, self._address)
        return np.concatenate(list(blocks))


def _everywhere(name: str) -> str:
    """As workers find it, who are in another folder."""
    return name if name in (MINILM, STATIC) else absolute(name)


def embedded(name: str, texts: Sequence[str]) -> Floats:
    """What a worker does."""
    return _opened(name).embed(texts)


@lru_cache(maxsize=1)
def _opened(name: str) -> Embedder:
    return open_embedder(name)
