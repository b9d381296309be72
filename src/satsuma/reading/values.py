"""Values of a dataset as the text that is measured.

Text stands as it is. A number or a truth value is written out (`1.0` as `1`), a list is its values with line breaks
between them (as a label: with commas), an object is JSON. Nothing is null, NaN, an empty label or the word NaN, which
is what pandas leaves behind where there was no label.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from satsuma.llm.request import Json


def as_text(value: Json) -> str | None:
    """A value as text; None if there is none."""
    if isinstance(value, list):
        return "\n".join(text for one in value if (text := as_text(one)) is not None)
    return _scalar(value)


def as_label(value: Json, names: Sequence[str] = ()) -> str | None:
    """A value as a label; None if there is none. names: of labels that are numbers, from 0."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(names):
        return names[value]
    if isinstance(value, list):
        found = [label for one in value if (label := as_label(one, names)) is not None]
        return ", ".join(found) or None
    text = (_scalar(value) or "").strip()
    return None if text.lower() in ("", "nan") else text


def kind_of(value: Json) -> str:
    """What a value is, for people; truth values and whole numbers are kinds of their own."""
    names = {str: "text", bool: "true or false", int: "whole numbers", float: "numbers", list: "lists", dict: "objects"}
    return names.get(type(value), "null")


def _scalar(value: Json) -> str | None:
    match value:
        case None:
            return None
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer() and abs(value) < 2**53:
            return str(int(value))
        case int() | float():
            return str(value)
    return orjson.dumps(value).decode()
