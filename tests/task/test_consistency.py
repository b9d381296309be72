"""What the parts of a card have to do with each other: every contradiction is found, at the place to repair."""

from __future__ import annotations

import pytest

from satsuma.errors import CardError
from satsuma.task.card import Card
from satsuma.task.loader import load_card

LABELS: dict[str, object] = {
    "task": "Sort the notes.",
    "inputs": {"note": "a note"},
    "output": {"labels": ["good", "bad"]},
}
PAIR: dict[str, object] = {**LABELS, "inputs": {"note": "a note", "reply": "a reply"}}
COPA: dict[str, object] = {
    "task": "Choose the cause.",
    "inputs": {"premise": "p", "one": "o", "two": "o", "question": {"values": ["cause", "effect"]}},
    "output": {"choice": ["one", "two"]},
}
QUIZ: dict[str, object] = {
    "task": "Answer the question.",
    "inputs": {"question": "q", "options": "o"},
    "output": {"name": "answer", "choice": {"field": "options", "count": [2, 4]}},
}
TEXT: dict[str, object] = {
    "task": "Sum it up.",
    "inputs": {"article": "a"},
    "output": {"name": "summary", "text": "a sentence"},
}


@pytest.mark.parametrize("card", [LABELS, PAIR, COPA, QUIZ, TEXT])
def test_the_cards_that_the_others_are_made_from_are_right(card: dict[str, object]) -> None:
    assert load_card(card).task == card["task"]


@pytest.mark.parametrize(
    ("card", "said"),
    [
        (
            {**COPA, "output": {"choice": ["one", "tow"]}},
            "output.choice[1]: tow is not one of the inputs; did you mean two?",
        ),
        (
            {**COPA, "output": {"choice": ["one", "question"]}},
            "output.choice[1]: question is drawn from values, computed or scratch",
        ),
        ({**COPA, "output": {"choice": ["one", "one"]}}, "output.choice[1]: one is named twice"),
        (
            {**QUIZ, "output": {"choice": {"field": "option", "count": 3}}},
            "output.choice.field: option is not one of the inputs",
        ),
        ({**LABELS, "inputs": {"text": "t"}}, "inputs.text: is a column that every dataset has"),
        (
            {**LABELS, "output": {"name": "target", "labels": ["a", "b"]}},
            "output.name: target is a column that every dataset has",
        ),
        (
            {**LABELS, "inputs": {"model_config": "t"}},
            "inputs.model_config: is a name that programs use for something else",
        ),
        ({**LABELS, "inputs": {"label": "t"}}, "output: the output is called label, and so is an input"),
        (
            {**LABELS, "output": {"name": "note", "labels": ["a", "b"]}},
            "output.name: the output is called note, and so is an input",
        ),
        (
            {**LABELS, "output": {"name": "reason", "labels": ["a", "b"]}},
            "output.name: reason is what self-correction calls",
        ),
        (
            {**COPA, "inputs": {"correct": "p", "one": "o", "two": "o"}},
            "inputs.correct: is what a choice calls its right",
        ),
        ({**LABELS, "attributes": {"note": ["a"]}}, "attributes.note: is also the name of a field"),
        ({**LABELS, "attributes": {"label": ["a"]}}, "attributes.label: is also the name of a field"),
        ({**LABELS, "attributes": {"tone": ["a", " "]}}, "attributes.tone: has a blank value"),
        ({**LABELS, "contexts": ["a", "b", "a"]}, 'contexts.given[2]: "a" stands in the list twice'),
        ({**LABELS, "contexts": ["a", " "]}, "contexts.given[1]: is blank"),
        ({**LABELS, "seed": "nota"}, "seed.field: nota is not one of the inputs; did you mean note?"),
        ({**COPA, "seed": "question"}, "seed.field: question is drawn from a list of values, so it cannot be the seed"),
        ({**COPA, "seed": "one"}, "seed.field: one is an option"),
        ({**LABELS, "seed": "note"}, "seed: nothing is left to be written for a label"),
        ({**LABELS, "inputs": {"note": {"values": ["a", "b"]}}}, "inputs: nothing is left to be written for a label"),
        (
            {**LABELS, "output": {"labels": ["good", "Good"]}},
            'output.labels.Good: the labels "good" and "Good" differ only in case',
        ),
        (
            {**LABELS, "output": {"labels": ["good", " bad"]}},
            'output.labels." bad": the label " bad" begins or ends with a space',
        ),
        ({**LABELS, "output": {"labels": ["good", " "]}}, 'output.labels." ": the label is blank'),
        ({**LABELS, "output": {"labels": ["a", "b"], "proportions": {"a": 1}}}, 'output.proportions: lacks "b"'),
        (
            {**LABELS, "output": {"labels": ["good", "b"], "proportions": {"good": 1, "b": 1, "godo": 1}}},
            "output.proportions.godo: is not one of the labels; did you mean good?",
        ),
        ({**COPA, "output": {"choice": ["one", "two"], "proportions": {"one": 1}}}, "output.proportions: needs labels"),
        (
            {**LABELS, "verbalize": {"labels": {"godo": "x"}}},
            "verbalize.labels.godo: is not one of the labels; did you mean good?",
        ),
        (
            {**COPA, "verbalize": {"labels": {"2": "x"}}},
            "verbalize.labels.2: is not one of the options, nor a position from 0",
        ),
        ({**TEXT, "verbalize": {"labels": {"a": "x"}}}, "verbalize.labels: needs labels or a choice"),
        ({**LABELS, "metric": "macro_f1"}, 'metric: "macro_f1" is not a known metric; did you mean macro-f1?'),
        (
            {**LABELS, "examples": [{"note": "x"}]},
            "examples[0]: lacks label; an example has every input and the output",
        ),
        (
            {**LABELS, "examples": [{"note": "x", "label": "godo"}]},
            'examples[0].label: "godo" is not one of the labels; did you mean good?',
        ),
        (
            {**LABELS, "examples": [{"note": "x", "label": "good", "nate": "y"}]},
            "examples[0].nate: is not a field of an instance",
        ),
        ({**LABELS, "examples": [{"note": ["x"], "label": "good"}]}, "examples[0].note: has to be text, not a list"),
        (
            {**COPA, "examples": [{"premise": "p", "one": "a", "two": "b", "question": "why", "label": 0}]},
            'examples[0].question: "why" is not one of its values',
        ),
        (
            {**COPA, "examples": [{"premise": "p", "one": "a", "two": "b", "question": "cause", "label": 2}]},
            'examples[0].label: "2" is not the position of an option: 0 to 1',
        ),
        (
            {**QUIZ, "examples": [{"question": "q", "options": ["a"], "answer": 0}]},
            "examples[0].options: has 1 options instead of 2 to 4",
        ),
        (
            {**QUIZ, "examples": [{"question": "q", "options": "a", "answer": 0}]},
            "examples[0].options: has to be a list of options",
        ),
        (
            {**QUIZ, "examples": [{"question": "q", "options": ["a", "b"], "answer": 2}]},
            'examples[0].answer: "2" is not the position',
        ),
        ({**TEXT, "output": {"name": "summary", "text": " "}}, "output.text: is blank"),
    ],
)
def test_a_contradiction_is_told_at_the_place_to_repair(card: dict[str, object], said: str) -> None:
    with pytest.raises(CardError) as caught:
        load_card(card)
    (line,) = caught.value.message.splitlines()
    assert line.startswith(said)


