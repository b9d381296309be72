"""Self-correction, with a model that answers from a script of the test."""

from __future__ import annotations

import asyncio

import pytest

from satsuma.llm.ask import Unanswered
from satsuma.targen.asking import Prompts
from satsuma.targen.correction import Corrected, correct, correction_question
from satsuma.task.card import Card
from satsuma.task.outputs import Draft, output_of
from tests.targen.scripted import Scripted


def vote(card: Card, prompts: Prompts, answers: list[object], votes: int) -> tuple[Corrected, Scripted]:
    output = output_of(card)
    draft = Draft({"message": "hello"}, "yes", "yes", "yes")
    given = iter(answers)
    asks = Scripted({"correction": lambda *_: next(given)})
    question = correction_question(prompts, card, output, draft, blind=True)
    return asyncio.run(correct(asks, output, draft, question, votes, "here")), asks


def said(*labels: str) -> list[object]:
    return [{"reason": f"because {i}", "label": label} for i, label in enumerate(labels)]


def test_the_majority_of_the_votes_counts(small: Card, prompts: Prompts) -> None:
    got, _ = vote(small, prompts, said("yes", "no", "no"), 3)
    assert (got.judgement.label, got.votes, round(got.agreement, 3), got.reason) == ("no", 3, 0.667, "because 1")


def test_no_vote_is_taken_that_cannot_change_the_outcome(small: Card, prompts: Prompts) -> None:
    got, asks = vote(small, prompts, said("no", "no", "no"), 5)
    assert (got.votes, got.agreement, len(asks.asked)) == (3, 1.0, 3)
    assert [draw for *_, draw in asks.asked] == [0, 1, 2]


def test_on_a_tie_the_asked_label_stays(small: Card, prompts: Prompts) -> None:
    got, _ = vote(small, prompts, said("no", "yes"), 2)
    assert got.judgement.label == "yes"


def test_votes_that_cannot_be_read_abstain(small: Card, prompts: Prompts) -> None:
    got, asks = vote(small, prompts, ["not JSON", *said("no"), "not JSON"], 3)
    assert (got.judgement.label, got.votes, got.agreement) == ("no", 1, 1.0)
    assert len(got.keys) == len(asks.asked) == 3


def test_without_a_single_vote_there_is_no_correction(small: Card, prompts: Prompts) -> None:
    with pytest.raises(Unanswered, match="not JSON"):
        vote(small, prompts, ["not JSON"] * 3, 3)


def test_the_corrector_is_blind_unless_the_card_says_otherwise(small: Card, prompts: Prompts) -> None:
    draft = Draft({"message": "hello"}, "yes", "yes", "yes")

    def text(*, blind: bool) -> str:
        return correction_question(prompts, small, output_of(small), draft, blind=blind)[0][-1].content

    assert "was written to have" not in text(blind=True)
    assert 'It was written to have the label "yes".' in text(blind=False)
