"""What the correction leaves behind besides the winner: the ballot that the noise is estimated from."""

from __future__ import annotations

import asyncio

import pytest

from satsuma.selecting.ballots import Ballot
from satsuma.targen.asking import Prompts
from satsuma.targen.correction import Corrected, ballot, correct, correction_question
from satsuma.task.card import Card
from satsuma.task.loader import load_card
from satsuma.task.outputs import Draft, Judgement, output_of
from tests.targen.scripted import Scripted

HEAD: dict[str, object] = {"name": "mine", "task": "Say it.", "inputs": {"message": "A message."}}


def mine(output: dict[str, object]) -> Card:
    return load_card({**HEAD, "output": output})


def said(*votes: Judgement) -> Corrected:
    return Corrected(votes[0], votes, 1.0, "because", "test", ())


def labelled(label: str) -> Judgement:
    return Judgement(label, label, label)


def test_a_small_set_is_counted_by_name(small: Card) -> None:
    draft = Draft({"message": "hello"}, "yes", "yes", "yes")
    votes = said(labelled("no"), labelled("yes"), labelled("no"))
    assert ballot(output_of(small), draft, votes, votes.judgement) == Ballot("yes", (("no", 2), ("yes", 1)), "no")
    assert ballot(output_of(small), draft, votes, draft) == Ballot("yes", (("no", 2), ("yes", 1)), "yes")


@pytest.mark.parametrize(("count", "named"), [(2, True), (12, True), (13, False)])
def test_up_to_twelve_labels_are_counted_by_name_and_more_by_likeness(count: int, named: bool) -> None:
    card = mine({"labels": [f"l{i}" for i in range(count)]})
    draft = Draft({"message": "hello"}, "l0", "l0", "l0")
    found = ballot(output_of(card), draft, said(labelled("l0")), draft)
    assert found == (Ballot("l0", (("l0", 1),), "l0") if named else Ballot(0, ((0, 1),), 0))


def test_free_text_is_counted_by_likeness() -> None:
    draft = Draft({"message": "hello"}, "short", "all", "kept")
    kept, replaced = Judgement("short", "all", "kept"), Judgement("shorter", "all", "replaced")
    found = ballot(output_of(mine({"name": "summary", "text": "a summary"})), draft, said(replaced, kept), replaced)
    assert found == Ballot(0, ((0, 1), (1, 1)), 1)


def test_votes_for_equal_spans_are_votes_for_the_same() -> None:
    card = mine({"name": "people", "spans": "message", "labels": ["person", "place"]})
    output = output_of(card)
    answers = iter([["Ada", "Bob"], ["Ada"], ["Ada", "Bob"]])

    def given(*_: object) -> object:
        return {"reason": "so", "people": [{"text": name, "label": "person"} for name in next(answers)]}

    draft = Draft({"message": "Ada met Bob in Ulm."}, (), "person", "")
    asks = Scripted({"correction": given})
    question = correction_question(Prompts(card, output), card, output, draft, blind=True)
    corrected = asyncio.run(correct(asks, output, draft, question, 3, "here"))
    assert corrected.agreement == pytest.approx(2 / 3)
    assert [vote == corrected.cast[0] for vote in corrected.cast] == [True, False, True]
    assert ballot(output, draft, corrected, corrected.judgement) == Ballot(0, ((1, 2), (2, 1)), 1)
