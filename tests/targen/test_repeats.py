"""Which names say the same, and that the index finds exactly those."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satsuma.selecting.counts import TEXTS
from satsuma.targen.repeats import NAMES, Names, likeness, stems


def alike(one: str, other: str) -> bool:
    names = Names()
    assert names.repeated(one, ()) is None
    return names.repeated(other, ()) == one


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("the hospital's night shift", "Night shifts at a hospital"),
        ("food & drink", "drinks and food"),
        ("a farmers' market", "a weekend farmers market"),
        ("city bike rental scheme", "a city scooter rental scheme"),
        ("public libraries", "a public library"),
        ("Ｃａｆé terraces", "the terrace of a café"),
        ("医院的急诊室里", "医院的急诊室"),
        ("♥", "♥"),
        ("On the", "on the"),
    ],
)
def test_order_number_small_words_and_one_word_of_many_make_no_new_name(one: str, other: str) -> None:
    assert alike(one, other)
    assert alike(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a school canteen", "a school library"),
        ("a hospital", "a hospital pharmacy"),
        ("home repairs and do-it-yourself jobs", "home brewing"),
        ("a bus driver's day", "a buss driver's day off in Spain"),
        ("医院急诊室", "小学教室"),
        ("♥", "♦"),
    ],
)
def test_names_that_say_something_else_are_new(one: str, other: str) -> None:
    assert not alike(one, other)


def test_inside_of_a_setting_its_own_words_do_not_count() -> None:
    names, clinic = Names(), ("a rural dental clinic",)
    assert names.repeated("a rural dental clinic", ()) is None
    assert names.repeated("patient intake at a rural dental clinic", clinic) is None
    assert names.repeated("patient recall at a rural dental clinic", clinic) is None
    assert names.repeated("intake of patients at the rural dental clinic", clinic) is not None
    assert names.repeated("patients' recall at a rural dental clinic", ("elsewhere",)) is not None


def test_what_says_no_more_than_what_it_is_inside_of_repeats_that() -> None:
    names = Names()
    assert (
        names.repeated("the dental clinic's night shift", ("a clinic", "dental night shifts")) == "dental night shifts"
    )
    assert names.repeated("the dental clinic's night shift", ()) is None


def test_the_earliest_of_several_is_named() -> None:
    names = Names()
    for name in ("red green blue pink", "blue pink grey black", "red green blue grey"):
        names.repeated(name, ())
    assert names.repeated("red blue green pink grey", ()) == "red green blue pink"


WORDS = st.lists(st.sampled_from([f"w{i}x" for i in range(12)]), min_size=1, max_size=7).map(" ".join)


@given(st.lists(WORDS, max_size=30), st.sampled_from([0.3, NAMES, 0.75, 1.0]), st.sampled_from([3, TEXTS]))
def test_the_index_finds_what_comparing_with_every_earlier_name_finds(
    names: list[str], threshold: float, of_a_block: int
) -> None:
    index, kept = Names(threshold), list[str]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("satsuma.selecting.counts.TEXTS", of_a_block)
        for name in names:
            first = next((old for old in kept if likeness(stems(old), stems(name)) >= threshold), None)
            assert index.repeated(name, ()) == first
            if first is None:
                kept.append(name)
