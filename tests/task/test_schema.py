"""The published JSON Schema says what the models say; editors that use it accept every card that satsuma accepts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from satsuma.errors import CardError
from satsuma.task.builtin import builtin_names, builtin_path
from satsuma.task.card import Card
from satsuma.task.loader import load_card
from satsuma.task.schema import card_schema, schema_text

PUBLISHED = Path(__file__).resolve().parents[2] / "docs" / "card.schema.json"
SMALLEST: dict[str, object] = {
    "task": "Sort the notes.",
    "inputs": {"note": "a note"},
    "output": {"labels": ["good", "bad"]},
}


def accepts(card: object) -> bool:
    """Whether an editor that goes by the schema would accept the card."""
    jsonschema = pytest.importorskip(
        "jsonschema", reason="the package jsonschema, of the extra `test`, is not installed"
    )
    return bool(jsonschema.Draft202012Validator(card_schema()).is_valid(card))


def test_the_published_schema_is_the_one_that_the_models_make() -> None:
    made = "python -m satsuma.task.schema > docs/card.schema.json"
    assert PUBLISHED.read_text(encoding="utf-8") == schema_text(), f"out of date; make it anew: {made}"


def test_the_schema_is_a_json_schema() -> None:
    jsonschema = pytest.importorskip(
        "jsonschema", reason="the package jsonschema, of the extra `test`, is not installed"
    )
    jsonschema.Draft202012Validator.check_schema(json.loads(schema_text()))


@pytest.mark.parametrize("name", builtin_names())
def test_a_built_in_card_is_valid_as_an_editor_reads_it(name: str) -> None:
    assert accepts(yaml.safe_load(builtin_path(name).read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "card",
    [
        SMALLEST,
        {**SMALLEST, "output": {"labels": [True, 1, "x"]}},
        {
            **SMALLEST,
            "output": {"labels": {"a": None, "b": "text", "c": {"description": "d", "prompt": {"file": "p.jinja"}}}},
        },
        {**SMALLEST, "inputs": {"note": None, "tone": {"values": {"kind": "gentle", "curt": None}}}},
        {**SMALLEST, "inputs": {"q": "x", "o": "y"}, "output": {"choice": {"field": "o", "count": 4}}},
        {**SMALLEST, "inputs": {"q": "x", "o": "y"}, "output": {"choice": {"field": "o", "count": [2, 4]}}},
        {**SMALLEST, "contexts": ["a", "b"], "seed": {"description": "a word"}, "attributes": {"length": ["short", 2]}},
        {**SMALLEST, "contexts": "a kind of shop", "correction": {"votes": 3, "blind": False}},
        {**SMALLEST, "examples": [{"note": "x", "label": "good"}], "verbalize": {"labels": {"good": "yes"}}},
        {**SMALLEST, "prompts": {"instance": "Write {{ task }}.", "seeds": {"file": "x.jinja"}}},
    ],
)
def test_every_short_form_is_accepted(card: dict[str, object]) -> None:
    assert accepts(card)


@pytest.mark.parametrize(
    "card",
    [
        {},
        {**SMALLEST, "tsak": "x"},
        {**SMALLEST, "inputs": {}},
        {**SMALLEST, "inputs": {"my note": "x"}},
        {**SMALLEST, "output": {"lables": ["a", "b"]}},
        {**SMALLEST, "correction": {"policy": "relable"}},
        {**SMALLEST, "contexts": {"per_block": 1}},
    ],
)
def test_what_the_loader_refuses_for_its_shape_the_schema_refuses_too(card: dict[str, object]) -> None:
    assert not accepts(card)
    with pytest.raises(CardError):
        load_card(card)


def test_every_field_is_described_for_the_reader_of_an_editor() -> None:
    schema = json.loads(schema_text())
    models = [schema, *schema["$defs"].values()]
    assert not [name for model in models for name, field in model["properties"].items() if "description" not in field]
    assert set(schema["properties"]) == set(Card.model_fields)
    assert set(schema["required"]) == {"task", "inputs", "output"}
