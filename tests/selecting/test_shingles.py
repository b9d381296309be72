"""Shingles: texts that share a rare run of words find each other, however many there are."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from satsuma.selecting import shingles as room
from satsuma.selecting.shingles import BITS, FEW, MANY, SHORT, Shingles, shingles

_DRAWN = random.Random(1)
_WORDS: dict[str, int] = {}


def numbers(text: str) -> list[int]:
    """A random number for each word, always the same one for the same word."""
    return [_WORDS.setdefault(word, _DRAWN.getrandbits(BITS)) for word in text.split()]


def drawn(draw: random.Random, words: Sequence[int], length: int) -> list[int]:
    return [draw.choice(words) for _ in range(length)]


def test_three_words_in_a_row_are_found_and_two_with_the_second_after_them() -> None:
    texts = Shingles()
    texts.add(shingles(numbers("one red boat sank")))
    texts.add(shingles(numbers("the tall tree stood there")))
    assert texts.found(shingles(numbers("a tall tree stood up in"))) == [1]
    assert texts.found(shingles(numbers("one red ship sank"))) == [0]
    assert texts.found(shingles(numbers("the tree tall there stood"))) == []


def test_of_short_texts_two_words_in_a_row_are_enough() -> None:
    texts = Shingles()
    texts.add(shingles(numbers("green door")))
    texts.add(shingles(numbers(" ".join(f"long{i}" for i in range(SHORT - 2)) + " green door")))
    assert texts.found(shingles(numbers("green door opened"))) == [0]
    assert texts.found(shingles(numbers("green"))) == []
    assert texts.found([]) == []


def test_what_a_shingle_begins_with_is_the_same_in_texts_of_any_length() -> None:
    draw = random.Random(2)
    words = [draw.getrandbits(BITS) for _ in range(5000)]
    for length in (20, 60, 300, 2000):
        text = drawn(draw, words, length)
        mine, longer = shingles(text), shingles(text + drawn(draw, words, length))
        assert len(mine & longer) >= len(longer) // 4
        assert 4 <= len(mine) <= 2 * (room.BEGIN + length // room.PER) * 3


def test_a_shingle_of_many_texts_finds_only_those_that_share_another_such_one() -> None:
    texts = Shingles()
    for i in range(MANY + 60):
        texts.add(shingles(numbers(f"{'as soon' if i % 3 else 'then'} d{i} {'in spite' if i % 2 else 'of'} e{i}")))
    assert texts.found(shingles(numbers("x as soon y"))) == []
    assert texts.found(shingles(numbers("x in spite y"))) == []
    found = texts.found(shingles(numbers("in spite x as soon")))
    assert found == [i for i in range(found[-1] + 1) if i % 3 and i % 2]
    assert FEW < len(found) <= MANY


@pytest.mark.parametrize("rows", [16, 64])
def test_however_often_the_rows_double_nothing_is_lost(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "TEXTS", rows)
    draw = random.Random(3)
    words = [draw.getrandbits(BITS) for _ in range(300)]
    known = [drawn(draw, words, draw.randint(3, 9)) for _ in range(rows * 40)]
    texts, having = Shingles(), dict[int, list[int]]()
    for index, text in enumerate(known):
        texts.add(shingles(text))
        for number in shingles(text):
            having.setdefault(number, []).append(index)
    rare = {number: found for number, found in having.items() if len(found) <= FEW // 2}
    lost = extra = 0
    for text in known[:: rows // 4]:
        found = {*texts.found(shingles(text))}
        lost += len({index for number in shingles(text) for index in rare.get(number, ())} - found)
        extra += len(found - {index for number in shingles(text) for index in having[number]})
    assert lost <= len(known[:: rows // 4]) // 50
    assert extra <= 3 * len(known[:: rows // 4])
