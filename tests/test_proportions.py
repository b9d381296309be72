"""Intervals of shares: the published formulas, what a finite population and strata change, and Cohen's kappa."""

from __future__ import annotations

import math

import pytest

from satsuma import chance
from satsuma.proportions import Stratum, kappa, stratified, wilson


@pytest.mark.parametrize(
    ("right", "cases", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (47, 50, 0.8378, 0.9794), (1, 2, 0.0945, 0.9055)],
)
def test_the_interval_is_wilsons(right: int, cases: int, low: float, high: float) -> None:
    found = wilson(right / cases, cases)
    assert found.value == right / cases
    assert found.low == pytest.approx(low, abs=5e-4)
    assert found.high == pytest.approx(high, abs=5e-4)


def test_the_ends_of_the_interval_solve_its_equation() -> None:
    z, value, cases = 1.959963984540054, 0.83, 41.5
    found = wilson(value, cases)
    for end in (found.low, found.high):
        assert abs(end - value) == pytest.approx(z * math.sqrt(end * (1 - end) / cases))


def test_a_share_of_no_cases_has_no_interval() -> None:
    with pytest.raises(ValueError, match="no cases"):
        wilson(0.5, 0)
    assert stratified([]) is None
    assert stratified([Stratum(10, 5, 5), Stratum(10, 0, 0)]) is None


def test_what_was_counted_whole_is_known_and_a_finite_population_narrows_the_interval() -> None:
    whole = stratified([Stratum(20, 20, 17)])
    assert whole is not None
    assert (whole.value, whole.low, whole.high) == (0.85, 0.85, 0.85)
    few, many = stratified([Stratum(60, 50, 45)]), stratified([Stratum(1_000_000, 50, 45)])
    assert few is not None
    assert many is not None
    assert few.high - few.low < many.high - many.low
    assert many.low == pytest.approx(wilson(0.9, 50).low, abs=1e-4)


def test_each_stratum_weighs_as_much_as_its_size() -> None:
    found = stratified([Stratum(900, 10, 10), Stratum(100, 10, 5), Stratum(0, 0, 0)])
    assert found is not None
    assert found.value == pytest.approx(0.95)


def test_proportional_strata_are_like_a_simple_sample() -> None:
    found = stratified([Stratum(50_000_000, 25, 20), Stratum(50_000_000, 25, 22)])
    plain = wilson(42 / 50, 50)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((plain.low, plain.high), abs=1e-6)


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    sizes, shares, held, tries = (300, 60), (0.95, 0.7), 0, 1_000
    truth = sum(size * share for size, share in zip(sizes, shares, strict=True)) / sum(sizes)
    for trial in range(tries):
        strata = []
        for stratum, (size, share) in enumerate(zip(sizes, shares, strict=True)):
            order = {one: chance.number(trial, stratum, one) for one in range(size)}
            drawn = sorted(order, key=order.__getitem__)[: size // 6]
            strata.append(Stratum(size, len(drawn), sum(one < size * share for one in drawn)))
        found = stratified(strata)
        assert found is not None
        held += found.low <= truth <= found.high
    assert held / tries >= 0.94


def test_kappa_is_cohens() -> None:
    table = {("y", "y"): 20, ("y", "n"): 5, ("n", "y"): 10, ("n", "n"): 15}
    pairs = [pair for pair, times in table.items() for _ in range(times)]
    assert kappa(pairs) == pytest.approx(0.4)
    assert kappa([("a", "a"), ("b", "b")]) == 1
    assert kappa([("a", "b"), ("b", "a")]) == -1


def test_kappa_is_not_defined_without_cases_or_where_both_say_one_thing() -> None:
    assert kappa([]) is None
    assert kappa([("a", "a")] * 5) is None
