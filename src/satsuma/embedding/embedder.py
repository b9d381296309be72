"""What an embedder is: texts in, one normalized vector each out.

Rule: the vector of a text depends on the text and the embedder's identity, and on nothing else (to the last bit or
two: a matrix product may round differently in other company). So the identity is what is recorded where vectors are
kept, and vectors of unequal identities are never compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    import numpy as np

Floats: TypeAlias = "np.ndarray"
"""An array of float32."""


class Embedder(Protocol):
    """Turns texts into vectors."""

    @property
    def name(self) -> str:
        """What the user calls it: `minilm`, `static`, a hub name or a folder."""
        ...

    @property
    def identity(self) -> str:
        """The name and what its vectors depend on; equal if and only if vectors can be compared."""
        ...

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        ...

    def embed(self, texts: Sequence[str]) -> Floats:
        """Vectors of length 1 (of length 0 for a text without a known token); shape (texts, dimension)."""
        ...


def normalized(vectors: Floats) -> Floats:
    """The rows at length 1; a row of zeros stays one."""
    import numpy as np

    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    result: Floats = vectors / np.maximum(lengths, np.float32(1e-12))
    return result
