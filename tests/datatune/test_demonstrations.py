"""Examples of a card are not to come back as instances."""

from __future__ import annotations

import pytest

from satsuma.datatune.demonstrations import Demonstrations
from satsuma.task.card import Card
from satsuma.task.outputs import Draft, output_of
from tests.datatune.grafted import labelled, paired

EXAMPLES = [{"question": "Would he fire me for that?", "reply": "He is all bark and no bite.", "label": "no"}]


def copied(task: Card, draft: Draft) -> str:
    return Demonstrations(task, output_of(task)).copied(draft)


def replied(question: str, reply: str, label: str = "no") -> Draft:
    return Draft({"question": question, "reply": reply}, label, label, label)


@pytest.mark.parametrize(
    ("question", "reply"),
    [
        ("Would he fire me for that?", "He is all bark and no bite."),
        ("WOULD HE FIRE ME FOR THAT", "he is all bark, and no bite!"),
        ("Would he fire me for this?", "He is all bark and no teeth."),
    ],
)
def test_an_example_is_refused_word_for_word_in_other_letters_and_nearly(question: str, reply: str) -> None:
    told = copied(labelled(examples=EXAMPLES), replied(question, reply))
    assert told == "copies an example of the task: the one that begins with 'Would he fire me for that?'"


def test_another_label_does_not_make_it_another_instance() -> None:
    assert copied(labelled(examples=EXAMPLES), replied(EXAMPLES[0]["question"], EXAMPLES[0]["reply"], "yes"))


def test_what_only_resembles_an_example_is_kept() -> None:
    assert not copied(labelled(examples=EXAMPLES), replied("Would he hire me?", "He looks for people with experience."))


def test_a_card_whose_instances_share_their_wording_sets_the_threshold() -> None:
    draft = replied("Would he fire me for this?", "He is all bark and no teeth.")
    assert not copied(labelled(examples=EXAMPLES, duplicates="exact"), draft)
    assert copied(labelled(examples=EXAMPLES, duplicates="exact"), replied(*list(EXAMPLES[0].values())[:2]))


def test_options_in_another_order_are_the_same() -> None:
    examples = [{"code": "x = 1", "descriptions": ["assigns a number", "prints a word"], "answer": "0"}]
    draft = Draft({"code": "x = 1", "descriptions": ("prints a word", "assigns a number")}, 1, "B", "B")
    assert copied(paired(examples=examples), draft)


def test_a_card_without_examples_refuses_nothing() -> None:
    assert not copied(labelled(), replied("", ""))
