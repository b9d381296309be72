"""Task expansion: requirements, and the form of every field."""

from __future__ import annotations

import asyncio

import pytest

from satsuma.datatune.expansion import Expanded, expand
from satsuma.datatune.telling import DEMONSTRATIONS, demonstrations, told
from satsuma.llm.ask import Unanswered
from satsuma.task.builtin import builtin_names
from satsuma.task.loader import load_card
from tests.datatune.planned import CAUSE, CODE, HOSTILE, IMPLIED, RUSSIAN, Model, card_of


def expanded(given: dict[str, object], card: dict[str, object]) -> Expanded:
    return asyncio.run(expand(Model(lambda *_: given), card_of(card)))


def test_requirements_and_forms_are_a_line_each() -> None:
    given = {
        "requirements": ["The code runs.", "One option\nis right."],
        "fields": [{"name": "choices", "form": "lower\ncase"}, {"name": '"Code"', "form": "Python 3"}],
    }
    assert expanded(given, CODE) == Expanded(
        "- The code runs.\n- One option is right.", '- "code": Python 3\n- "choices": lower case', ("expand-0-0",)
    )


def test_a_field_that_the_model_leaves_out_keeps_the_cards_description() -> None:
    form = expanded({"requirements": ["x"], "fields": [{"name": "nonsense", "form": "y"}]}, IMPLIED).form
    assert form.splitlines() == [
        '- "question": What Speaker 1 asks.', '- "reply": What Speaker 2 says, without an outright yes or no.',
    ]  # fmt: skip


def test_without_an_answer_there_is_no_expanded_task() -> None:
    with pytest.raises(Unanswered, match="given up"):
        asyncio.run(expand(Model(lambda *_: "given up"), card_of(CAUSE)))


def test_demonstrations_show_the_text_of_the_right_option() -> None:
    assert demonstrations(card_of(CAUSE))[0] == (
        '{"choices": ["The lawn was white.","It had snowed all night."], "answer": "It had snowed all night."}'
    )


def test_demonstrations_of_labels_show_the_label() -> None:
    (shown,) = demonstrations(card_of(IMPLIED))
    assert shown.endswith('"answer": "no"}')


def test_demonstrations_of_several_right_options_and_labels_list_them() -> None:
    several = {
        "task": "Pick all.", "inputs": {"options": "An option."},
        "output": {"name": "right", "choice": {"field": "options", "count": 4, "right": [1, 3]}},
        "examples": [{"options": ["a", "b", "c", "d"], "right": ["0", "3"]}],
    }  # fmt: skip
    labels = {
        "task": "Tag.", "inputs": {"message": "A text.", "more": "Another."},
        "output": {"name": "tags", "labels": ["x", "y", "z"], "multiple": [0, 2]},
        "examples": [{"message": "t", "more": "u", "tags": ["x", "z"]}],
    }  # fmt: skip
    assert demonstrations(card_of(several))[0].endswith('"right": ["a","d"]}')
    assert demonstrations(card_of(labels))[0].endswith('"tags": ["x","z"]}')


def test_demonstrations_of_option_fields_and_of_spans_are_shown() -> None:
    fields = {
        "task": "Pick.", "inputs": {"premise": "p", "one": "o", "two": "t"},
        "output": {"name": "best", "choice": ["one", "two"]},
        "examples": [{"premise": "It rains.", "one": "Wet.", "two": "Dry.", "best": 0}],
    }  # fmt: skip
    spans = {
        "task": "Find names.", "inputs": {"message": "A text.", "source": "Where it stood."},
        "output": {"name": "names", "labels": ["person"], "spans": "message"},
        "examples": [{"message": "Ada met Bob.", "source": "a book", "names": ["person: Ada", "person: Bob"]}],
    }  # fmt: skip
    assert demonstrations(card_of(fields))[0].endswith('"best": "Wet."}')
    assert demonstrations(card_of(spans))[0].endswith('"names": "person: Ada; person: Bob"}')


def test_long_demonstrations_are_cut_and_many_are_left_out() -> None:
    long = CAUSE | {
        "examples": [{"choices": [f"The dam {n} broke. " * 900, "It rained."], "answer": 1} for n in range(20)]
    }
    shown = demonstrations(card_of(long))
    assert len(shown) == DEMONSTRATIONS
    assert all("more characters]" in one and one.endswith('"answer": "It rained."}') for one in shown)


def test_a_card_without_examples_is_asked_for_by_its_description_alone() -> None:
    model = Model(lambda *_: {"requirements": ["x"], "fields": []})
    asyncio.run(expand(model, card_of(RUSSIAN)))
    assert "<instances>" not in model.told[0]
    assert "All text of an instance is in Russian." in model.told[0]


def test_examples_of_a_card_stay_in_their_quotes() -> None:
    card = card_of(IMPLIED | {"examples": [{"question": "So?", "reply": HOSTILE, "answer": "no"}]})
    model = Model(lambda *_: {"requirements": ["x"], "fields": []})
    asyncio.run(expand(model, card))
    assert model.told[0].splitlines().count("</task>") == 1
    assert "{{ 7 * 7 }}" in model.told[0]


@pytest.mark.parametrize("name", builtin_names())
def test_every_built_in_card_can_be_told(name: str) -> None:
    card = load_card(name)
    text = told(card)
    assert card.task in text
    assert all(f'"{label}"' in text for label in card.output.labels or {})
    assert all(f'- "{field}"' in text for field, one in card.inputs.items() if not one.computed)
    assert "\n\n\n" not in text


def test_what_a_card_says_of_lengths_values_and_steps_of_a_scale_is_told() -> None:
    text = told(
        card_of(
            {
                "task": "Rate.", "language": "German",
                "inputs": {"review": "A review.", "kind": {"values": {"book": "it is read"}}},
                "output": {"labels": {"bad": "a low one", "good": "a high one"}, "ordinal": True},
                "validators": [{"length": {"field": "review", "words": [5, 1200]}}],
            }
        )
    )  # fmt: skip
    assert '- "review" (5 to 1,200 words): A review.' in text
    assert '  - "book": it is read' in text
    assert "the steps of a scale from the lowest up" in text
    assert "All text of an instance is in German." in text