def test_an_example_may_give_the_position_as_a_number_or_as_text() -> None:
    for position in (1, "1"):
        card = load_card({**QUIZ, "examples": [{"question": "q", "options": ["a", "b"], "answer": position}]})
        assert card.examples == ({"question": "q", "options": ("a", "b"), "answer": "1"},)


@pytest.mark.parametrize(
    ("card", "seed", "written", "options"),
    [
        (LABELS, None, ("note",), ()),
        (PAIR, "note", ("reply",), ()),
        ({**PAIR, "seed": {"description": "a word"}}, None, ("note", "reply"), ()),
        ({**PAIR, "seed": "reply"}, "reply", ("note",), ()),
        (COPA, None, ("premise",), ("one", "two")),
        ({**COPA, "seed": "premise"}, "premise", (), ("one", "two")),
        (QUIZ, None, ("question",), ("options",)),
        (TEXT, None, ("article",), ()),
    ],
)
def test_who_writes_which_input_follows_from_the_card(
    card: dict[str, object], seed: str | None, written: tuple[str, ...], options: tuple[str, ...]
) -> None:
    loaded: Card = load_card(card)
    assert (loaded.seed_spec.field, loaded.written_inputs, loaded.option_fields) == (seed, written, options)


def test_models_are_named_for_steps_that_there_are() -> None:
    with pytest.raises(CardError, match="there is no step corection; the steps are contexts, seeds"):
        load_card(
            {
                "task": "Sort it now.",
                "inputs": {"a": "x"},
                "output": {"labels": ["p", "q"]},
                "models": {"corection": "openai/x"},
            }
        )
