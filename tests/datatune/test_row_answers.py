"""What is made of a row, for every kind of output: from an answer to a draft and back, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from satsuma.datatune.row_answers import RowAnswers
from satsuma.llm.parse import Invalid, parse
from satsuma.llm.schema import schema_of
from satsuma.targen.asking import form
from satsuma.task.card import Card
from satsuma.task.instance import Span
from satsuma.task.outputs import Asked, Draft, Mistake, output_of
from tests.datatune.grafted import LABELS, QUESTION, card, labelled, paired

ASKED = Asked("yes", 7, 3)
PASSAGE = {"passage": "A passage."}
NER = {"labels": {"person": "", "place": ""}, "spans": "passage", "multiple": [0, 2]}
LISTED = {"stem": "A stem.", "options": "An option."}
ROOM = {"passage": "Ada went to Rome."}
FIELDS = {"stem": "A stem.", "one": "An option.", "two": "An option."}

KINDS: Mapping[str, tuple[Card, dict[str, object], object, str]] = {
    "labels": (labelled(), {"question": "q", "reply": "r", "label": "no"}, "no", "no"),
    "multiple": (
        card({"labels": {"a": "", "b": "", "c": ""}, "multiple": [1, 2]}, PASSAGE),
        {"passage": "p", "label": ["c", "a"]}, ("a", "c"), "a",
    ),
    "spans": (
        card(NER, PASSAGE), {**ROOM, "label": [{"text": "Rome", "label": "place"}]},
        (Span(12, 16, "place", "Rome"),), "place",
    ),
    "no spans": (card(NER, PASSAGE), {**ROOM, "label": []}, (), "none"),
    "choice among fields": (
        card({"choice": ["one", "two"]}, FIELDS), {"stem": "s", "correct": "r", "wrong": "w"}, 1, "two",
    ),
    "choice in a list": (paired(), {"code": "c", "correct": "r", "wrong": "w"}, 1, "B"),
    "choice in a list of some length": (
        card({"choice": {"field": "options", "count": [2, 4]}}, LISTED),
        {"stem": "s", "correct": "r", "wrong": ["v", "w"]}, 0, "all",
    ),
    "choices": (
        card({"choice": {"field": "options", "count": [3, 5], "right": [1, 2]}}, LISTED),
        {"stem": "s", "correct": ["r"], "wrong": ["v", "w"]}, (2,), "all",
    ),
    "span": (
        card({"name": "answer", "span": {"field": "passage", "none": True}}, PASSAGE),
        {**ROOM, "answer": "Rome"}, "Rome", "answerable",
    ),
    "no span": (
        card({"name": "answer", "span": {"field": "passage", "none": True}}, PASSAGE),
        {**ROOM, "answer": ""}, "", "unanswerable",
    ),
    "text": (card({"name": "summary", "text": "A summary."}, PASSAGE), {"passage": "p", "summary": "s"}, "s", "all"),
}  # fmt: skip


def answers(task: Card) -> RowAnswers:
    return RowAnswers(task, output_of(task))


def drafted(task: Card, instance: Mapping[str, object], asked: Asked = ASKED) -> Draft:
    made = answers(task)
    said = parse(json.dumps({"reason": "r", "irrelevant": False, "instance": instance}), made.answer)
    assert said.instance is not None
    return made.draft(said.instance, asked)


@pytest.mark.parametrize("kind", KINDS)
def test_an_instance_becomes_a_draft_and_the_same_instance_again(kind: str) -> None:
    task, instance, output, label = KINDS[kind]
    asked = Asked({"choice among fields": "two", "choice in a list": "B"}.get(kind, "a"), 7, 3)
    draft = drafted(task, instance, asked)
    assert (draft.output, draft.label) == (output, label)
    assert list(draft.fields) == list(task.inputs)
    again = json.loads(answers(task).shown(draft))
    assert again == (instance if kind != "multiple" else {**instance, "label": ["a", "c"]})


@pytest.mark.parametrize("kind", KINDS)
def test_a_program_makes_the_same_draft_as_a_model(kind: str) -> None:
    task, instance, _, _ = KINDS[kind]
    made = answers(task)
    assert set(made.fields) == set(instance)
    value = json.loads(json.dumps(instance))
    assert made.returned(value, ASKED) == drafted(task, instance)


@pytest.mark.parametrize("kind", KINDS)
def test_the_schema_is_one_that_constrained_decoding_takes(kind: str) -> None:
    schema = json.dumps(schema_of(answers(KINDS[kind][0]).answer))
    assert "$ref" not in schema
    assert '"required": ["reason", "irrelevant", "instance"]' in schema


def test_the_label_is_the_rows_and_not_the_asked_one() -> None:
    instance = {"question": "q", "reply": "r", "label": "yes"}
    assert {drafted(labelled(), instance, Asked(label, 0, 0)).label for label in ("yes", "no")} == {"yes"}


def test_where_the_right_option_stands_is_the_programs() -> None:
    instance = {"code": "c", "correct": "r", "wrong": "w"}
    drafts = [drafted(paired(), instance, Asked(label, 0, 0)) for label in ("A", "B")]
    assert [draft.fields["descriptions"] for draft in drafts] == [("r", "w"), ("w", "r")]
    task, several, _, _ = KINDS["choice in a list of some length"]
    assert {drafted(task, several, Asked("all", 0, index)).output for index in range(40)} == {0, 1, 2}


@pytest.mark.parametrize(
    ("kind", "change", "why"),
    [
        ("labels", {"label": "perhaps"}, "'perhaps' is not one of 'yes', 'no'"),
        ("labels", {"reply": " "}, "reply"),
        ("multiple", {"label": []}, "label"),
        ("spans", {"label": [{"text": "Oslo", "label": "place"}]}, "does not stand in passage word for word: Oslo"),
        ("choice in a list", {"wrong": "R"}, "two options are the same"),
        ("choice in a list", {"wrong": ["v", "w"]}, "wrong"),
        ("choice in a list of some length", {"wrong": ["1", "2", "3", "4"]}, "wrong"),
        ("choices", {"correct": ["a", "b", "c"]}, "correct"),
        ("choices", {"wrong": ["w"]}, "there have to be 3 to 5 options, not 2"),
        ("span", {"answer": "Oslo"}, "does not stand in passage"),
        ("text", {"summary": None}, "summary"),
    ],
)
def test_what_makes_no_instance_is_refused_with_the_field(kind: str, change: dict[str, object], why: str) -> None:
    task, instance, _, _ = KINDS[kind]
    value = json.loads(json.dumps({**instance, **change}))
    with pytest.raises(Mistake) as refused:
        answers(task).returned(value, ASKED)
    assert why in str(refused.value)


def test_a_field_that_is_missing_is_named() -> None:
    with pytest.raises(Mistake, match="field `label` is missing"):
        answers(labelled()).returned({"question": "q", "reply": "r"}, ASKED)


def test_an_instance_that_is_as_long_as_a_book_is_refused() -> None:
    task, instance, _, _ = KINDS["text"]
    assert len(str(drafted(task, {**instance, "passage": "w" * 99_000}).fields["passage"])) == 99_000
    with pytest.raises(Mistake, match="it has 110,001 characters; an instance has at most 100,000"):
        drafted(task, {**instance, "passage": "w" * 110_000})


def test_numbers_that_a_program_returns_are_texts() -> None:
    task, _, _, _ = KINDS["choice in a list of some length"]
    draft = answers(task).returned({"stem": "2 + 2", "correct": 4, "wrong": [3, 5]}, ASKED)
    assert set(draft.fields["options"]) == {"3", "4", "5"}  # type: ignore[arg-type]


def test_a_label_that_can_mean_only_one_is_taken_for_it() -> None:
    assert drafted(labelled(), {"question": "q", "reply": "r", "label": "Yes."}).label == "yes"


def test_a_row_without_instance_has_to_be_irrelevant() -> None:
    answer = answers(labelled()).answer
    assert parse('{"reason": "no reply", "irrelevant": true}', answer).instance is None
    assert parse('{"reason": "no reply", "irrelevant": true, "instance": null}', answer).irrelevant
    with pytest.raises(Invalid, match="an instance is missing"):
        parse('{"reason": "r", "irrelevant": false, "instance": null}', answer)


def test_computed_fields_are_added_and_validators_asked() -> None:
    inputs = {**QUESTION, "length": {"computed": "fields.reply | length", "type": "integer"}}
    task = card({"labels": LABELS}, inputs, validators=[{"length": {"field": "reply", "words": [2, 9]}}])
    assert "length" not in answers(task).fields
    assert drafted(task, {"question": "q", "reply": "not now", "label": "no"}).fields["length"] == 7
    with pytest.raises(Mistake, match="reply"):
        drafted(task, {"question": "q", "reply": "no", "label": "no"})


def test_an_input_with_values_is_one_of_them() -> None:
    inputs = {"premise": "P", "question": {"values": {"cause": "", "effect": ""}}}
    task = card({"labels": LABELS}, inputs)
    assert drafted(task, {"premise": "p", "question": "effect", "label": "no"}).fields["question"] == "effect"
    with pytest.raises(Mistake, match="'why' is not one of 'cause', 'effect'"):
        answers(task).returned({"premise": "p", "question": "why", "label": "no"}, ASKED)


def test_the_form_shows_the_instance_and_that_it_may_be_null() -> None:
    shown = form(answers(paired()).answer)
    assert (
        '"instance": {\n    "code": "<Some code.>",\n    "correct": "<the right option: What the code does.>"' in shown
    )
    assert shown.endswith("  } or null\n}")


def test_examples_have_the_form_of_an_answer() -> None:
    examples = [{"code": "x = 1", "descriptions": ["assigns 1", "prints 1"], "answer": "0"}]
    shown = answers(paired(examples=examples)).examples
    assert [json.loads(one) for one in shown] == [{"code": "x = 1", "correct": "assigns 1", "wrong": "prints 1"}]
