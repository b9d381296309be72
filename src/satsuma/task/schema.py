"""The card's JSON Schema, for editors: they complete keys, show what each is for, and mark what cannot be.

Made from the pydantic models, so that it cannot say anything else than they do, and published as
docs/card.schema.json:

    python -m satsuma.task.schema > docs/card.schema.json

It takes the short forms too (a sentence for an input, a list for labels), and scalars that YAML reads as numbers or
truth values where text is meant, since a card's text is what the user wrote. Not covered: what fields have to do with
each other; `satsuma check` tells that.
"""

from __future__ import annotations

import sys
from typing import TypeGuard

import orjson

from satsuma.llm.request import Json
from satsuma.task.card import Card

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TITLE = "satsuma task card"
_NOISE = frozenset({"title"})


def card_schema() -> dict[str, Json]:
    """The JSON Schema (2020-12) of a task card."""
    made = Card.model_json_schema()
    tidied = _tidied(made)
    if not _is_object(tidied):
        raise TypeError("pydantic makes an object of a model")
    description = (
        "What a task is, its inputs, its output, and whatever of the method is wanted otherwise. See docs/card.md."
    )
    return {"$schema": DIALECT, **tidied, "title": TITLE, "description": description}


def schema_text() -> str:
    """The published form: two spaces of indentation, a line break at the end."""
    return orjson.dumps(card_schema(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()


def _tidied(schema: object, *, names: bool = False) -> Json:
    """The schema without titles. names: the keys here are names of fields, not words of JSON Schema."""
    if isinstance(schema, list):
        return [_tidied(item) for item in schema]
    if not isinstance(schema, dict):
        return schema if schema is None or isinstance(schema, str | int | float) else str(schema)
    kept = {key: value for key, value in schema.items() if names or key not in _NOISE}
    tidy = {key: _tidied(value, names=not names and key in {"properties", "$defs"}) for key, value in kept.items()}
    if "patternProperties" in tidy and not names:
        tidy.setdefault("additionalProperties", False)
    if "description" in tidy and not names:
        tidy["description"] = _one_line(tidy["description"])
    return tidy


def _one_line(text: Json) -> Json:
    """The first paragraph of a docstring on one line."""
    return " ".join(text.split("\n\n")[0].split()) if isinstance(text, str) else text


def _is_object(value: Json) -> TypeGuard[dict[str, Json]]:
    return isinstance(value, dict)


if __name__ == "__main__":
    sys.stdout.write(schema_text())
