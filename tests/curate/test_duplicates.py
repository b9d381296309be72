"""Exact duplicates."""

from __future__ import annotations

import pytest

from satsuma.curate.duplicates import ExactDuplicates, normalized


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The cat sat.", "the  CAT\nsat"),
        ("Straße", "STRASSE"),
        ("ﬁne", "fine"),
        ("naïve", "nai\u0308ve"),
        ("snake_case", "snake case"),
    ],
)
def test_the_same_words_are_the_same(one: str, other: str) -> None:
    assert normalized(one) == normalized(other)


@pytest.mark.parametrize(
    ("one", "other"), [("a cat", "the cat"), ("1.5", "15"), ("!?", "?!"), ("да", "нет"), ("", "!")]
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
