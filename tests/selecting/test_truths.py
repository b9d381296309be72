"""Numbers of wrong labels that are plausible: seeded, spread as they should be, and of the dataset alone."""

from __future__ import annotations

from random import Random
from statistics import fmean, pvariance

import pytest

from satsuma.selecting import truths
from satsuma.selecting.dawid_skene import Fit, Model, Said, Smoothing, fit
from satsuma.selecting.truths import FEWEST, ROUNDS, Case, binomial, plausible

SMOOTHING = Smoothing(0.5, 0.1, (0.1,))


@pytest.mark.parametrize(
    ("trials", "chance"), [(10, 0.3), (200, 0.02), (5, 0.9), (1000, 0.4), (100_000, 0.001), (3, 0.5)]
)
def test_binomial_numbers_have_the_mean_and_the_variance_of_their_kind(trials: int, chance: float) -> None:
    random = Random(1)
    drawn = [binomial(trials, chance, random) for _ in range(4000)]
    spread = trials * chance * (1 - chance)
    assert all(0 <= number <= trials for number in drawn)
    assert fmean(drawn) == pytest.approx(trials * chance, abs=4 * (spread / 4000) ** 0.5)
    assert pvariance(drawn) == pytest.approx(spread, rel=0.15)


def test_binomial_numbers_of_what_cannot_be_or_must_be() -> None:
    random = Random(1)
    assert [binomial(7, chance, random) for chance in (0.0, -1e-20, 1.0, 1.0000001)] == [0, 0, 7, 7]
    assert binomial(0, 0.5, random) == 0


def cases(kept: int) -> tuple[list[Case], Fit]:
    both = [Said(((0, 0, 2),), 80), Said(((0, 0, 1), (0, 1, 2)), 12), Said(((0, 0, 2), (0, 1, 1)), 12)]
    found = [Case(both[0], min(kept, 80), 0), Case(both[1], 0, 1), Case(both[2], 0, 0)]
    return found, fit(both, 2, SMOOTHING)


def test_the_same_seed_draws_the_same_and_another_does_not() -> None:
    found, start = cases(80)
    assert plausible(found, start, 1) == plausible(found, start, 1)
    assert plausible(found, start, 1) != plausible(found, start, 2)


def test_only_what_is_in_the_dataset_can_be_wrong_in_it() -> None:
    found, start = cases(3)
    assert all(0 <= draw.wrong <= 3 for draw in plausible(found, start, 1))
    nothing = [Case(case.said, 0, case.final) for case in found]
    assert {(draw.wrong, draw.expected) for draw in plausible(nothing, start, 1)} == {(0, 0.0)}


def test_rounds_are_fewer_where_there_is_more_to_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    found, start = cases(80)
    assert len(plausible(found, start, 1)) == ROUNDS
    monkeypatch.setattr(truths, "WORK", 6 * 100)
    assert len(plausible(found, start, 1)) == 100
    monkeypatch.setattr(truths, "WORK", 6)
    assert len(plausible(found, start, 1)) == FEWEST


def test_with_rates_that_are_certain_the_draws_are_binomial() -> None:
    said = Said(((0, 0, 1),), 1000)
    start = Fit(Model([[0.5, 0.5]] * 2, [[[0.9, 0.1], [0.1, 0.9]]]), Smoothing(1e6, 0.5, (0.1,)), 0.0)
    draws = plausible([Case(said, 1000, 0)], start, 4)
    assert fmean(draw.wrong for draw in draws) == pytest.approx(100, abs=3)
    assert pvariance(draw.wrong for draw in draws) == pytest.approx(90, rel=0.3)
    assert fmean(draw.expected for draw in draws) == pytest.approx(100, abs=1)
