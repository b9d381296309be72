"""Near-duplicates: exactly those that comparing all pairs finds."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satsuma.selecting.bounds import BAND, MOST, SHORTEST, Bounds
from satsuma.selecting.near import NearTexts
from satsuma.selecting.rouge import words

Texts = Sequence[Sequence[str]]
THRESHOLDS = st.sampled_from([0.3, 0.35, 0.5, 0.6, 2 / 3, 0.7, 0.75, 0.8, 0.9, 0.95, 1.0])


def common(one: Sequence[str], other: Sequence[str]) -> int:
    """The length of the longest common subsequence, by the book."""
    row = [0] * (len(other) + 1)
    for word in one:
        before = row
        row = [0]
        for at, theirs in enumerate(other):
            row.append(before[at] + 1 if word == theirs else max(row[at], before[at + 1]))
    return row[-1]


def by_all_pairs(texts: Texts, threshold: float) -> list[int | None]:
    """For each text the first of those before it that are kept and near enough."""
    exact = Fraction(repr(threshold))
    kept: list[int] = []
    found: list[int | None] = []
    for index, text in enumerate(texts):
        near = (k for k in kept if text and 2 * common(text, texts[k]) >= exact * (len(text) + len(texts[k])))
        found.append(next(near, None))
        if text and found[-1] is None:
            kept.append(index)
    return found


def by_index(texts: Texts, threshold: float) -> list[int | None]:
    near = NearTexts(threshold)
    found = [near.first(text, index) for index, text in enumerate(texts)]
    return [None if f is None else f[0] for f in found]


def variations(draw: random.Random, number: int, vocabulary: int, longest: int) -> list[list[str]]:
    """Texts of which most are an earlier one with some words left out, put in, exchanged or moved."""
    texts: list[list[str]] = []
    for _ in range(number):
        if not texts or draw.random() < 0.2:
            texts.append([f"w{draw.randrange(vocabulary)}" for _ in range(draw.randint(0, longest))])
            continue
        text = list(draw.choice(texts))
        for _ in range(draw.randint(0, 1 + len(text) // 2)):
            at = draw.randint(0, len(text))
            text[at : at + draw.randint(0, 2)] = [f"w{draw.randrange(vocabulary)}" for _ in range(draw.randint(0, 2))]
        texts.append(text)
    return texts


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(st.sampled_from("abcdefg"), max_size=14), max_size=24), THRESHOLDS)
def test_it_finds_the_first_that_all_pairs_find_among_texts_of_few_words(texts: Texts, threshold: float) -> None:
    assert by_index(texts, threshold) == by_all_pairs(texts, threshold)


@settings(max_examples=60, deadline=None)
@given(st.randoms(use_true_random=False), st.sampled_from([3, 12, 60, 400]), st.sampled_from([6, 20, 45]), THRESHOLDS)
def test_it_finds_the_first_that_all_pairs_find_among_variations(
    draw: random.Random, vocabulary: int, longest: int, threshold: float
) -> None:
    texts = variations(draw, 40, vocabulary, longest)
    assert by_index(texts, threshold) == by_all_pairs(texts, threshold)


@pytest.mark.parametrize("threshold", [0.6, 0.8])
def test_it_finds_what_all_pairs_find_in_many_blocks_of_texts(
    threshold: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("satsuma.selecting.counts.TEXTS", 32)
    texts = variations(random.Random(5), 450, 300, 14)
    found = by_index(texts, threshold)
    assert found == by_all_pairs(texts, threshold)
    assert found.count(None) > 128


def test_it_finds_what_all_pairs_find_among_long_texts_of_all_lengths() -> None:
    draw = random.Random(3)
    texts = variations(draw, 60, 900, 200)
    cut = [text[: draw.randint(1, len(text))] for text in texts if text]
    found = by_index([*texts, *cut], 0.7)
    assert found == by_all_pairs([*texts, *cut], 0.7)
    assert sum(f is not None and f != i for i, f in enumerate(found)) > 20


def test_it_says_the_index_that_it_was_told_and_how_near() -> None:
    near = NearTexts(0.7)
    assert near.first(words("the cat sat on the mat"), 12) is None
    assert near.first(words("a quite different sentence"), 40) is None
    assert near.first(words("the cat sat on the red mat"), 41) == (12, 12 / 13)


@pytest.mark.parametrize("exact", [30, 90])
def test_from_a_number_of_texts_on_it_finds_nearly_all_that_all_pairs_find_and_nothing_else(exact: int) -> None:
    texts = variations(random.Random(8), 600, 4000, 24)
    near, kept = NearTexts(0.7, exact), dict[int, Sequence[str]]()
    sought = missed = 0
    for index, text in enumerate(texts):
        found, searches_all = near.first(text, index), len(kept) < exact
        alike = [at for at, other in kept.items() if 2 * common(text, other) >= 0.7 * (len(text) + len(other))]
        if searches_all or found is not None:
            first = found[0] if found else None
            assert first in alike if alike else first is None
            assert not searches_all or first == next(iter(alike), None)
        if alike and not searches_all:
            sought += 1
            missed += found is None
        if found is None and text:
            kept[index] = text
    assert sought > 150
    assert missed <= 0.06 * sought, "made to be barely near; of natural text far less is missed"


def test_what_is_remembered_without_looking_is_judged_as_if_it_had_been_looked_at() -> None:
    texts = variations(random.Random(9), 300, 900, 20)
    looked = NearTexts(0.7, 60)
    verdicts = [looked.first(text, index) for index, text in enumerate(texts)]
    for known in (20, 59, 60, 61, 119, 120, 121, 250):
        again = NearTexts(0.7, 60)
        for index, text in enumerate(texts[:known]):
            if verdicts[index] is None:
                again.remember(text, index)
        assert [again.first(text, known + at) for at, text in enumerate(texts[known:])] == verdicts[known:]
    assert sum(verdict is None for verdict in verdicts) > 121


CYCLES = """\
import gc, random
from satsuma.selecting.near import NearTexts
near, rng = NearTexts(0.7), random.Random(1)
texts = [rng.choices("abcd", k=12) for _ in range(120)]
first = [near.first(text, index) for index, text in enumerate(texts[:60])]
gc.collect()
gc.disable()  # which a run does nearly
found = [near.first(text, 60 + index) for index, text in enumerate(texts[60:])]
print(sum(one is not None for one in found), gc.collect())
"""


def test_a_search_leaves_no_reference_cycles() -> None:
    """In a process of its own, where no other test's threads leave any."""
    told = subprocess.run([sys.executable, "-c", CYCLES], capture_output=True, text=True, check=True, timeout=60)
    found, left = map(int, told.stdout.split())
    assert found > 10
    assert left == 0


