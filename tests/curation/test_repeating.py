"""Repeats are found by four measures, keep the first, and name the one that stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from satsuma.curation.minhash import HASHES, bands, jaccard, shingles
from satsuma.curation.options import Duplicates
from satsuma.curation.population import Member
from satsuma.curation.repeating import repeats


def found(how: Duplicates, threshold: float, *texts: str, embedder: str | None = None) -> list[tuple[int, int]]:
    members = [Member(str(at), text, text, None, "", "g") for at, text in enumerate(texts)]
    return sorted((place, earlier) for place, earlier, _ in repeats(members, how, threshold, 0, embedder))


TEXTS = (
    "the quick brown fox jumps over the lazy dog by the old river bank at noon today",
    "something else altogether is said here and nobody will ever mistake it for that",
    "The quick brown fox jumps over the lazy dog, by the old river bank at noon today!",
    "the quick brown fox jumps over the lazy dog by the old river bank at noon yesterday",
)


def test_the_same_words_are_found_by_every_measure() -> None:
    pytest.importorskip("rensa")
    for how in ("exact", "rouge", "minhash"):
        assert (2, 0) in found(how, 0.95, *TEXTS)


def test_near_ones_are_found_from_the_threshold_on() -> None:
    assert found("exact", 1.0, *TEXTS) == [(2, 0)]
    assert found("rouge", 0.9, *TEXTS) == [(2, 0), (3, 0)]
    assert found("rouge", 0.99, *TEXTS) == [(2, 0)]


def test_minhash_finds_what_is_as_near_and_nothing_else() -> None:
    pytest.importorskip("rensa")
    likeness = jaccard(shingles(TEXTS[0]), shingles(TEXTS[3]))
    assert found("minhash", likeness - 0.01, *TEXTS) == [(2, 0), (3, 0)]
    assert found("minhash", likeness + 0.01, *TEXTS) == [(2, 0)]


def test_minhash_is_the_same_every_time() -> None:
    pytest.importorskip("rensa")
    assert found("minhash", 0.5, *TEXTS * 3) == found("minhash", 0.5, *TEXTS * 3)


def test_the_bands_find_a_pair_at_the_threshold_with_the_promised_probability() -> None:
    for threshold in (0.3, 0.5, 0.7, 0.9, 1.0):
        count = bands(threshold)
        assert HASHES % count == 0
        assert 1 - (1 - threshold ** (HASHES // count)) ** count >= 0.99


def test_texts_without_words_repeat_only_themselves() -> None:
    assert found("rouge", 0.7, "", "!!", "!!", "a") == [(2, 1)]


def test_an_embedder_finds_what_comparing_all_vectors_finds(tmp_path: Path) -> None:
    pytest.importorskip("tokenizers")
    from satsuma.curation.meaning import vectors_of
    from tests.tiny_checkpoint import write_checkpoint

    name = str(write_checkpoint(tmp_path / "tiny"))
    texts = [f"{a} {b}" for a in ("the dog", "a cat", "the man") for b in ("ran", "slept", "is here", "was not")]
    vectors = vectors_of(texts, name)
    cosines, kept, wanted = vectors @ vectors.T, list[int](), list[tuple[int, int]]()
    for place in range(len(texts)):
        near = [one for one in kept if cosines[place, one] >= 0.9]
        if near:
            wanted.append((place, near[0]))
        else:
            kept.append(place)
    assert wanted
    assert len(kept) > 1
    assert found("embedding", 0.9, *texts, embedder=name) == wanted


def test_meaning_is_compared_with_an_embedder() -> None:
    np = pytest.importorskip("numpy")
    from satsuma.curation.meaning import near_in_meaning

    vectors = np.array([[1, 0], [0, 1], [0.99, 0.14], [0.95, 0.31], [0, 1]], np.float32)
    near = near_in_meaning(vectors, 0.96)
    assert {place: first for place, (first, _) in near.items()} == {2: 0, 4: 1}
