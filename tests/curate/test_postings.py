"""A multimap in flat arrays."""

from __future__ import annotations

import random
from collections import defaultdict

from satsuma.curate.postings import Postings


def test_it_gives_back_every_owner_of_a_key_however_large_it_grows() -> None:
    draw, postings, expected = random.Random(1), Postings(), defaultdict[int, set[int]](set)
    for owner in range(3000):
        mine = [draw.randrange(-3000, 3000) for _ in range(3)]
        postings.add(mine, owner)
        for key in mine:
            expected[key].add(owner)
    assert len(postings) == 9000
    assert all(postings.owners([key]) == expected[key] for key in range(-3000, 3000))


def test_several_keys_give_what_any_of_them_has() -> None:
    postings = Postings()
    postings.add([1, 2], 7)
    postings.add([2, 3], 8)
    assert postings.owners([1, 3]) == {7, 8}
    assert postings.owners([5]) == postings.owners([]) == set()


def test_many_keys_at_once_are_all_there() -> None:
    postings = Postings()
    postings.add(range(10_000), 1)
    assert all(postings.owners([key]) == {1} for key in range(10_000))
    assert postings.owners([10_001]) == set()
