"""Intervals hold what they say, p-values are those of the tests that they name, and chance is the seed's."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satsuma.errors import DataError
from satsuma.scoring.significance import bootstrap, mcnemar, paired_bootstrap, randomization


def share(items: Sequence[float]) -> float:
    return sum(items) / len(items)


def test_the_same_seed_gives_the_same_interval_and_another_seed_another() -> None:
    items = [1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 1.0]
    assert bootstrap(items, share, rounds=200) == bootstrap(items, share, rounds=200)
    drawn = {bootstrap(list(range(50)), share, rounds=50, seed=seed).low for seed in range(5)}
    assert len(drawn) > 1


def test_an_interval_of_a_mean_is_the_one_of_its_standard_error() -> None:
    items = [1.0] * 300 + [0.0] * 100
    found = bootstrap(items, share, rounds=1000)
    error = (0.75 * 0.25 / 400) ** 0.5
    assert found.value == 0.75
    assert found.low == pytest.approx(0.75 - 1.96 * error, abs=0.008)
    assert found.high == pytest.approx(0.75 + 1.96 * error, abs=0.008)


def test_an_interval_holds_the_true_value_about_as_often_as_it_says() -> None:
    chance, held = random.Random(0), 0
    for at in range(120):
        items = [float(chance.random() < 0.6) for _ in range(80)]
        found = bootstrap(items, share, rounds=150, level=0.9, seed=at)
        held += found.low <= 0.6 <= found.high
    assert 0.8 <= held / 120 <= 0.98


def test_systems_that_err_on_the_same_instances_are_told_apart_by_pairing() -> None:
    one = [float(at % 2 == 0) for at in range(100)]
    other = [0.0 if at < 20 else value for at, value in enumerate(one)]
    found = paired_bootstrap(one, other, share, rounds=500)
    assert found.value == pytest.approx(0.1)
    assert found.low > 0
    assert found.p == pytest.approx(2 / 2**10)
    assert found.high - found.low < 0.15


def test_systems_that_say_the_same_do_not_differ() -> None:
    found = paired_bootstrap([1.0, 0.0], [1.0, 0.0], share, rounds=100)
    assert (found.value, found.low, found.high, found.p) == (0, 0, 0, 1)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40))
def test_mcnemar_is_the_exact_binomial_test(pairs: list[tuple[bool, bool]]) -> None:
    stats = pytest.importorskip("scipy.stats")
    one, other = [a for a, _ in pairs], [b for _, b in pairs]
    only = sum(a and not b for a, b in pairs)
    apart = sum(a != b for a, b in pairs)
    wanted = stats.binomtest(only, apart).pvalue if apart else 1.0
    assert mcnemar(one, other) == pytest.approx(wanted)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=9))
def test_the_randomization_test_is_scipys_permutation_of_samples(pairs: list[tuple[int, int]]) -> None:
    stats = pytest.importorskip("scipy.stats")
    one, other = [float(a) for a, _ in pairs], [float(b) for _, b in pairs]
    wanted = stats.permutation_test(
        (one, other), lambda x, y: sum(x) / len(x) - sum(y) / len(y), permutation_type="samples", n_resamples=10**5
    ).pvalue
    assert randomization(one, other, share) == pytest.approx(wanted)


def test_drawn_swaps_come_near_to_all_of_them() -> None:
    one = [float(at % 3 > 0) for at in range(30)]
    other = [float(at % 3 > 1) for at in range(30)]
    assert randomization(one, other, share, rounds=2000) == pytest.approx(
        mcnemar([bool(a) for a in one], [bool(b) for b in other]), abs=0.01
    )
    close = [1.0, 0.0] * 15
    away = [0.0, 1.0] * 15
    assert randomization(close, away, share) > 0.9


def test_what_cannot_be_resampled_is_told() -> None:
    with pytest.raises(DataError, match="nothing to score"):
        bootstrap([], share)
    with pytest.raises(DataError, match="level of 1"):
        bootstrap([1.0], share, level=1)
    with pytest.raises(DataError, match="0 rounds"):
        bootstrap([1.0], share, rounds=0)
