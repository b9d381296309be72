"""Exact duplicates and near ones, as the selection sees them."""

from __future__ import annotations

import pytest

from satsuma.selecting.duplicates import Earlier, ExactDuplicates, NearDuplicates, normalized


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The cat sat.", "the  CAT\nsat"),
        ("Straße", "STRASSE"),
        ("ﬁne", "fine"),
        ("naïve", "nai\u0308ve"),
        ("snake_case", "snake case"),
        ("我喜欢", "我 喜欢"),
    ],
)
def test_the_same_words_are_the_same(one: str, other: str) -> None:
    assert normalized(one) == normalized(other)


@pytest.mark.parametrize(
    ("one", "other"), [("a cat", "the cat"), ("1.5", "15"), ("!?", "?!"), ("да", "нет"), ("", "!"), ("करनी", "करना")]
)
def test_other_words_are_not(one: str, other: str) -> None:
    assert normalized(one) != normalized(other)


def test_the_first_of_two_is_named() -> None:
    seen = ExactDuplicates()
    assert seen.first("One thing.", 3) is None
    assert seen.first("another", 4) is None
    assert seen.first("one THING", 9) == 3
    assert seen.first("one thing", 11) == 3


def test_lone_surrogates_do_not_crash() -> None:
    assert ExactDuplicates().first("\ud800", 0) is None


def test_a_duplicate_says_what_it_repeats_and_how() -> None:
    seen = NearDuplicates(0.7)
    assert seen.first("The old lamp fell off the shelf.", 12) is None
    assert seen.first("the OLD lamp fell off the shelf", 20) == Earlier(
        12, "the same words as an earlier one: candidate 12"
    )
    assert seen.first("The old lamp fell off a shelf.", 21) == Earlier(
        12, "near-duplicate of candidate 12: ROUGE-L 0.86"
    )


def test_what_repeats_a_near_duplicate_is_held_against_the_instance_that_is_there() -> None:
    seen = NearDuplicates(0.7)
    for index, text in enumerate(["the old lamp fell off the shelf", "the old lamp fell off a shelf"]):
        seen.first(text, index)
    again = seen.first("the old lamp fell off a shelf", 2)
    assert again is not None
    assert again.index == 0


def test_at_a_threshold_of_one_only_the_same_words_are_a_duplicate() -> None:
    seen = NearDuplicates(1)
    assert seen.first("the old lamp fell off the shelf", 0) is None
    assert seen.first("the old lamp fell off a shelf", 1) is None
    assert seen.first("The old lamp fell off a shelf", 2) == Earlier(1, "the same words as an earlier one: candidate 1")


def test_texts_without_words_are_duplicates_only_if_they_are_the_same() -> None:
    seen = NearDuplicates(0.7)
    assert [seen.first(text, index) for index, text in enumerate(["!?", "?!", "", "\U0001f44d"])] == [None] * 4
    again = seen.first(" !? ", 9)
    assert again is not None
    assert again.index == 0


def test_questions_about_one_passage_are_no_duplicates_of_each_other() -> None:
    passage = "The ferry left at noon with forty people, two cars and a piano that nobody had asked for."
    asked = ["Who asked for the piano?", "When did the ferry leave?", "Who had asked for the piano?"]
    seen = NearDuplicates(0.7)
    found = [seen.first(f"{passage}\n{own}", index, own) for index, own in enumerate(asked)]
    assert found == [None, None, Earlier(0, "near-duplicate of candidate 0: ROUGE-L 0.91")]
