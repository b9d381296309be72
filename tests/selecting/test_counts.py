"""Counting in thousands of texts at once."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satsuma.selecting.counts import TEXTS, Block, places, reaching, sliced


@given(st.lists(st.integers(0, 2**70), max_size=40))
def test_adding_columns_counts_for_each_bit_how_many_have_it(columns: list[int]) -> None:
    digits = sliced(columns)
    for bit in range(71):
        count = sum((digit >> bit & 1) << place for place, digit in enumerate(digits))
        assert count == sum(column >> bit & 1 for column in columns)


@given(st.lists(st.integers(0, 2**20 - 1), max_size=20), st.integers(-2, 40))
def test_a_count_is_compared_with_a_bound_for_all_bits_at_once(columns: list[int], least: int) -> None:
    enough = reaching(sliced(columns), least)
    for bit in range(20):
        assert (enough >> bit & 1) == (sum(column >> bit & 1 for column in columns) >= least)


def test_the_places_of_a_column_come_in_order() -> None:
    assert list(places(0b1000_0000_0110)) == [1, 2, 11]
    assert list(places(0)) == []


def test_a_full_block_knows_how_many_of_some_words_each_text_has() -> None:
    draw, block = random.Random(0), Block()
    texts = [{int(draw.expovariate(1 / 40)) for _ in range(12)} for _ in range(TEXTS)]
    for text in texts:
        block.add(text, len(text))
    sought = {*range(0, 400, 3)}
    digits = block.counted([*sought, 10_000])
    for place, text in enumerate(texts, 1):
        assert sum((digit >> place & 1) << k for k, digit in enumerate(digits)) == len(text & sought)
        assert block.bands[len(text)] >> place & 1


@pytest.mark.parametrize("number", range(1, 8))
def test_the_few_texts_of_a_rare_word_are_told_apart_wherever_they_stand(number: int) -> None:
    draw = random.Random(number)
    mine = [*draw.sample(range(1, TEXTS + 1), number - 1), TEXTS]
    block = Block()
    for place in range(1, TEXTS + 1):
        block.add([7] if place in mine else [], 1)
    assert list(places(reaching(block.counted([7]), 1))) == sorted({*mine})
