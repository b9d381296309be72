"""Values follow their schema, and the words of its descriptions."""

import re
from typing import cast

import pytest

from satsuma.llm.request import Json
from satsuma.testing import hints
from satsuma.testing.answers import Asking, compile_schema
from satsuma.testing.words import Draw


def _answer(schema: dict[str, Json], part: object = 0, *, ideas: int = 0) -> Json:
    asking = Asking(Draw("test", part), ideas, stock="stock")
    asking.new_idea()
    return compile_schema(schema)(asking)


def _field(schema: dict[str, Json], part: object = 0) -> Json:
    return cast("dict[str, Json]", _answer({"type": "object", "properties": {"it": schema}}, part))["it"]


def _said(description: str, part: object = 0) -> str:
    return str(_field({"type": "string", "description": description}, part))


def test_every_type_of_json_schema_gets_a_value_of_its_type() -> None:
    for part in range(20):
        assert isinstance(_field({"type": "string"}, part), str)
        assert isinstance(_field({"type": "boolean"}, part), bool)
        assert 3 <= cast("int", _field({"type": "integer", "minimum": 3, "maximum": 5}, part)) <= 5
        assert 0 <= cast("float", _field({"type": "number", "minimum": 0, "maximum": 1}, part)) <= 1
        assert _field({"enum": ["a", "b"]}, part) in ("a", "b")
        assert _field({"const": "only"}, part) == "only"
        assert _field({"type": ["string", "null"], "enum": ["x"]}, part) == "x"
        assert _field({"type": "null"}, part) is None


def test_both_values_of_an_enum_and_of_a_boolean_come() -> None:
    assert {_field({"enum": ["a", "b"]}, i) for i in range(30)} == {"a", "b"}
    assert {_field({"type": "boolean"}, i) for i in range(30)} == {True, False}


def test_references_alternatives_and_merged_schemas_are_followed() -> None:
    schema: dict[str, Json] = {
        "$defs": {"label": {"enum": ["yes"]}},
        "type": "object",
        "properties": {
            "by_reference": {"$ref": "#/$defs/label"},
            "nullable": {"anyOf": [{"type": "null"}, {"type": "integer", "minimum": 4, "maximum": 4}]},
            "merged": {"allOf": [{"properties": {"a": {"const": 1}}}, {"properties": {"b": {"const": 2}}}]},
        },
    }

    assert _answer(schema) == {"by_reference": "yes", "nullable": 4, "merged": {"a": 1, "b": 2}}


def test_a_schema_that_contains_itself_ends() -> None:
    schema: dict[str, Json] = {"type": "object", "properties": {"name": {"type": "string"}, "child": {"$ref": "#"}}}

    assert str(_answer(schema)).count("name") == 7


@pytest.mark.parametrize(
    ("description", "low", "high"),
    [
        ("150 words", 150, 150),
        ("between 20 and 30 words", 20, 30),
        ("two words", 2, 2),
        ("a word", 1, 1),
        ("the lemma", 1, 1),
        ("a short phrase", 3, 12),
    ],
)
def test_texts_have_as_many_words_as_their_description_says(description: str, low: int, high: int) -> None:
    counts = [len(_said(description, part).split()) for part in range(20)]

    assert low <= min(counts)
    assert max(counts) <= high


@pytest.mark.parametrize(
    ("description", "low", "high"),
    [
        ("One message from a customer, one to four sentences.", 1, 4),
        ("one sentence that says why", 1, 1),
        ("a sentence with the word in it", 1, 1),
        ("a passage about the topic", 5, 8),
        ("3 sentences", 3, 3),
    ],
)
def test_texts_have_as_many_sentences_as_their_description_says(description: str, low: int, high: int) -> None:
    counts = [len(re.findall(r"[.!?](?:\s|$)", _said(description, part))) for part in range(30)]

    assert (min(counts), max(counts)) == (low, high)


def test_no_text_is_longer_than_max_length() -> None:
    assert all(len(str(_field({"type": "string", "maxLength": 20}, part))) <= 20 for part in range(20))


@pytest.mark.parametrize(
    ("name", "schema", "count"),
    [
        ("contexts", {"description": "20 settings", "minItems": 1}, 20),
        ("contexts", {}, 20),
        ("seeds", {}, 10),
        ("names", {}, 3),
        ("names", {"description": "Exactly 7 of them."}, 7),
        ("names", {"minItems": 5}, 5),
        ("wrong", {"description": "2 wrong options, each: 5 to 10 words", "minItems": 2, "maxItems": 2}, 2),
        ("names", {"description": "of 5 to 9 words each"}, 3),
        ("contexts", {"maxItems": 4}, 4),
    ],
)
def test_lists_have_the_length_that_the_schema_states(name: str, schema: dict[str, Json], count: int) -> None:
    array: dict[str, Json] = {"type": "array", "items": {"type": "string"}, **schema}
    answer = cast("dict[str, list[Json]]", _answer({"type": "object", "properties": {name: array}}))

    assert len(answer[name]) == count
    assert len({str(item) for item in answer[name]}) == count


def test_items_are_as_long_as_the_description_of_their_list_says() -> None:
    array: dict[str, Json] = {"type": "array", "items": {"type": "string"}, "description": "4 options, each: two words"}

    assert [len(str(item).split()) for item in cast("list[Json]", _field(array))] == [2, 2, 2, 2]


def test_a_list_of_an_enum_repeats_nothing() -> None:
    array: dict[str, Json] = {"type": "array", "items": {"enum": ["a", "b", "c"]}, "minItems": 3}

    assert sorted(cast("list[str]", _field(array))) == ["a", "b", "c"]


def test_a_model_with_few_ideas_repeats_itself_nearly_word_for_word() -> None:
    schema: dict[str, Json] = {
        "type": "object",
        "properties": {"text": {"type": "string", "description": "a sentence"}},
    }
    texts = [str(cast("dict[str, Json]", _answer(schema, i, ideas=5))["text"]) for i in range(200)]
    exact = {text for text in texts if texts.count(text) > 1}

    assert len(exact) == 5
    assert 5 < len(set(texts)) < 150
    assert len({str(cast("dict[str, Json]", _answer(schema, i))["text"]) for i in range(200)}) == 200


def test_sizes_default_to_one_sentence() -> None:
    assert hints.size("", "reason") == hints.Size("sentence", 1, 1)
    assert hints.size("20 settings") == hints.Size("setting")
