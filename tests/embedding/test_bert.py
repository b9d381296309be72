"""The forward pass in numpy: the vectors of sentence-transformers, whatever else is in the batch."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from satsuma.embedding.bert import BertEmbedder, batches, gelu
from satsuma.embedding.checkpoint import is_readable, read_checkpoint
from satsuma.embedding.opening import open_embedder
from satsuma.errors import ExtraError, ModelError
from tests.tiny_checkpoint import LONGEST, WIDTH

TEXTS = ["spam messages about health", "python code?", "x"]
OF_SENTENCE_TRANSFORMERS = [
    [-0.3359292, -0.349241, -0.1642327, 0.0657699, 0.1918485],
    [-0.0497093, -0.2245343, 0.116888, 0.3973843, -0.0014027],
    [-0.3605562, -0.3291018, -0.0298436, 0.2042458, 0.1477669],
]
"""The first five numbers of each text's vector, from sentence-transformers 6.2.0 with the same checkpoint."""
MINILM_TEXTS = [
    "spam in text messages",
    "Вопросы о здоровье",
    "The GAP dataset: " + "ambiguous pronouns and names, " * 80,
]
MINILM = [
    [-0.0139282, 0.0091976, 0.0358974, 0.0874409, -0.022405],
    [-0.0264435, 0.0601138, -0.0296922, -0.0167695, -0.0287398],
    [-0.0076227, 0.0126781, -0.010491, -0.0079896, 0.0041409],
]
"""The same of all-MiniLM-L6-v2; the last text is longer than the model reads."""


def test_the_vectors_are_those_of_sentence_transformers_to_six_digits(tiny: Path) -> None:
    made = BertEmbedder("tiny", read_checkpoint(tiny)).embed(TEXTS)
    assert made.shape == (3, WIDTH)
    assert np.abs(made[:, :5] - np.array(OF_SENTENCE_TRANSFORMERS)).max() < 1e-6


def test_the_default_embedder_is_minilm_to_six_digits() -> None:
    try:
        embedder = open_embedder("minilm")
    except ExtraError as error:
        pytest.skip(error.message)
    assert np.abs(embedder.embed(MINILM_TEXTS)[:, :5] - np.array(MINILM)).max() < 1e-6
    assert embedder.dimension == 384


def test_a_vector_does_not_depend_on_its_company(tiny: Path) -> None:
    embedder = BertEmbedder("tiny", read_checkpoint(tiny))
    texts = [" ".join(["data", "health", "news"][: 1 + i % 3] * (1 + i % 7)) for i in range(40)]
    together = embedder.embed(texts)
    assert np.abs(together - np.concatenate([embedder.embed([t]) for t in texts])).max() < 1e-5


def test_vectors_have_length_one_also_of_nothing_and_of_what_is_too_long(tiny: Path) -> None:
    made = BertEmbedder("tiny", read_checkpoint(tiny)).embed(["", "word " * 10_000, "\0 你好 \ufffd"])
    assert np.allclose(np.linalg.norm(made, axis=1), 1, atol=1e-5)


def test_no_texts_have_no_vectors(tiny: Path) -> None:
    assert BertEmbedder("tiny", read_checkpoint(tiny)).embed([]).shape == (0, WIDTH)


def test_text_beyond_the_models_longest_does_not_count(tiny: Path) -> None:
    embedder = BertEmbedder("tiny", read_checkpoint(tiny))
    start = " ".join(["health"] * LONGEST)
    assert np.allclose(embedder.embed([start]), embedder.embed([start + " spam spam"]), atol=1e-6)


def test_batches_hold_every_text_once_and_no_more_tokens_than_they_may() -> None:
    lengths = [7, 1, 300, 5, 5, 0, 120, 64]
    found = list(batches(lengths, 128))
    assert sorted(i for batch in found for i in batch) == list(range(len(lengths)))
    assert all(len(b) == 1 or max(lengths[i] for i in b) * len(b) <= 128 for b in found)


def test_the_activation_is_exact_to_single_precision() -> None:
    x = np.linspace(-8, 8, 4001, dtype=np.float32)
    exact = [v * 0.5 * (1 + math.erf(v / math.sqrt(2))) for v in x.tolist()]
    assert np.abs(gelu(x.copy()) - np.array(exact)).max() < 1e-6


def test_the_identity_names_the_weights(tiny: Path) -> None:
    before = BertEmbedder("tiny", read_checkpoint(tiny)).identity
    assert BertEmbedder("tiny", read_checkpoint(tiny)).identity == before
    weights = tiny / "model.safetensors"
    changed = bytearray(weights.read_bytes())
    changed[-1] ^= 1
    weights.write_bytes(changed)
    assert BertEmbedder("tiny", read_checkpoint(tiny)).identity != before


@pytest.mark.parametrize(
    ("file", "was", "becomes"),
    [
        ("config.json", '"bert"', '"t5"'),
        ("config.json", '"gelu"', '"relu"'),
        ("config.json", '"model_type"', '"model_kind"'),
    ],
)
def test_another_kind_of_model_is_left_to_the_library_that_reads_it(
    tiny: Path, file: str, was: str, becomes: str
) -> None:
    assert is_readable(tiny)
    (tiny / file).write_text((tiny / file).read_text().replace(was, becomes))
    assert not is_readable(tiny)
    with pytest.raises(ModelError, match="without torch") as refused:
        read_checkpoint(tiny)
    assert "satsuma[sentence-transformers]" in refused.value.hint


def test_a_folder_without_weights_is_no_checkpoint(tiny: Path) -> None:
    (tiny / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"no model\.safetensors"):
        read_checkpoint(tiny)


def test_a_damaged_tokenizer_is_told(tiny: Path) -> None:
    (tiny / "tokenizer.json").write_text("{")
    with pytest.raises(ModelError, match="not a tokenizer"):
        read_checkpoint(tiny)
