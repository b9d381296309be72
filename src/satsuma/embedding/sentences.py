"""Any sentence-transformers model, by its name on the hub or by its folder (extra: sentence-transformers).

Code that comes with a model is never run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from satsuma.embedding.embedder import Floats, normalized
from satsuma.errors import ModelError
from satsuma.extras import require

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

BATCH = 32


@dataclass(frozen=True, slots=True)
class SentenceEmbedder:
    """A model that sentence-transformers runs. revision: the hub's commit, if it is known."""

    name: str
    model: SentenceTransformer
    revision: str

    @property
    def identity(self) -> str:
        """The name and the commit."""
        return f"{self.name}:sentence-transformers-{self.revision or 'unknown'}"

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        return int(self.model.encode([""]).shape[1])

    def embed(self, texts: Sequence[str]) -> Floats:
        """Vectors of length 1; shape (texts, dimension)."""
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        made = self.model.encode(list(texts), batch_size=BATCH, show_progress_bar=False, convert_to_numpy=True)
        return normalized(np.asarray(made, dtype=np.float32))


def open_sentences(name: str) -> SentenceEmbedder:
    """Load a model; takes seconds to minutes.

    Raises:
        ExtraError: sentence-transformers is not installed.
        ModelError: there is no such model, or it is damaged.
    """
    require("sentence-transformers", "sentence_transformers", needed_by=f"the embedder {name}")
    from sentence_transformers import SentenceTransformer

    try:
        model = SentenceTransformer(name, trust_remote_code=False)
    except Exception as error:  # the library's loaders raise errors of many libraries
        raise ModelError(
            f"the embedder {name} cannot be loaded: {error}",
            "Name a sentence-transformers model of the hub, a folder that holds one, or minilm.",
        ) from error
    config = getattr(getattr(model[0], "auto_model", None), "config", None)
    return SentenceEmbedder(name, model, str(getattr(config, "_commit_hash", None) or ""))
