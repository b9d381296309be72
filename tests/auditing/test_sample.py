"""The sample: the same for the same seed, growing, in proportion, with rare labels, and not to be guessed."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from satsuma.auditing.population import Population
from satsuma.auditing.sample import drawn


def population(**sizes: int) -> Population:
    pairs = [(f"{name} {i}", name) for name, size in sizes.items() for i in range(size)]
    pairs.sort()
    return Population(tuple(i for i, _ in pairs), tuple(s for _, s in pairs), tuple(sizes))


def labels(ids: list[str]) -> Counter[str]:
    return Counter(one.split()[0] for one in ids)


def test_a_larger_sample_contains_the_smaller_and_the_same_seed_gives_the_same() -> None:
    people = population(a=300, b=120, c=3)
    for small, large in pairwise((1, 3, 7, 20, 50, 100, 423)):
        assert set(drawn(people, small, 7)) < set(drawn(people, large, 7))
    assert drawn(people, 50, 7) == drawn(people, 50, 7)
    assert set(drawn(people, 50, 7)) != set(drawn(people, 50, 8))
    assert set(drawn(people, 50, 7)) != set(drawn(people, 50, 7, number=1))


def test_whole_blocks_of_a_larger_sample_come_in_the_same_order() -> None:
    people = population(a=80, b=80)
    assert drawn(people, 100, 0)[:50] == drawn(people, 50, 0)


def test_labels_are_drawn_in_proportion_and_every_label_at_least_once() -> None:
    even = labels(drawn(population(a=500, b=500), 50, 1))
    assert abs(even["a"] - 25) <= 1
    skewed = labels(drawn(population(a=900, b=100), 50, 1))
    assert abs(skewed["b"] - 5) <= 1
    rare = labels(drawn(population(a=5_000, b=2, c=1, d=1), 50, 1))
    assert set(rare) == {"a", "b", "c", "d"}
    assert rare["a"] >= 46


def test_more_labels_than_instances_to_draw_leave_at_least_half_to_chance() -> None:
    people = population(a=1_000, **{f"x{i}": 1 for i in range(200)})
    found = labels(drawn(people, 20, 3))
    assert 8 <= found["a"] <= 12


@pytest.mark.parametrize("n", [10, 50])
def test_more_than_there_are_is_all_of_them_once(n: int) -> None:
    people = population(a=6, b=4)
    assert sorted(drawn(people, n, 0)) == sorted(people.ids)
    assert drawn(population(), n, 0) == []


def test_every_instance_of_a_label_is_equally_likely() -> None:
    people = population(a=20, b=5)
    seen = Counter(one for seed in range(2_000) for one in drawn(people, 5, seed) if one.startswith("a"))
    assert max(seen.values()) < 1.25 * min(seen.values())


def test_the_next_label_cannot_be_guessed_from_those_before() -> None:
    order = [one.split()[0] for one in drawn(population(a=500, b=500), 400, 5)]
    same = sum(x == y for x, y in pairwise(order)) / 399
    assert 0.35 < same < 0.6