def test_a_near_duplicate_is_not_remembered() -> None:
    near = NearTexts(0.7)
    assert near.first(list("abcdefghij"), 0) is None
    assert near.first(list("abcdefgxyz"), 1) == (0, 0.7)
    assert near.first(list("abcdpqrxyz"), 2) is None


def test_of_texts_that_share_a_part_on_purpose_their_own_parts_have_to_be_near_too() -> None:
    passage, near = [f"w{i}" for i in range(40)], NearTexts(0.7)
    asked = ["who went to the market", "when did the old bridge fall", "who went to the big market"]
    found = [near.first(passage + own.split(), index, own.split()) for index, own in enumerate(asked)]
    assert found == [None, None, (0, 10 / 11)]
    assert near.first([f"other {word}" for word in passage] + asked[0].split(), 3, asked[0].split()) is None


def test_own_parts_are_told_apart_in_every_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("satsuma.selecting.counts.TEXTS", 7)
    passage, near = [f"w{i}" for i in range(30)], NearTexts(0.7)
    own = [[f"q{i}{j}" for j in range(5)] for i in range(20)]
    assert [near.first(passage + each, index, each) for index, each in enumerate(own)] == [None] * 20
    again = [near.first(passage + each, 99, each) for each in own]
    assert again == [(index, 1.0) for index in range(20)]


def test_the_threshold_is_the_decimal_that_was_written() -> None:
    ten, seven = list("abcdefghij"), list("abcdefgxyz")
    for threshold, found in ((0.7, True), (0.71, False)):
        near = NearTexts(threshold)
        near.first(ten, 0)
        assert (near.first(seven, 1) is not None) == found


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        ("", "", False),
        ("cat", "cat", True),
        ("cat", "red cat", False),
        ("red cat", "big red cat", True),
        ("big red cat", "big red dog", False),
        ("big red cat", "red big cat", False),
        ("big red cat here", "big red dog here", True),
    ],
)
def test_texts_of_a_few_words_follow_the_same_rule(one: str, other: str, found: bool) -> None:
    near = NearTexts(0.7)
    near.first(one.split(), 0)
    assert (near.first(other.split(), 1) is not None) == found


def test_the_same_word_many_times_counts_as_often_as_it_stands_there() -> None:
    near = NearTexts(0.7)
    assert near.first(["ha"] * 10, 0) is None
    assert near.first(["ha"] * 5, 1) is None
    assert near.first(["ha"] * 17, 2) == (0, 20 / 27)
    assert near.first(["ha"] * 19, 3) is None


def test_of_a_huge_text_the_first_words_are_compared() -> None:
    draw = random.Random(0)
    huge = [f"w{draw.randrange(5000)}" for _ in range(200_000)]
    near = NearTexts(0.7)
    assert near.first(huge, 0) is None
    assert near.first(huge[:MOST] + ["another", "end"] * 50_000, 1) == (0, 1.0)
    assert near.first(huge[MOST:], 2) is None


@pytest.mark.parametrize("characters", [0, 7, 40])
def test_more_words_than_there_are_characters_are_told_apart(characters: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("satsuma.selecting.near.CHARACTERS", characters)
    texts = variations(random.Random(8), 150, 80, 12)
    assert by_index(texts, 0.7) == by_all_pairs(texts, 0.7)


@given(THRESHOLDS, st.integers(1, 90), st.integers(1, 90))
def test_lengths_beyond_the_bounds_cannot_be_near(threshold: float, m: int, n: int) -> None:
    bounds = Bounds(threshold)
    possible = 2 * min(m, n) >= Fraction(repr(threshold)) * (m + n)
    assert possible == (bounds.shortest(m) <= n <= bounds.longest(m))
    assert possible == (bounds.needed(m, n) <= min(m, n))


@settings(max_examples=200, deadline=None)
@given(st.data(), THRESHOLDS, st.integers(1, 200))
def test_texts_that_share_as_many_words_as_they_need_share_enough_of_any_that_are_counted(
    data: st.DataObject, threshold: float, m: int
) -> None:
    bounds = Bounds(threshold)
    n = data.draw(st.integers(bounds.shortest(m), bounds.longest(m)))
    needed, least = bounds.needed(m, n), dict(bounds.least(m))[BAND[n]]
    assert 0 < bounds.counted(m) <= m
    assert bounds.counted(m) - (m - needed) >= least >= 1
    assert bounds.counted(n) - (n - needed) >= least


def test_every_length_is_in_a_band_that_begins_with_its_shortest() -> None:
    assert all(SHORTEST[BAND[n]] <= n for n in range(MOST + 1))
    assert all(BAND[shortest] == band for band, shortest in enumerate(SHORTEST))
    assert all(BAND[n] <= BAND[n + 1] <= BAND[n] + 1 for n in range(MOST))
