"""Shares of n and the label to ask for next."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satsuma.selecting.shares import LAG, LabelPlan, even, schedule, shares, weights

WEIGHTS = st.dictionaries(st.sampled_from("abcdefghij"), st.integers(1, 30), min_size=1)


@given(WEIGHTS, st.integers(0, 150), st.integers(0, 5))
def test_a_share_is_the_exact_proportion_rounded_down_or_up(w: dict[str, int], n: int, seed: int) -> None:
    got, total = shares(w, n, seed), sum(w.values())
    assert sum(got.values()) == n
    for name in w:
        assert math.floor(n * w[name] / total) <= got[name] <= math.ceil(n * w[name] / total)


@given(WEIGHTS, st.integers(0, 300), st.integers(0, 5))
def test_shares_count_the_labels_of_the_whole_sequence(w: dict[str, int], n: int, seed: int) -> None:
    assert shares(w, n, seed) == dict.fromkeys(w, 0) | Counter(schedule(w, n, seed))


@given(WEIGHTS, st.integers(0, 80))
def test_shares_never_shrink_as_n_grows(w: dict[str, int], n: int) -> None:
    before, after = shares(w, n), shares(w, n + 1)
    assert all(after[name] >= before[name] for name in w)


def test_proportions_are_read_as_the_decimals_that_were_written() -> None:
    assert weights({"a": 0.9, "b": 0.1}) == {"a": 9, "b": 1}
    assert weights({"a": 30, "b": 10}) == {"a": 3, "b": 1}
    assert weights({"a": 0.1, "b": 0.2, "c": 0.7}) == {"a": 1, "b": 2, "c": 7}


def test_fewer_instances_than_labels_go_to_the_labels_that_are_asked_for_first() -> None:
    labels = even([f"label {i}" for i in range(50)])
    plan = LabelPlan(labels, seed=4)
    first = {plan.ask() for _ in range(20)}
    assert {name for name, share in shares(labels, 20, seed=4).items() if share} == first


@pytest.mark.parametrize("w", [{"a": 1, "b": 1}, {"a": 9, "b": 1}, {"a": 3, "b": 5, "c": 11}])
def test_without_losses_asked_labels_keep_their_proportions_all_along(w: dict[str, int]) -> None:
    plan, counts, total = LabelPlan(w), Counter[str](), sum(w.values())
    for i in range(1, 3000):
        label = plan.ask()
        plan.settle(label)
        counts[label] += 1
        assert all(abs(counts[name] - i * w[name] / total) <= 1.5 for name in w)


def test_a_label_that_is_lost_is_asked_for_again_after_the_lag() -> None:
    plan, asked = LabelPlan({"a": 1, "b": 1}, lag=10), Counter[str]()
    for _ in range(400):
        label = plan.ask()
        asked[label] += 1
        plan.settle("a")
    assert asked["b"] > 380


def test_what_is_asked_depends_on_outcomes_before_the_lag_only() -> None:
    def sequence(recent: str) -> list[str]:
        plan = LabelPlan({"a": 1, "b": 2}, lag=8)
        got = []
        for i in range(40):
            got.append(plan.ask())
            plan.settle(None if i < 20 else recent)
        return got

    assert sequence("a")[:28] == sequence("b")[:28]
    assert sequence("a") != sequence("b")


def test_asking_beyond_the_lag_is_a_mistake_of_the_program() -> None:
    plan = LabelPlan({"a": 1})
    for _ in range(LAG):
        plan.ask()
    with pytest.raises(RuntimeError, match="beyond the lag"):
        plan.ask()


def test_ten_thousand_labels_are_planned_quickly_enough_to_be_used() -> None:
    labels = even([str(i) for i in range(10_000)])
    plan = LabelPlan(labels)
    seen = Counter(_settled(plan) for _ in range(20_000))
    assert set(seen.values()) == {2}


def _settled(plan: LabelPlan) -> str:
    label = plan.ask()
    plan.settle(label)
    return label


@pytest.mark.parametrize("w", [{"a": 3, "b": 2}, {"a": 505, "b": 495}, {"a": 5, "b": 3, "c": 2}])
@pytest.mark.parametrize("turns", [2, 20])
def test_unequal_labels_make_no_pattern_with_contexts_that_take_turns(w: dict[str, int], turns: int) -> None:
    plan = LabelPlan(w, seed=3)
    met = Counter((i % turns, plan.ask()) for i in range(2000))
    share = 2000 * w["a"] / sum(w.values()) / turns
    assert all(0.6 * share < met[turn, "a"] < 1.5 * share for turn in range(turns))
