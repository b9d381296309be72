"""From an answer to a card: what does not fit is told, names are put right, and every kind of output has its form."""

from __future__ import annotations

import pytest

from satsuma.checking import check_card
from satsuma.drafting.answer import DraftedCard, sketch
from satsuma.drafting.assembling import Assembled, assembled, clean
from satsuma.drafting.fields import fields_of
from satsuma.drafting.rows import Rows
from satsuma.llm.request import Json
from satsuma.targen.samples import sample_prompts
from satsuma.task.card import Card
from satsuma.task.loader import load_card
from tests.drafting.clauses import DRAFT
from tests.drafting.conftest import Draft, changed, labels


def made(draft: Draft, rows: Rows | None = None) -> Assembled:
    return assembled(DraftedCard.model_validate(draft), "clauses", fields_of(rows) if rows else None)


def card(draft: Draft) -> Card:
    result = made(draft)
    assert result.mistakes == ()
    return load_card(result.data)


def named(*names: str) -> list[Json]:
    return [{"name": name, "description": f"the {name}, one sentence", "values": []} for name in names]


def test_a_good_answer_makes_a_card_without_remarks() -> None:
    result = made(DRAFT)
    report = check_card(result.data, sample_prompts)
    assert (result.mistakes, report.errors, report.warnings) == ((), (), ())
    assert report.card is not None
    assert list(report.card.output.labels or {}) == ["unusual", "ordinary"]
    assert report.card.verbalize.labels == {"unusual": "yes", "ordinary": "no"}
    assert report.card.metric == "accuracy"


@pytest.mark.parametrize(
    ("output", "inputs", "metric"),
    [
        ({"kind": "labels", "labels": labels("a", "b", "c")}, ("clause",), "macro-f1"),
        ({"kind": "scale", "labels": labels("a", "b", "c")}, ("clause",), "quadratic-kappa"),
        ({"kind": "multiple", "labels": labels("a", "b", "c"), "least": 0, "most": 2}, ("clause",), "micro-f1"),
        ({"kind": "choice", "labels": [], "options": ["one", "two"]}, ("event", "one", "two"), "accuracy"),
        (
            {"kind": "choice", "labels": [], "options": ["options"], "least": 3, "most": 5},
            ("question", "options"),
            "accuracy",
        ),
        ({"kind": "span", "labels": [], "within": "clause", "none": True, "text": "who pays"}, ("clause",), "token-f1"),
        ({"kind": "spans", "labels": labels("a", "b"), "within": "clause"}, ("clause",), "span-f1"),
        ({"kind": "text", "labels": [], "text": "one sentence"}, ("clause",), "rouge-l"),
    ],
)
def test_every_kind_of_output_makes_a_card_without_remarks(output: Draft, inputs: tuple[str, ...], metric: str) -> None:
    result = made(changed(**{f"output__{name}": value for name, value in output.items()}, inputs=named(*inputs)))
    report = check_card(result.data, sample_prompts)
    assert (result.mistakes, report.errors, report.warnings) == ((), (), ())
    assert report.card is not None
    assert report.card.metric == metric


def test_names_that_no_field_can_have_are_put_right_wherever_they_stand() -> None:
    draft = changed(
        inputs=named("id", "text", "Answer A", "answer-b"), seed_field="text", output__name="target",
        output__kind="choice", output__labels=[], output__options=["Answer A", "answer_b"],
    )  # fmt: skip
    found = card(draft)
    assert list(found.inputs) == ["input_id", "input_text", "Answer_A", "answer_b"]
    assert found.seed_spec.field == "input_text"
    assert found.option_fields == ("Answer_A", "answer_b")
    assert found.output.name == "output_target"


def test_what_nobody_can_see_goes_and_every_text_is_one_line() -> None:
    assert clean(" a\n\tb\u202e c\x07d \u200b\u2028e") == "a b c d e"
    assert clean("نیم\u200cفاصله 👩\u200d🔬") == "نیم\u200cفاصله 👩\u200d🔬"
    found = card(changed(task="Line one.\r\n\x1b[31mLine two.", output__labels=labels("a\u200b", "b")))
    assert found.task == "Line one. [31mLine two."
    assert list(found.output.labels or {}) == ["a", "b"]


