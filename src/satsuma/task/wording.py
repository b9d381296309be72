"""What pydantic says about a card, in the words of someone who writes YAML.

`place` turns pydantic's location into a place in the data, `told` its message into plain words. Not covered: what
fields have to do with each other, which is in the right words from the start.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TypeGuard

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from satsuma.task.card import Card
from satsuma.task.card_checks import Check, Length, Occurs
from satsuma.task.card_inputs import Input
from satsuma.task.card_output import Label, OptionList, Output, Span
from satsuma.task.card_steps import Contexts, Correction, Duplicates, Prompts, Seed, Verbalization
from satsuma.task.flaw import DataPath, meant, quoted

_MODELS: tuple[tuple[tuple[str, ...], type[BaseModel]], ...] = (
    ((), Card),
    (("inputs", "*"), Input),
    (("output",), Output),
    (("output", "labels", "*"), Label),
    (("output", "choice"), OptionList),
    (("output", "span"), Span),
    (("contexts",), Contexts),
    (("seed",), Seed),
    (("correction",), Correction),
    (("duplicates",), Duplicates),
    (("validators", "*"), Check),
    (("validators", "*", "occurs"), Occurs),
    (("validators", "*", "length"), Length),
    (("verbalize",), Verbalization),
    (("prompts",), Prompts),
)
_WANTED = {
    "string_type": "text",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping (`key: value` lines)",
    "model_type": "a mapping (`key: value` lines)",
    "model_attributes_type": "a mapping (`key: value` lines)",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
}
_LIMITS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}
_ALTERNATIVES = frozenset({"(text)", "(file)", "(fields)", "(list)", "[key]"})
"""What pydantic adds to a place: the tags of `satsuma.task.card`, and its own for a key."""
_MAX_NAME = 63


def place(error: ErrorDetails) -> DataPath:
    """Where in the data the error lies: pydantic's location, without the names it gives to alternatives."""
    at = error.get("ctx", {}).get("at", ())
    parts = (*error["loc"], *at)
    return tuple(part for part in parts if part not in _ALTERNATIVES)


def told(error: ErrorDetails) -> str:
    """The error in plain words, without its place."""
    sort, ctx, given = error["type"], error.get("ctx", {}), error["input"]
    if sort == "extra_forbidden":
        return f"unknown key{meant(str(error['loc'][-1]), known_keys(place(error)))}"
    if sort == "missing":
        return "is missing"
    if sort == "string_pattern_mismatch":
        return _bad_name(str(given), lower="A-Z" not in str(ctx.get("pattern")))
    if given is None and sort in _WANTED:
        return "is empty; give it a value, or leave it out (the word null needs quotes)"
    if wanted := _WANTED.get(sort):
        return f"has to be {wanted}, not {_sort_of(given)}"
    if limit := _LIMITS.get(sort):
        return f"is {quoted(given)[:40]}, but has to be {limit[1]} {ctx[limit[0]]}"
    if sort == "literal_error":
        return f"is {quoted(given)}, but has to be {str(ctx['expected']).replace(chr(39), '')}"
    if sort in {"too_short", "string_too_short"}:
        return "is empty"
    if sort == "too_long":
        return f"has {ctx.get('actual_length')} items instead of at most {ctx.get('max_length')}"
    return error["msg"][:1].lower() + error["msg"][1:]


def known_keys(path: DataPath) -> list[str]:
    """The keys that the mapping around a path may have."""
    model = model_at(path[:-1])
    return sorted(model.model_fields) if model is not None else []


def model_at(path: DataPath) -> type[BaseModel] | None:
    """The model of the mapping at a path; None where its keys are the user's own."""
    for pattern, model in _MODELS:
        if len(pattern) == len(path) and all(p in ("*", part) for p, part in zip(pattern, path, strict=True)):
            return model
    return None


def _bad_name(given: str, *, lower: bool) -> str:
    if len(given) > _MAX_NAME:
        return f"{quoted(given)} is longer than {_MAX_NAME} characters"
    letters = "lower-case letters, digits, - _ and ." if lower else "letters, digits and _, and begins with a letter"
    return f"{quoted(given)} cannot be a name: a name has {letters}"


def _sort_of(value: object) -> str:
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, bool):
        return f"the truth value {value}"
    if isinstance(value, int | float):
        return f"the number {quoted(value)}"
    if isinstance(value, Mapping):
        return "a mapping"
    return "a list" if _is_list(value) else f"a {type(value).__name__}"


def _is_list(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, Collection) and not isinstance(value, Mapping)
