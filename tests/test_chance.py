"""Chance that is always the same."""

from __future__ import annotations

from collections import Counter

from satsuma import chance


def test_a_number_is_the_same_on_every_machine() -> None:
    assert chance.number(7, "position", 12) == 16944973030297412016


def test_paths_do_not_run_into_each_other() -> None:
    assert chance.number(0, "a", "b") != chance.number(0, "ab")
    assert chance.number(0, "a", 1) != chance.number(0, "a", 2)
    assert chance.number(0, "a") != chance.number(1, "a")


def test_choices_are_even() -> None:
    counts = Counter(chance.choose("abc", 0, "x", i) for i in range(3000))
    assert all(900 < counts[c] < 1100 for c in "abc")


def test_a_small_design_covers_every_set_almost_evenly() -> None:
    points = [chance.spread(i, (2, 3, 4), 5) for i in range(24)]
    for axis, size in enumerate((2, 3, 4)):
        counts = Counter(p[axis] for p in points)
        assert all(abs(counts[v] - 24 / size) <= 2 for v in range(size)), (axis, counts)


def test_a_design_covers_pairs_better_than_chance_would() -> None:
    points = {chance.spread(i, (4, 5), 3) for i in range(40)}
    assert len(points) == 20


def test_a_design_has_as_many_axes_as_are_asked_for() -> None:
    point = chance.spread(3, (7,) * 25, 0)
    assert len(point) == 25
    assert all(0 <= v < 7 for v in point)
    assert len(set(point)) > 3


def test_values_come_up_by_their_weights_and_with_equal_ones_as_without() -> None:
    points = [chance.weighted_spread(i, [(3, 1), (1, 1, 1)], 5) for i in range(80)]
    assert abs(sum(p[0] == 0 for p in points) - 60) <= 2
    assert all(abs(sum(p[1] == v for p in points) - 80 / 3) <= 3 for v in range(3))
    for i in range(200):
        assert chance.weighted_spread(i, [(1,) * 3, (250,) * 7], 2) == chance.spread(i, (3, 7), 2)
