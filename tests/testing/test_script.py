"""Scripted answers say what they should; scripts that cannot be used say why."""

from pathlib import Path
from typing import cast

import pytest

from satsuma.errors import DataError
from satsuma.llm.request import Json
from satsuma.testing import script
from satsuma.testing.question import Question
from satsuma.testing.script import Scripted
from satsuma.testing.words import Draw

STRING: dict[str, Json] = {"type": "string"}


def _fields(rules: dict[str, Json], number: int = 0, **given: str) -> dict[str, Json]:
    properties: dict[str, Json] = {name: STRING for name in rules if not name.endswith("s")}
    properties |= {
        name: {"type": "array", "items": {"type": "object", "properties": {"text": STRING}}}
        for name in rules
        if name.endswith("s")
    }
    messages = (("user", given.pop("message", "")),)
    question = Question("instance", messages, {"type": "object", "properties": properties}, **given)  # type: ignore[arg-type]
    answer = script.load({"instance": rules}).answer(question, Draw("script", number))
    assert isinstance(answer, Scripted)
    return answer.fields


def test_a_list_is_a_stock_to_choose_from() -> None:
    chosen = {_fields({"lemma": ["bank", "run", "light"]}, i)["lemma"] for i in range(50)}

    assert chosen == {"bank", "run", "light"}


def test_a_span_occurs_in_the_field_that_it_is_of_whatever_their_order() -> None:
    for i in range(50):
        answer = _fields({"span": "{span of passage}", "passage": "{sentences 3}"}, i)
        assert answer["span"]
        assert str(answer["span"]) in str(answer["passage"])
    assert list(answer) == ["span", "passage"]


def test_items_of_a_list_may_speak_of_the_fields_around_it() -> None:
    answer = _fields({"entities": {"text": "{span of sentence}"}, "sentence": "{sentence}"})

    entities = cast("list[dict[str, str]]", answer["entities"])
    assert len(entities) == 3
    assert all(entity["text"] in str(answer["sentence"]) for entity in entities)


def test_a_field_can_be_repeated_in_another_and_a_field_called_word_can_be_a_word() -> None:
    answer = _fields({"word": "{word}", "sentence": "I said {word}."})

    assert answer["sentence"] == f"I said {answer['word']}."
    assert str(answer["word"]).isalpha()


def test_templates_know_the_label_the_marker_and_the_messages() -> None:
    rules: dict[str, Json] = {
        "a": "{label}/{marker}",
        "b": "{after Given:}",
        "c": "{seed text}",
        "d": "{{kept}}",
        "e": 7,
    }
    answer = _fields(rules, message="Given: a lamp\n\nThe seed is:\n the old mill\n", label="bug", marker="zy")

    assert answer == {"a": "bug/zy", "b": "a lamp", "c": "the old mill", "d": "{kept}", "e": 7}


def test_numbers_lie_in_their_range() -> None:
    assert {_fields({"year": "{number 3 5}"}, i)["year"] for i in range(40)} == {"3", "4", "5"}


def test_a_step_that_the_script_does_not_have_is_left_to_the_model() -> None:
    question = Question("seeds", (("user", ""),), {"type": "object", "properties": {}})

    assert script.load({"instance": {"a": "x"}}).answer(question, Draw(0)) is None


def test_without_a_step_the_fields_tell_which_one_is_meant() -> None:
    loaded = script.load({"instance": {"premise": "x"}, "correction": {"reason": "y"}})
    question = Question("", (("user", ""),), {"type": "object", "properties": {"reason": STRING, "label": STRING}})
    answer = loaded.answer(question, Draw(0))

    assert isinstance(answer, Scripted)
    assert answer.fields == {"reason": "y"}


def test_scripts_are_read_from_yaml_and_from_json(tmp_path: Path) -> None:
    for name, text in (("a.yaml", "instance:\n  lemma: [bank]\n"), ("a.json", '{"instance": {"lemma": ["bank"]}}')):
        (tmp_path / name).write_text(text)
        assert script.load(tmp_path / name).steps == {"instance": {"lemma": ["bank"]}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("instance: {a: '{wrod}'}", "instance: a: no placeholder {wrod}"),
        ("instance: {a: '{span of b}'}", "no placeholder {span of b}"),
        ("instance: {a: '{number 3}'}", "needs two numbers"),
        ("instance: {a: '{b}', b: '{a}'}", "a → b → a speak of each other"),
        ("instance: {a: []}", "instance: a: nothing to choose from"),
        ("instance: [a]", "instance: not fields but"),
        ("just text", "no steps in it"),
        ("a: [", "cannot be read"),
    ],
)
def test_a_script_that_cannot_be_used_says_where_and_why(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "script.yaml"
    path.write_text(text)

    with pytest.raises(DataError) as caught:
        script.load(path)
    assert str(path) in caught.value.message
    assert said in caught.value.message


def test_a_script_that_is_not_there_says_so() -> None:
    with pytest.raises(DataError, match=r"no-such\.yaml: cannot be read"):
        script.load("no-such.yaml")
