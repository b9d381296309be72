"""A pydantic model that accepts what a JSON Schema of an answer accepts, for peers that want a model.

Understood: objects, arrays, strings with `enum`, numbers, booleans, as satsuma's answers use them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, create_model

SCALARS: Mapping[object, type] = {"string": str, "integer": int, "number": float, "boolean": bool}


def model_of(schema: Mapping[str, object], name: str = "Answer") -> type[BaseModel]:
    """The model of an object's schema."""
    properties = schema["properties"]
    if not isinstance(properties, dict):
        raise TypeError(f"{name} is not an object's schema")
    fields = {key: (type_of(value, f"{name}_{key}"), ...) for key, value in properties.items()}
    model: type[BaseModel] = create_model(name, **fields)  # type: ignore[call-overload]
    return model


def type_of(schema: Mapping[str, object], name: str) -> object:
    """The type of a value's schema."""
    if isinstance(choices := schema.get("enum"), list):
        return Literal[tuple(choices)]
    if schema.get("type") == "object":
        return model_of(schema, name)
    if schema.get("type") == "array" and isinstance(items := schema.get("items"), dict):
        return list[type_of(items, name)]  # type: ignore[misc]
    return SCALARS[schema.get("type")]
