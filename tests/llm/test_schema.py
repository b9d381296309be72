"""The schema of an answer is in the strict form, made once."""

from __future__ import annotations

from typing import Literal

import pytest
from pydantic import BaseModel, Field

from satsuma.llm.schema import schema_of


class Option(BaseModel):
    """One option."""

    title: str = Field(min_length=1, description="what it says")
    right: bool = False


class Instance(BaseModel):
    """An instance whose label is "billing"."""

    label: Literal["billing", "bug"]
    options: list[Option] = Field(min_length=2)
    note: str | None = None


def test_the_schema_is_closed_complete_and_without_references() -> None:
    assert schema_of(Instance) == {
        "type": "object",
        "description": 'An instance whose label is "billing".',
        "properties": {
            "label": {"enum": ["billing", "bug"], "type": "string"},
            "options": {
                "type": "array",
                "minItems": 2,
                "items": {
                    "type": "object",
                    "description": "One option.",
                    "properties": {
                        "title": {"type": "string", "description": "what it says"},
                        "right": {"type": "boolean"},
                    },
                    "additionalProperties": False,
                    "required": ["title", "right"],
                },
            },
            "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        },
        "additionalProperties": False,
        "required": ["label", "options", "note"],
    }


def test_the_schema_is_made_once_for_a_type() -> None:
    assert schema_of(Instance) is schema_of(Instance)


def test_a_field_may_be_called_like_a_keyword() -> None:
    class Named(BaseModel):
        title: str
        default: str

    assert list(schema_of(Named)["properties"]) == ["title", "default"]  # type: ignore[arg-type]


class Tree(BaseModel):
    """A tree."""

    inner: list[Tree]


class Free(BaseModel):
    """Free keys."""

    scores: dict[str, int]


@pytest.mark.parametrize("answer", [Tree, Free])
def test_an_answer_that_has_no_strict_form_is_refused(answer: type[BaseModel]) -> None:
    with pytest.raises(TypeError, match="an answer cannot"):
        schema_of(answer)
