"""The JSON Schema of an answer, in the strict form that constrained decoding takes.

Rule: one schema per answer type, made once. OpenAI's strict mode is the narrowest of the forms in use, so it is the
one that is asked for: every object closed (`additionalProperties: false`), every property required, no references, no
titles, no defaults, and none of the keywords that strict mode refuses (the lengths of strings), which are checked
when the answer is validated anyway. Descriptions stay: models read them.

Not covered: answers that contain themselves, and mappings with free keys; strict mode has no form for either.

Source: https://platform.openai.com/docs/guides/structured-outputs, "Supported schemas".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

    from satsuma.llm.request import Json

DROPPED = frozenset({"title", "default", "examples", "minLength", "maxLength", "uniqueItems", "$defs", "discriminator"})
"""Keywords that strict mode refuses, or that say nothing about the answer."""

_made: WeakKeyDictionary[type[BaseModel], dict[str, Json]] = WeakKeyDictionary()


def schema_of(answer: type[BaseModel]) -> Mapping[str, Json]:
    """The strict JSON Schema of an answer type; the same object each time, not to be changed.

    Raises:
        TypeError: the answer contains itself, or has fields whose names are not known beforehand.
    """
    made = _made.get(answer)
    if made is None:
        full = cast("dict[str, Json]", answer.model_json_schema())
        definitions = cast("dict[str, Json]", full.get("$defs", {}))
        made = _made[answer] = cast("dict[str, Json]", _strict(full, definitions, ()))
    return made


def _strict(node: Json, definitions: Mapping[str, Json], inside: tuple[str, ...]) -> Json:
    """One node of the schema in strict form; `inside` names the references that are being resolved."""
    if isinstance(node, list):
        return [_strict(x, definitions, inside) for x in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _resolved(node, definitions, inside)
    made = {
        k: _properties(v, definitions, inside) if k == "properties" else _strict(v, definitions, inside)
        for k, v in node.items()
        if k not in DROPPED
    }
    if made.get("type") == "object":
        if isinstance(node.get("additionalProperties"), dict) or not isinstance(made.get("properties"), dict):
            raise TypeError("an answer cannot have fields whose names are not known beforehand")
        made["additionalProperties"] = False
        made["required"] = list(cast("dict[str, Json]", made["properties"]))
    return made


def _properties(node: Json, definitions: Mapping[str, Json], inside: tuple[str, ...]) -> Json:
    """The properties of an object; their names are the answer's own, and a field may well be called `title`."""
    return {name: _strict(value, definitions, inside) for name, value in cast("dict[str, Json]", node).items()}


def _resolved(node: Mapping[str, Json], definitions: Mapping[str, Json], inside: tuple[str, ...]) -> Json:
    """What a reference stands for, with the description that was given beside it."""
    name = str(node["$ref"]).rpartition("/")[2]
    if name in inside:
        raise TypeError(f"an answer cannot contain itself: {' > '.join((*inside, name))}")
    made = cast("dict[str, Json]", _strict(definitions[name], definitions, (*inside, name)))
    return {**made, "description": node["description"]} if "description" in node else made
