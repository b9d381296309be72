from __future__ import annotations

import pytest

from satsuma.errors import SettingsError
from satsuma.llm.concurrency import Concurrency
from satsuma.llm.provider import FailureKind

Change = tuple[str, float, float, str]


class Trial:
    """A controller, and requests that come back at once."""

    def __init__(self, ceiling: int = 256, start: int = 32) -> None:
        self.told: list[Change] = []
        self.controller = Concurrency(ceiling, start, lambda *change: self.told.append(change))
        self.sent = 0

    def round(self, *, wanted: bool = True) -> int:
        """As many good replies as may be in flight; returns the limit after them."""
        for _ in range(self.controller.limit):
            self.controller.wanted = self.controller.wanted or wanted
            self.fail(None)
        return self.controller.limit

    def fail(self, kind: FailureKind | None) -> int:
        self.sent += 1
        self.controller.saw(self.sent, self.sent, kind)
        return self.controller.limit


def test_it_starts_at_32_or_at_the_ceiling() -> None:
    assert Trial().controller.limit == 32
    assert Trial(ceiling=8).controller.limit == 8


def test_a_ceiling_below_1_is_refused() -> None:
    with pytest.raises(SettingsError, match="concurrency is 0"):
        Trial(ceiling=0)


def test_each_clean_round_with_demand_doubles_up_to_the_ceiling() -> None:
    trial = Trial(ceiling=200)
    assert [trial.round() for _ in range(5)] == [64, 128, 200, 200, 200]


def test_without_demand_it_stays() -> None:
    trial = Trial()
    assert [trial.round(wanted=False) for _ in range(3)] == [32, 32, 32]
    assert trial.told == []


def test_the_first_refusal_undoes_the_last_doubling_and_ends_slow_start() -> None:
    trial = Trial()
    trial.round()
    assert trial.fail(FailureKind.RATE) == 32
    assert trial.round() == 36


def test_after_slow_start_growth_is_additive_and_a_refusal_multiplies() -> None:
    trial = Trial()
    trial.fail(FailureKind.RATE)
    assert [trial.round() for _ in range(3)] == [20, 24, 28]
    assert trial.fail(FailureKind.TIMEOUT) == 19


def test_requests_sent_before_the_last_reduction_do_not_reduce_again() -> None:
    trial = Trial()
    trial.sent = 40
    for number in range(1, 41):
        trial.controller.saw(number, 40, FailureKind.RATE)
    assert trial.controller.limit == 16
    assert trial.fail(FailureKind.RATE) == 11


@pytest.mark.parametrize("kind", [FailureKind.OVERLOAD, FailureKind.TRANSPORT])
def test_an_overload_only_pauses_growth(kind: FailureKind) -> None:
    trial = Trial()
    for _ in range(20):
        for _ in range(31):
            trial.controller.wanted = True
            trial.fail(None)
        assert trial.fail(kind) == 32
    assert trial.round() == 64  # still in slow start


@pytest.mark.parametrize("kind", [FailureKind.MALFORMED, FailureKind.CONTENT_FILTER, FailureKind.CONTEXT_LENGTH])
def test_a_failure_that_says_nothing_about_the_load_counts_as_a_reply(kind: FailureKind) -> None:
    trial = Trial(start=2)
    trial.controller.wanted = True
    trial.fail(kind)
    assert trial.fail(kind) == 4


def test_it_never_goes_below_1_and_comes_back() -> None:
    trial = Trial(start=2)
    for _ in range(10):
        trial.fail(FailureKind.RATE)
    assert trial.controller.limit == 1
    assert [trial.round() for _ in range(3)] == [2, 3, 4]


def test_every_change_is_told_with_its_reason() -> None:
    trial = Trial()
    trial.round()
    trial.fail(FailureKind.RATE)
    trial.fail(FailureKind.TIMEOUT)
    trial.fail(None)
    trial.fail(FailureKind.OVERLOAD)
    assert [(event, old, new) for event, old, new, _ in trial.told] == [
        ("concurrency", 32, 64),
        ("concurrency", 64, 32),
        ("concurrency", 32, 22),
        ("pause", 22, 22),
    ]
    assert "slow start" in trial.told[0][3]
    assert "one too many" in trial.told[1][3]
    assert "no answer in time" in trial.told[2][3]
    assert "overloaded" in trial.told[3][3]