@pytest.mark.parametrize(
    ("draft", "mistake"),
    [
        (changed(inputs=named("a", "a")), 'inputs: "a" stands there twice'),
        (changed(output__labels=labels("a", "b", "a")), 'output.labels: "a" stands there twice'),
        (changed(output__labels=labels("a", "b " * 60)), "is longer than 100 characters"),
        (changed(seed_field="nothing"), 'seed_field: "nothing" is not one of the inputs'),
        (changed(contexts=" "), "contexts: is empty"),
        (changed(output__kind="choice"), "output.options: names no inputs"),
        (changed(output__kind="choice", output__options=["a", "clause"]), 'output.options: "a" is not one of'),
        (changed(output__kind="spans", output__within="x"), 'output.within: "x" is not one of the inputs'),
        (changed(attributes=[{"name": "x", "values": []}] * 2), 'attributes: "x" stands there twice'),
    ],
)
def test_what_does_not_fit_is_told(draft: Draft, mistake: str) -> None:
    assert [m for m in made(draft).mistakes if mistake in m]


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (changed(output__labels=labels("yes", "YES", "Yes")), "output.labels.YES"),
        (changed(output__labels=labels("a", " ")), 'output.labels.""'),
        (changed(output__labels=labels("only")), "output.labels"),
        (changed(inputs=[]), "inputs"),
        (changed(seed_field="clause"), "seed"),
        (changed(output__kind="text"), "output.text"),
        (changed(output__kind="multiple", output__least=3), "output.multiple"),
        (changed(attributes=[{"name": "verdict", "values": []}]), "attributes.verdict"),
    ],
)
def test_what_no_card_can_have_is_a_mistake_of_the_card(draft: Draft, field: str) -> None:
    assert field in [flaw.field for flaw in check_card(made(draft).data).errors]


def test_a_question_that_looks_like_a_template_stays_text() -> None:
    for question in ('Is it {{ fields }} or {% if "x" %} {# y #}?', 'a "quoted" \\ brace { and }} end', "{{"):
        text = card(changed(question=question)).verbalize.text
        assert isinstance(text, str)
        from satsuma.task.templates import compile_prompt

        rendered = compile_prompt(text).render_text(fields={"clause": "C"}, options={}, shown="", output="")
        assert rendered == f"clause: C\n{question}"


def test_instances_in_another_language_have_to_be_in_it() -> None:
    for language, validated in (("Portuguese", True), ("English", False), ("Klingon", False)):
        assert bool(card(changed(language=language)).validators) == validated
    draft = changed(language="Portuguese", output__kind="text", output__labels=[], output__text="a translation")
    assert card(draft).validators == ()


ROWS = Rows(
    "rows.csv",
    ("Clause Text", "page", "why", "label"),
    tuple(
        {"Clause Text": f"clause number {i} of some length", "page": f"p{i}", "why": f"since {i}", "label": "ab"[i % 2]}
        for i in range(8)
    ),
)


def described(*names: str) -> Draft:
    return changed(inputs=named(*names), output__labels=labels("a", "b"))


def test_rows_fix_the_fields_and_the_answer_describes_them() -> None:
    result = made({**described("Clause_Text", "page"), "output": changed(
        output__name="other", output__kind="text", output__labels=labels("a", "b"))["output"]}, ROWS)  # fmt: skip
    assert result.mistakes == ()
    found = load_card(result.data)
    assert list(found.inputs) == ["Clause_Text", "page"]
    assert found.output.name == "label"
    assert {name: one.description for name, one in (found.output.labels or {}).items()} == {
        "a": "m0x n0y", "b": "m1x n1y",
    }  # fmt: skip


def test_a_column_may_be_described_under_its_own_name() -> None:
    assert list(load_card(made(described("Clause Text"), ROWS).data).inputs) == ["Clause_Text"]


@pytest.mark.parametrize(
    ("draft", "mistake"),
    [
        (described("clause"), 'the rows have no column "clause"'),
        (changed(inputs=named("Clause_Text"), output__labels=labels("a")), 'say what "b" means'),
        (changed(inputs=named("Clause_Text"), output__labels=labels("a", "b", "c")), 'the rows do not have "c"'),
    ],
)
def test_an_answer_that_contradicts_the_rows_is_told(draft: Draft, mistake: str) -> None:
    assert [m for m in made(draft, ROWS).mistakes if mistake in m]


def test_an_input_that_the_output_needs_cannot_be_left_out() -> None:
    choices: list[dict[str, Json]] = [
        {"q": f"q {i}", "choice1": f"one {i}", "choice2": f"two {i}", "label": i % 2} for i in range(4)
    ]
    result = made(described("q", "choice1"), Rows("r", ("q", "choice1", "choice2", "label"), tuple(choices)))
    assert "inputs: choice2 is needed for the output; describe it" in result.mistakes


def test_the_form_that_the_prompt_shows_has_every_field_of_the_answer() -> None:
    shown = sketch(DraftedCard)
    for name in [*DraftedCard.model_fields, "meaning", "word", "within", "values"]:
        assert f'"{name}": ' in shown
    assert '"<labels or scale or multiple or choice or span or spans or text>"' in shown
