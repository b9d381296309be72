"""Any kind of output can be asked and read, and no question says what the answer is."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import pytest

from satsuma.examining.questions import ANSWER, Examiner, Form, form_of
from satsuma.examining.sets import with_named_option
from satsuma.examining.shots import shots_of
from satsuma.llm.request import Json, Sampling
from satsuma.scoring.official import Item, metric_of
from satsuma.students.labelled import Labelled, Reader
from satsuma.task.card import Card
from satsuma.task.loader import load_card

LABELS: dict[str, Json] = {"bug": "it is broken", "praise": "it is good"}
KINDS: dict[str, tuple[Mapping[str, Json], Mapping[str, Json], Mapping[str, Json], Json]] = {
    # inputs, output, a row, and the answer's field that is right for it
    "labels": ({"message": "text"}, {"labels": LABELS}, {"message": "It broke.", "label": "bug"}, "bug"),
    "multiple": (
        {"message": "text"},
        {"labels": LABELS, "multiple": [0, 2]},
        {"message": "Good, but it broke.", "label": ["bug", "praise"]},
        ["praise", "bug"],
    ),
    "choice": (
        {"premise": "text", "one": "option", "two": "option"},
        {"choice": ["one", "two"]},
        {"premise": "It rained.", "one": "It is dry.", "two": "It is wet.", "label": 1},
        "two",
    ),
    "listed": (
        {"problem": "text", "answers": "options"},
        {"choice": {"field": "answers", "count": [2, 5]}},
        {"problem": "1 + 1", "answers": ["one", "two", "three"], "label": 1},
        "B",
    ),
    "choices": (
        {"problem": "text", "answers": "options"},
        {"choice": {"field": "answers", "count": [3, 5], "right": [1, 2]}},
        {"problem": "even?", "answers": ["1", "2", "3", "4"], "label": [1, 3]},
        ["D", "B"],
    ),
    "span": (
        {"passage": "text", "question": "text"},
        {"span": {"field": "passage", "none": True}},
        {"passage": "Rain fell on Monday.", "question": "When?", "label": "Monday"},
        "monday",
    ),
    "spans": (
        {"sentence": "text"},
        {"labels": {"person": "a person", "place": "a place"}, "spans": "sentence"},
        {"sentence": "Ada met Ada in Rome.", "label": ["person: Ada", "person: Ada", "place: Rome"]},
        [{"text": "Ada", "label": "person"}, {"text": "Ada", "label": "person"}, {"text": "Rome", "label": "place"}],
    ),
    "text": ({"note": "text"}, {"text": "a summary"}, {"note": "Milk, eggs.", "label": "Shopping."}, "Shopping."),
}
AS_WORDS = ("labels", "choice", "listed", "text")
METRICS = {"multiple": "macro-f1", "choices": "f1a+em", "span": "token-f1+em", "spans": "span-f1", "text": "rouge-l"}


def made(kind: str) -> tuple[Card, Labelled, Json]:
    inputs, output, row, right = KINDS[kind]
    card = load_card(
        {"task": "A task.", "inputs": dict(inputs), "output": dict(output), "metric": METRICS.get(kind, "accuracy")}
    )
    return card, Reader(card).instance(dict(row), 0), right


def examiner(card: Card, form: Form = "fields", *, reason: bool = False, shots: tuple[Labelled, ...] = ()) -> Examiner:
    return Examiner(card, form, shots, reason=reason, sampling=Sampling())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reason", [False, True])
def test_the_right_answer_is_read_as_the_output(kind: str, reason: bool) -> None:
    card, instance, right = made(kind)
    asking = examiner(card, reason=reason)
    fields: dict[str, Json] = {"reason": "so", "label": right} if reason else {"label": right}
    question = asking.question(instance)
    assert set(question.answer.model_fields) == set(fields)
    said = asking.said(instance, question.answer.model_validate(fields))
    assert said.output == instance.output
    assert instance.output is not None
    assert metric_of(card).value([Item(said.output, instance.output, instance.options)]) == 1.0


@pytest.mark.parametrize(
    ("kind", "form"), [*((kind, "fields") for kind in KINDS), *((kind, "text") for kind in AS_WORDS)]
)
def test_a_question_does_not_depend_on_the_output(kind: str, form: Form) -> None:
    card, instance, _ = made(kind)
    without = dataclasses.replace(instance, output=None, target="")
    assert examiner(card, form).messages(instance) == examiner(card, form).messages(without)


def test_examples_say_their_outputs_and_the_question_does_not() -> None:
    for kind in KINDS:
        card, instance, _ = made(kind)
        asking = examiner(card, shots=(instance,))
        text = asking.messages(instance)[-1].content
        head, _, tail = text.partition("<question>")
        shown = f"label: {asking.shown(instance, instance.output)}"
        assert shown in head
        assert shown not in tail


def test_words_that_stand_nowhere_are_said_and_wrong_not_unread() -> None:
    card, instance, _ = made("span")
    asking = examiner(card)
    answer = asking.question(instance).answer
    assert asking.said(instance, answer.model_validate({"label": "Tuesday"})).output == "Tuesday"
    assert asking.said(instance, answer.model_validate({"label": ""})).output == ""
    card, instance, _ = made("spans")
    asking = examiner(card)
    given = [{"text": "Rome", "label": "place"}, {"text": "Paris", "label": "place"}]
    said = asking.said(instance, asking.question(instance).answer.model_validate({"label": given})).output
    assert instance.output is not None
    # one of two is right, of three that there are
    assert metric_of(card).value([Item(said, instance.output)]) == pytest.approx(2 / 5)


@pytest.mark.parametrize(
    ("words", "output"),
    [("It is wet.", 1), ("it is  WET", 1), ('"two"', 1), ("one", 0), ("It is dry", 0), ("both of them", None)],
)
def test_the_words_of_a_choice_are_found_but_for_case_space_and_stop(words: str, output: int | None) -> None:
    card, instance, _ = made("choice")
    asking = examiner(card, "text")
    said = asking.said(instance, asking.question(instance).answer.model_validate({ANSWER: words}))
    assert (said.output, said.words) == (output, words)


def test_a_label_as_text_is_its_word() -> None:
    whole: dict[str, Any] = {
        "task": "A task.", "inputs": {"message": "text"}, "output": {"labels": LABELS},
        "verbalize": {"labels": {"bug": "defect", "praise": "merit"}},
    }  # fmt: skip
    card = load_card(whole)
    instance = Reader(card).instance({"message": "It broke.", "label": "bug"}, 0)
    asking = examiner(card, "text")
    question = asking.question(instance)
    assert '"<defect or merit>"' in question.messages[-1].content
    assert asking.said(instance, question.answer.model_validate({ANSWER: "defect"})).output == "bug"


def test_big_bench_cards_are_asked_as_text_and_others_by_fields() -> None:
    assert form_of(load_card("implicatures"), None) == "text"
    assert form_of(load_card("copa"), None) == "fields"
    assert form_of(load_card("copa"), "text") == "text"
    with pytest.raises(Exception, match="cannot be asked as text"):
        form_of(load_card("multirc"), "text")


def test_options_that_are_numbers_are_not_taken_for_positions() -> None:
    card = load_card("elementary_math")
    row: dict[str, Json] = {"problem": "one and one ?", "answers": ["1", "2", "3", "0", "4"], "answer": 1}
    assert with_named_option(row, card)["answer"] == "2"
    assert Reader(card).instance(with_named_option(row, card), 0).output == 1
    shots, _ = shots_of(card, 5, (), None, 0)
    expected = {str(example["problem"]): int(str(example["answer"])) for example in card.examples}
    assert {str(shot.fields["problem"]): shot.output for shot in shots} == expected
