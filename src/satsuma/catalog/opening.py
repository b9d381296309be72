"""The way into a catalog: it is opened for searching, and indexed the first time (`indexing.py`)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from satsuma.errors import DataError
from satsuma.extras import require
from satsuma.remote.staging import place_of
from satsuma.remote.urls import FETCHED_BY, NOT_FETCHED, refuse_url

if TYPE_CHECKING:
    from satsuma.catalog.dense import Tell
    from satsuma.catalog.searching import Catalog

AUTO = "auto"
PACKAGES = ("numpy", "bm25s", "Stemmer", "threadpoolctl")


def open_catalog(source: str | Path, *, embedder: str = AUTO, tell: Tell | None = None) -> Catalog:
    """Open a catalog: a JSON Lines file of dataset cards, or a folder of data files with cards beside them.

    embedder: `auto`, `minilm`, `static`, `none` (words alone), or a sentence-transformers model. tell: is told how far
    the embedding is.

    Raises:
        DataError: it is not a catalog.
        ExtraError: a package is not installed.
        ModelError: the embedder cannot be loaded.
        RunError: the index cannot be written.
    """
    require("retrieval", *PACKAGES, needed_by="searching a catalog")
    from satsuma.catalog.indexing import found_or_built

    path = place_of(source)
    if not path.exists():
        refuse_url(source, NOT_FETCHED, FETCHED_BY)
        raise DataError(f"there is no catalog {path}", "Make one: satsuma catalog build FOLDER -o FILE")
    return found_or_built(path, embedder, tell or _silent)


def _silent(done: int, of: int) -> None:
    """Tells nobody."""
