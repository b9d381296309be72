"""The cards of BIG-bench's tasks present an example as the suite does, on the suite's own examples."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import cast

import pytest

import satsuma
from satsuma.errors import DataError
from satsuma.reading.bigbench_rows import _Form, card_rows, presented
from satsuma.task.instance import Value
from satsuma.task.outputs import output_of
from satsuma.task.validators import View, validators_of
from satsuma.task.verbalize import Verbalizer

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
TASKS = {
    "temporal_sequences": "temporal_sequences",
    "code_line_description": "code_line_description",
    "elementary_math": "elementary_math_qa.PROXY_mathqa_test",
    "cause_and_effect": "cause_and_effect",
    "medical_questions_russian": "medical_questions_russian",
    "implicatures": "implicatures",
}
real = pytest.mark.skipif(not SHARED.is_dir(), reason="BIG-bench's examples (../shared/data) are not here")


def pairs(card: satsuma.Card, path: Path) -> list[tuple[dict[str, object], str, str]]:
    """Every row with its verbalized text and target."""
    verbalized, output = Verbalizer(card, output_of(card)), output_of(card)
    made = []
    for row in card_rows(path, card):
        fields = {name: _value(row[name]) for name in card.columns}
        made.append((dict[str, object](row), *verbalized(fields, output.read(fields, row[card.output.name]))))
    return made


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else [value]


def _value(value: object) -> Value:
    return tuple(cast("list[str]", value)) if isinstance(value, list) else cast("Value", value)


@real
@pytest.mark.parametrize("name", TASKS)
def test_a_card_presents_every_real_example_character_by_character_as_the_suite_does(name: str) -> None:
    path = SHARED / "bigbench" / f"{TASKS[name]}.json"
    task, card = json.loads(path.read_text("utf-8")), satsuma.load_card(name)
    made = pairs(card, path)
    assert len(made) == len(task["examples"])
    for example, (row, text, target) in zip(task["examples"], made, strict=True):
        shown = row[card.option_fields[0]] if card.option_fields else list(example["target_scores"])
        assert sorted(cast("list[str]", shown)) == sorted(example["target_scores"])
        prefix, ending = task["example_input_prefix"], task["example_output_prefix"]
        choices = "".join(task.get("choice_prefix", "\n  choice: ") + one for one in cast("list[str]", shown))
        assert text == prefix + example["input"] + (choices if task["append_choices_to_input"] else "") + ending
        assert example["target_scores"][target] == 1


@real
@pytest.mark.parametrize("name", TASKS)
def test_real_examples_satisfy_the_validators_of_their_card(name: str) -> None:
    card = satsuma.load_card(name)
    output, validate = output_of(card), validators_of(card)
    refused = []
    for row, _, _ in pairs(card, SHARED / "bigbench" / f"{TASKS[name]}.json"):
        fields = {field: _value(row[field]) for field in card.columns}
        value = output.read(fields, row[card.output.name])
        labels = (str(value),) if card.output.kind == "labels" else ()
        refused.append(validate(View(fields, output.options(fields), value, output.shown(fields, value), labels)))
    # Real data is not as clean as what is asked for: a few replies do say yes or no, a few answers are sentences.
    assert sum(map(bool, refused)) <= 0.1 * len(refused), sorted(set(refused))[:5]


@real
@pytest.mark.parametrize("name", TASKS)
def test_no_example_of_the_suite_stands_in_a_card(name: str) -> None:
    card = satsuma.load_card(name)
    recorded = json.loads((SHARED / "datatune" / f"{name}.json").read_text("utf-8"))["prompt_examples"]
    theirs = {
        str(value).strip()
        for row, _, _ in pairs(card, SHARED / "bigbench" / f"{TASKS[name]}.json")
        for field in card.columns
        for value in _listed(row[field])
        if len(str(value).split()) > 3
    }
    for example in card.examples:
        for value in example.values():
            for text in (value,) if isinstance(value, str) else value:
                assert text.strip() not in theirs
                assert len(text.split()) < 4 or text.strip() not in recorded
    assert "canary" not in (card.model_dump_json())


@real
@pytest.mark.parametrize("name", TASKS)
def test_the_papers_authors_showed_their_demonstrations_in_the_same_form(name: str) -> None:
    recorded = json.loads((SHARED / "datatune" / f"{name}.json").read_text("utf-8"))["prompt_examples"]
    card = satsuma.load_card(name)
    verbalized, output, compared = Verbalizer(card, output_of(card)), output_of(card), 0
    texts = re.findall(r"input=(.*?)\noutput=(.*?)(?=\n\ninput=|\Z)", recorded, re.DOTALL)
    assert len(texts) == 3
    for text, target in texts:
        options = re.findall(r"(?m)^ +choice: ?(.*)$", text)
        form = _Form(card)
        if len(options) > form.most:
            continue
        fields = form.fields(text, options) or form.fields(f"\n{text}", options)
        assert fields is not None
        value = output.read({}, options.index(target) if options else target)
        shown, said = verbalized({field: _value(one) for field, one in fields.items()}, value)
        assert shown.lstrip("\n") == text.lstrip("\n")
        assert said == target
        compared += 1
    assert compared >= 2


def task_file(place: Path, **more: object) -> Path:
    path = place / "task.json"
    path.write_text(json.dumps({"name": "t", **more}), "utf-8")
    return path


def test_a_task_without_prefixes_of_its_own_has_the_suites() -> None:
    assert presented({}, "two", ["a", "b"]) == "\nQ: two\n  choice: a\n  choice: b\nA: "
    assert presented({"append_choices_to_input": False}, "two", ["a", "b"]) == "\nQ: two\nA: "


def test_choices_stand_in_an_order_of_chance_that_the_seed_decides(tmp_path: Path) -> None:
    scores = {"One rained.": 1, "Two got wet.": 0}
    path = task_file(
        tmp_path,
        examples=[{"input": "", "target_scores": scores} for _ in range(64)],
        example_input_prefix="\nexample:",
        example_output_prefix="\nanswer: ",
    )
    card = satsuma.load_card("cause_and_effect")
    first = [row["cause"] for row in card_rows(path, card)]
    assert first == [row["cause"] for row in card_rows(path, card)]
    assert 16 < sum(cast("list[int]", first)) < 48
    assert first != [row["cause"] for row in card_rows(path, card, seed=1)]


def test_more_choices_than_the_card_has_are_told(tmp_path: Path) -> None:
    scores = {"a": 1, "b": 0, "c": 0}
    path = task_file(tmp_path, examples=[{"input": "", "target_scores": scores}], example_input_prefix="\nexample:")
    with pytest.raises(DataError, match="has 3 choices, but the card cause_and_effect at most 2"):
        list(card_rows(path, satsuma.load_card("cause_and_effect")))


NO_FORM = {"input": "Speaker 1: hello", "target": "yes"}
NO_TARGET = {"input": "Speaker 1: 'a' Speaker 2: 'b'"}


@pytest.mark.parametrize("example", [NO_FORM, NO_TARGET])
def test_an_example_of_another_form_or_without_a_target_is_told(example: dict[str, object], tmp_path: Path) -> None:
    path = task_file(
        tmp_path,
        examples=[example],
        example_input_prefix="\n\nQ: ",
        example_output_prefix=" \nA: ",
        append_choices_to_input=False,
    )
    with pytest.raises(DataError, match="example 0"):
        list(card_rows(path, satsuma.load_card("implicatures")))
