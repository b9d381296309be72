"""The table of word vectors, and what is estimated with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from satsuma.embedding import wordtable
from satsuma.embedding.bert import BertEmbedder
from satsuma.embedding.checkpoint import read_checkpoint
from satsuma.embedding.fitting import fitted, sampled
from satsuma.embedding.wordtable import StaticEmbedder, open_table
from tests.tiny_checkpoint import VOCABULARY, WIDTH, WORDS


@pytest.fixture
def embedder(tiny: Path) -> BertEmbedder:
    return BertEmbedder("tiny", read_checkpoint(tiny))


def test_a_word_is_what_the_embedder_says_of_it_alone_less_the_mean_of_all(embedder: BertEmbedder) -> None:
    table = open_table(embedder)
    two, ends = VOCABULARY.index("health"), (VOCABULARY.index("[CLS]"), VOCABULARY.index("[SEP]"))
    every = embedder.pooled([[ends[0], piece, ends[1]] for piece in range(len(VOCABULARY))])
    assert np.abs(table.vectors[two] - (every[two] - every.mean(axis=0))).max() < 2e-3  # it is kept in half precision


def test_the_table_is_made_once(embedder: BertEmbedder, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = open_table(embedder)
    assert len(list(cache.iterdir())) == 1
    monkeypatch.setattr(wordtable, "distilled", pytest.fail)
    assert np.array_equal(open_table(embedder).vectors, first.vectors)


@pytest.mark.parametrize("content", [b"", b"torn", b"\x93NUMPY\x01\x00"])
def test_a_torn_table_is_made_again(embedder: BertEmbedder, cache: Path, content: bytes) -> None:
    first = open_table(embedder)
    (file,) = cache.iterdir()
    file.write_bytes(content)
    assert np.array_equal(open_table(embedder).vectors, first.vectors)


def test_a_cache_that_cannot_be_written_costs_only_time(embedder: BertEmbedder, cache: Path) -> None:
    cache.write_text("a file where the folder should be")
    assert open_table(embedder).vectors.shape == (len(VOCABULARY), WIDTH)


def test_a_text_is_the_mean_of_its_words_and_rare_ones_count_more(embedder: BertEmbedder) -> None:
    static = StaticEmbedder(open_table(embedder))
    alone, other, both = static.embed(["health", "spam", "health spam"])
    assert np.linalg.norm(both) == pytest.approx(1, abs=1e-5)
    assert both @ alone > other @ alone
    assert static.embed(["health health"])[0] == pytest.approx(alone, abs=1e-6)
    assert not static.embed([""]).any()
    assert static.identity != embedder.identity


def test_estimates_come_near_what_the_embedder_says(embedder: BertEmbedder) -> None:
    chance = np.random.default_rng(3)
    texts = [" ".join(chance.choice(WORDS, size=5)) for _ in range(600)]
    known, unknown = texts[:500], texts[500:]
    estimator = fitted(open_table(embedder), texts, known, embedder.embed(known))
    true = embedder.embed(unknown)
    spread = np.square(true - true.mean(axis=0)).sum()
    missed = np.square(true - estimator.embed(unknown)).sum()
    assert missed < 0.6 * spread


def test_the_sample_depends_on_the_texts_and_not_on_their_order() -> None:
    texts = [f"text {i}" for i in range(100)]
    assert sampled(texts, 10) == sampled([*reversed(texts), *texts], 10)
    assert len(sampled(texts, 1000)) == 100
