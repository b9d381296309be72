"""What a run will cost, said before: true on a model whose bill is known, and a pilot is not paid twice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Unpack

import pytest

import satsuma
import satsuma.testing
from satsuma.errors import BudgetSpent, SettingsError
from satsuma.pilot import Measured
from satsuma.ranges import Range
from satsuma.settings import Options, Settings
from satsuma.targen.asking import STEPS
from satsuma.targen.forecast import forecast_lengths, forecast_requests, votes
from satsuma.targen.growth import units
from satsuma.task.loader import load_card

PRICE = (0.4, 1.6)
N = 150


def holds(within: Range | None, value: float | None) -> bool:
    assert within is not None
    assert value is not None
    assert within.low <= within.likely <= within.high
    return within.low <= value <= within.high


def options(server: satsuma.testing.Server, **more: Unpack[Options]) -> Options:
    return {"base_url": server.url, "price": PRICE, **more}


@pytest.mark.parametrize(
    ("card", "noise"),
    [("copa", 0.0), ("support-tickets", 0.3), ("boolq", 0.1)],
    ids=["choice", "noisy labels", "labels"],
)
def test_the_true_cost_is_in_both_ranges_and_a_pilot_is_not_paid_twice(tmp_path: Path, card: str, noise: float) -> None:
    place = tmp_path / "run"
    with satsuma.testing.serve(seed=2, noise=noise) as server:
        guess = satsuma.estimate(card, n=N, model="test/m", out=place, **options(server))
        assert server.counters.requests == 0
        assert not place.exists()
        pilot = satsuma.estimate(card, n=N, model="test/m", out=place, pilot=15, **options(server))
        paid = server.counters
        run = satsuma.generate(card, n=N, model="test/m", out=place, **options(server))
        seen = server.counters
    assert seen.repeated == 0
    assert seen.requests - paid.requests == run.state.totals.requests - pilot_requests(pilot)
    totals = run.state.totals
    for estimate in (guess, pilot):
        assert holds(estimate.total.requests, totals.requests)
        assert holds(estimate.total.input_tokens, totals.input_tokens)
        assert holds(estimate.total.output_tokens, totals.output_tokens)
        assert holds(estimate.total.usd, totals.usd)
    assert (guess.basis, guess.pilot, guess.paid) == ("prompts", 0, None)
    assert (pilot.basis, pilot.pilot) == ("pilot", 15)
    width = [e.total.usd.high / e.total.usd.low for e in (guess, pilot) if e.total.usd]
    assert width[1] < width[0] / 2


def pilot_requests(estimate: satsuma.Estimate) -> int:
    assert estimate.paid is not None
    return estimate.paid.requests


def test_what_a_directory_holds_is_measured_without_asking_and_a_finished_run_costs_what_it_did(tmp_path: Path) -> None:
    with satsuma.testing.serve() as server:
        run = satsuma.generate("copa", n=20, model="test/m", out=tmp_path, **options(server))
        before = server.counters.requests
        same = satsuma.estimate("copa", n=20, model="test/m", out=tmp_path, pilot=20, **options(server))
        more = satsuma.estimate("copa", n=60, model="test/m", out=tmp_path, pilot=10, **options(server))
        other = satsuma.estimate("copa", n=60, model="test/m", out=tmp_path, **options(server, seed=7))
        assert server.counters.requests == before
    totals = run.state.totals
    assert same.total.requests == Range.exactly(totals.requests)
    assert same.total.usd is not None
    assert same.total.usd.likely == pytest.approx(totals.usd)
    assert (more.basis, more.pilot) == ("pilot", 20)
    assert more.total.requests.low > totals.requests
    assert other.basis == "prompts"


def test_a_pilot_keeps_to_the_budget(tmp_path: Path) -> None:
    with satsuma.testing.serve() as server:
        with pytest.raises(BudgetSpent):
            satsuma.estimate("copa", n=50, model="test/m", out=tmp_path, pilot=40, **options(server, max_requests=30))
        assert server.counters.requests <= 30


def test_without_a_price_there_are_tokens_only_and_each_step_has_its_own_model(tmp_path: Path) -> None:
    known: Options = {"models": {"correction": "openai/nobody-knows"}}
    estimate = satsuma.estimate("copa", n=100, model="openai/gpt-4.1-mini", out=tmp_path / "run", **known)
    assert estimate.unpriced == ("openai/nobody-knows",)
    assert estimate.total.usd is None
    assert {step.step: step.usd is None for step in estimate.steps} == {s: s == "correction" for s in STEPS}
    assert estimate.total.input_tokens.likely > 10_000


def test_a_batch_costs_half_and_has_no_time_and_a_recording_costs_nothing(tmp_path: Path) -> None:
    now = satsuma.estimate("copa", n=100, model="openai/gpt-4.1-mini", out=tmp_path / "run")
    later = satsuma.estimate("copa", n=100, model="batch:openai/gpt-4.1-mini", out=tmp_path / "run")
    assert now.total.usd is not None
    assert later.total.usd is not None
    assert later.total.usd.likely == pytest.approx(now.total.usd.likely / 2, rel=1e-3)
    assert now.seconds is not None
    assert later.seconds is None
    with satsuma.testing.serve() as server:
        satsuma.generate("copa", n=2, model="test/m", out=tmp_path / "recorded", base_url=server.url)
    free = satsuma.estimate("copa", n=2, model=f"replay:{tmp_path / 'recorded'}", out=tmp_path / "run")
    assert free.total.usd == Range.exactly(0)


def test_the_limits_that_are_given_set_the_time(tmp_path: Path) -> None:
    slow = satsuma.estimate("copa", n=100, model="openai/gpt-4.1-mini", out=tmp_path / "run", rpm=60)
    assert slow.seconds is not None
    assert slow.seconds.low >= slow.total.requests.low
    assert slow.seconds.likely == pytest.approx(slow.total.requests.likely, rel=0.1)


def test_what_candidates_need_is_counted() -> None:
    tree, given = load_card("copa"), load_card({**_card(), "contexts": ["home", "work"]})
    across, per_context = tree.contexts.per_block, tree.seed_spec.per_context
    assert units(tree, 1) == {"contexts": 1, "seeds": 1, "instance": 1, "correction": 1}
    assert units(tree, across * per_context)["seeds"] == across
    assert units(tree, across * per_context + 1)["contexts"] == 2
    assert units(tree, across * per_context + 1)["seeds"] == across + 1
    assert units(given, 3)["contexts"] == 0
    assert units(given, 3)["seeds"] == 2
    assert units(given, 2 * given.seed_spec.per_context + 1)["seeds"] == 3


def test_a_card_with_contexts_of_its_own_asks_for_none() -> None:
    card = load_card({**_card(), "contexts": ["home", "work"]})
    assert forecast_requests(card, Settings(10, "test/m"))["contexts"] == Range.exactly(0)


def test_votes_end_when_the_majority_cannot_change() -> None:
    assert votes(1) == Range.exactly(1)
    assert (votes(5).low, votes(5).high) == (3, 5)


def test_answers_that_show_the_label_are_as_long_as_the_labels_and_lists_as_their_length() -> None:
    card, settings = load_card("copa"), Settings(10, "test/m")
    lengths = forecast_lengths(card, settings)
    assert lengths["contexts"].output_tokens.likely > 5 * card.contexts.per_block
    assert lengths["seeds"].output_tokens.likely > 10 * card.seed_spec.per_context
    assert lengths["contexts"].input_tokens.likely > lengths["contexts"].input_tokens.low + 5 * card.contexts.per_block


def test_a_smaller_sample_gives_a_wider_range(tmp_path: Path) -> None:
    from satsuma.pilot import measured

    card = load_card("copa")
    with satsuma.testing.serve(noise=0.2) as server:
        satsuma.generate("copa", n=40, model="test/m", out=tmp_path, **options(server))
        seen = measured(card, Settings(200, "test/m", **options(server)), tmp_path)
    assert isinstance(seen, Measured)
    few = replace(seen, candidates=seen.candidates // 8, accepted=seen.accepted // 8, surplus=0)

    def spread(of: Measured) -> float:
        requests = sorted(sum(draw[step][0] for step in STEPS) for draw in of.draws())
        return requests[-20] - requests[20]

    assert spread(few) > spread(seen)


def test_a_negative_pilot_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="pilot is -1"):
        satsuma.estimate("copa", n=10, model="test/m", pilot=-1, out=tmp_path)


def test_a_model_for_a_step_that_there_is_not_is_refused_with_the_steps() -> None:
    with pytest.raises(SettingsError, match="the step 'corections'") as refused:
        Settings(10, "test/m", models={"corections": "test/other"})
    assert all(step in refused.value.hint for step in STEPS)


def test_the_settings_know_the_steps() -> None:
    from satsuma import settings

    assert settings.STEPS == STEPS


def _card() -> dict[str, object]:
    return {
        "name": "tickets",
        "task": "Route a customer's message.",
        "inputs": {"message": "One message."},
        "output": {"labels": {"billing": "about charges", "bug": "something is broken"}},
    }
