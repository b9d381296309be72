"""Vocabulary, distinct-n and unique bigrams against counting them one by one."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satsuma.measures.outcome import NotDefined
from satsuma.measures.stopwords import STOP_WORDS
from satsuma.measures.vocabulary import Vocabulary, VocabularyTally

np = pytest.importorskip("numpy")

from satsuma.measures import vocabulary  # noqa: E402 - needs numpy
from satsuma.measures.distinct import Distinct, TokenHashes, joined  # noqa: E402 - needs numpy

TOKENS = st.lists(st.lists(st.sampled_from(["a", "B", "b", "the", "not", "cat", "é", "猫", "", "\ud800"]), max_size=9))


def measured(texts: list[list[str]]) -> Vocabulary:
    tally = VocabularyTally()
    for text in texts:
        tally.add(text)
    result = tally.result()
    assert isinstance(result, Vocabulary)
    return result


def grams(text: list[str], order: int) -> list[tuple[str, ...]]:
    low = [token.lower() for token in text]
    return list(zip(*(low[i:] for i in range(order)), strict=False))


@given(TOKENS.filter(bool))
def test_counts_are_those_of_counting_one_by_one(texts: list[list[str]]) -> None:
    found = measured(texts)
    assert found.exact
    assert found.vocabulary == sum(len({t for t in text if t.lower() not in STOP_WORDS}) for text in texts)
    assert found.tokens_per_example == sum(map(len, texts)) / len(texts)
    assert found.unique_bigrams_per_example == len({g for text in texts for g in grams(text, 2)}) / len(texts)
    for order, share in enumerate((found.distinct_1, found.distinct_2, found.distinct_3, found.distinct_4), 1):
        all_grams = [gram for text in texts for gram in grams(text, order)]
        assert share == (len(set(all_grams)) / len(all_grams) if all_grams else 0)


def test_no_instances_have_no_vocabulary() -> None:
    assert isinstance(VocabularyTally().result(), NotDefined)


def test_counting_in_parts_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [[f"w{(i * j) % 17}" for j in range(i % 9)] for i in range(200)]
    whole = measured(texts)
    monkeypatch.setattr(vocabulary, "_BUFFER", 7)
    assert measured(texts) == whole


def test_beyond_its_limit_a_count_is_an_estimate_and_says_so() -> None:
    hashes = TokenHashes()
    counter = Distinct(limit=1000)
    for start in range(0, 40_000, 1000):
        numbers = np.array([hashes(str(i)) for i in range(start, start + 1000)], np.uint64)
        counter.add(numbers)
        counter.add(numbers)
    assert not counter.exact
    assert counter.count() == pytest.approx(40_000, rel=0.12)


def test_the_order_of_a_pair_of_tokens_counts() -> None:
    hashes = TokenHashes()
    words = [f"w{i}" for i in range(100)]
    single = np.array([hashes(word) for word in words], np.uint64)
    forth, back = joined(single[:-1], single[1:]), joined(single[1:], single[:-1])
    assert len(np.unique(np.concatenate([forth, back]))) == 2 * len(list(pairwise(words)))
