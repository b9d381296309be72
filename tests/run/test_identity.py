"""Which run may go on in which directory."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from satsuma.errors import RunError
from satsuma.run.directory import RunDirectory
from satsuma.run.identity import check_same_run, differences, fingerprint, is_finished
from satsuma.run.state import RunState
from satsuma.task.card import Card

MakeState = Callable[..., RunState]


def edited(card: Card, **changes: object) -> Card:
    return Card.model_validate({**card.model_dump(exclude_unset=True), **changes})


def test_the_fingerprint_of_a_card_is_golden(tickets: Card) -> None:
    assert fingerprint(tickets) == "c1-de575b88c293479ddb0348fd9eb8c8d0"


def test_a_default_that_is_written_out_makes_no_other_card(tickets: Card) -> None:
    assert fingerprint(edited(tickets, language="English", attributes={})) == fingerprint(tickets)
    assert fingerprint(edited(tickets, language="German")) != fingerprint(tickets)


def test_the_order_of_labels_counts(tickets: Card) -> None:
    other = edited(tickets, output={"labels": {"bug": "something is broken", "billing": "about charges"}})
    assert fingerprint(other) != fingerprint(tickets)


def test_the_same_run_goes_on(directory: RunDirectory, state: MakeState) -> None:
    check_same_run(directory, state(state="interrupted"), state())
    check_same_run(directory, state(counts={"accepted": {"bug": 2, "billing": 2}}), state(n=9))


def test_operational_settings_never_matter(directory: RunDirectory, state: MakeState) -> None:
    check_same_run(directory, state(), state(operational={"concurrency": 64, "budget": 5.0}))


def test_another_cards_run_is_refused_even_with_revise(
    directory: RunDirectory, state: MakeState, riddles: Card
) -> None:
    with pytest.raises(RunError, match="holds a run of the card tickets, not of riddles") as caught:
        check_same_run(directory, state(), state(riddles), revise=True)
    assert f"-o {directory.path.parent / 'riddles'}" in caught.value.hint


def test_an_edited_card_is_refused_with_what_changed(directory: RunDirectory, state: MakeState, tickets: Card) -> None:
    wanted = state(edited(tickets, task="Sort a customer's message."))
    with pytest.raises(RunError) as caught:
        check_same_run(directory, state(), wanted)
    assert 'card.task: "Route a customer\'s message." → "Sort a customer\'s message."' in caught.value.message
    assert "--revise" in caught.value.hint
    check_same_run(directory, state(), wanted, revise=True)


def test_other_decisive_settings_are_refused_with_both_values(directory: RunDirectory, state: MakeState) -> None:
    wanted = state(settings={"seed": 7, "model": "test/two"})
    with pytest.raises(RunError, match='model: "test/one" → "test/two"; seed: 0 → 7'):
        check_same_run(directory, state(), wanted)
    check_same_run(directory, state(), wanted, revise=True)


def test_models_are_told_by_the_step_they_are_for(directory: RunDirectory, state: MakeState) -> None:
    old = state(settings={"models": {"": "openai/gpt-4.1-mini"}, "votes": None})
    assert differences(old, state(settings={"models": {"": "groq/x"}, "votes": 3})) == [
        "model: openai/gpt-4.1-mini → groq/x",
        "votes: not given → 3",
    ]
    own = state(settings={"models": {"": "openai/gpt-4.1-mini", "correction": "groq/x"}, "votes": None})
    assert differences(old, own) == ["model for correction: openai/gpt-4.1-mini → groq/x"]
    assert differences(own, old) == ["model for correction: groq/x → openai/gpt-4.1-mini"]
    with pytest.raises(RunError, match="holds a run that differs: model for correction: openai/gpt"):
        check_same_run(directory, old, own)


def test_a_step_that_is_given_the_runs_own_model_makes_no_difference(state: MakeState) -> None:
    same = state(settings={"models": {"": "openai/m", "seeds": "openai/m"}})
    assert differences(state(settings={"models": {"": "openai/m"}}), same) == []


def test_settings_compare_as_json_does(state: MakeState) -> None:
    assert differences(state(settings={"x": (1, 2)}), state(settings={"x": [1, 2]})) == []


def test_reordered_labels_are_a_difference_that_is_named(state: MakeState, tickets: Card) -> None:
    other = edited(tickets, output={"labels": {"bug": "something is broken", "billing": "about charges"}})
    assert differences(state(), state(other)) == ["card: the order of its fields"]


def test_many_differences_are_cut_short(directory: RunDirectory, state: MakeState) -> None:
    with pytest.raises(RunError, match="and 4 more"):
        check_same_run(directory, state(), state(settings={f"option{i}": i for i in range(10)}))


def test_a_smaller_n_is_refused_with_what_it_would_remove(directory: RunDirectory, state: MakeState) -> None:
    previous = state(n=200, counts={"accepted": {"bug": 100, "billing": 100}})
    with pytest.raises(RunError, match=r"tickets holds 200 instances; -n 100 would remove 100\n"):
        check_same_run(directory, previous, state(n=100))
    check_same_run(directory, previous, state(n=100), revise=True)


def test_a_finished_run_is_finished_until_a_file_n_or_setting_changes(
    directory: RunDirectory, state: MakeState
) -> None:
    directory.data_path().parent.mkdir()
    directory.data_path().write_bytes(b"rows")
    directory.rejects_path.write_bytes(b"rejects")
    directory.readme_path.write_text("# Card")
    counts = {"accepted": {"bug": 2, "billing": 2}}
    done = state(state="complete", counts=counts, files=directory.hashes())
    assert is_finished(directory, done, state())
    assert not is_finished(directory, done, state(n=5))
    assert not is_finished(directory, done, state(settings={"seed": 1}))
    assert not is_finished(directory, done, state(), jsonl=True)
    assert not is_finished(directory, state(state="running", counts=counts, files=directory.hashes()), state())
    directory.data_path().write_bytes(b"rowz")
    assert not is_finished(directory, done, state())
    directory.data_path().unlink()
    assert not is_finished(directory, done, state())
