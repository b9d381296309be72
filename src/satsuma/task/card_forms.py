"""The forms that values take in a card: text, names, lists of values with their meanings, prompts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, WithJsonSchema
from pydantic_core import PydanticCustomError

Text = Annotated[str, WithJsonSchema({"type": ["string", "number", "boolean"]})]
"""Text that may look like a number or a truth value in YAML: it stays what the user wrote."""
Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,62}$")]
"""A column name: letters, digits and underscores."""


def at_fault(what: str, *at: str | int) -> PydanticCustomError:
    """An error in a part of the value that is being validated; the loader adds `at` to the place."""
    return PydanticCustomError("card", "{what}", {"what": what, "at": at})


def described(value: object) -> object:
    """A bare sentence stands for `{description: sentence}`; nothing at all for `{}`."""
    if value is None:
        return {}
    return {"description": value} if isinstance(value, str) else value


def named(value: object) -> object:
    """A list of names stands for a mapping of names without descriptions."""
    if not isinstance(value, list | tuple):
        return value
    seen: set[str] = set()
    for at, item in enumerate(value):
        if not isinstance(item, str):
            what = "is empty; the word null needs quotes" if item is None else "has to be text"
            raise at_fault(what, at)
        if item in seen:
            raise at_fault(f'"{item}" stands in the list twice', at)
        seen.add(item)
    return dict.fromkeys(value)


def said(value: object) -> object:
    """Nothing at all stands for no description."""
    return "" if value is None else value


Values = Annotated[
    dict[str, Annotated[str, BeforeValidator(said, json_schema_input_type=Text | None)]],
    BeforeValidator(named, json_schema_input_type=list[Text] | dict[str, Text | None]),
]
"""Values that are drawn from: value → what it means, or a list of values."""


class Strict(BaseModel):
    """No unknown keys, nothing changed after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PromptFile(Strict):
    """A prompt in a file of its own, in or below the card's directory; loading a card puts its text in its place."""

    file: str = Field(description="Path of the template, relative to the card.")


def _form(value: object) -> str:
    return "(file)" if isinstance(value, Mapping | PromptFile) else "(text)"


Prompt = Annotated[
    Annotated[str, Tag("(text)")] | Annotated[PromptFile, Tag("(file)")],
    Discriminator(_form),
]
"""A Jinja template: its text, or `{file: path}`."""
