"""Values that follow a JSON Schema, drawn by hash.

A schema is compiled once into a function from an `Asking` to a value. Understood: type (also a list of types),
properties, items, prefixItems, minItems, maxItems, enum, const, anyOf, oneOf, allOf, $ref and $defs, minimum and
maximum, maxLength, the formats date, date-time, email, uri, uuid. Every property is given, required or not. Not
covered: `pattern`, `not`, conditions, and a recursive schema beyond six levels, which is answered with null.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import orjson

from satsuma.llm.request import Json
from satsuma.testing import hints, words
from satsuma.testing.hints import Size
from satsuma.testing.words import Draw

_DEEPEST = 6


@dataclass(slots=True)
class FreeText:
    """A text in an answer that may be made longer: where it is, its size, and how many characters it may have."""

    holder: dict[str, Json] | list[Json]
    at: str | int
    size: Size
    limit: int | None = None

    @property
    def text(self) -> str:
        """The text as it is now."""
        return str(self.holder[self.at])  # type: ignore[index]  # a name in a dict, a place in a list

    @text.setter
    def text(self, value: str) -> None:
        self.holder[self.at] = value  # type: ignore[index]


@dataclass(slots=True)
class Asking:
    """One answer in the making.

    ideas: the stock of ideas of a model that has few; 0 for a model without end. idea: the one being had. stock: what
    the ideas are drawn from (the server's seed). free: the texts written so far.
    """

    draw: Draw
    ideas: int = 0
    idea: int = 0
    stock: str = ""
    free: list[FreeText] = field(default_factory=list)

    def new_idea(self) -> None:
        """Have an idea; the first of the stock come far more often than the last, as with real models."""
        if self.ideas:
            self.idea = int(self.ideas * self.draw.unit() ** 2)


Maker = Callable[[Asking], Json]
Schema = Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the schema one is: the whole of it, the path of names, the nearest description."""

    root: Schema
    path: tuple[str, ...] = ()
    description: str = ""
    depth: int = 0

    @property
    def name(self) -> str:
        return self.path[-1] if self.path else ""

    def into(self, name: str) -> _Place:
        return _Place(self.root, (*self.path, name), "", self.depth + 1)

    def item(self, description: str) -> _Place:
        return _Place(self.root, self.path, description, self.depth + 1)


def compile_schema(schema: Schema) -> Maker:
    """A function that writes values of this schema."""
    return _compile(schema, _Place(schema))


def _compile(schema: Schema, place: _Place) -> Maker:
    if place.depth > _DEEPEST:
        return _constant(None)
    schema = _resolved(schema, place.root)
    if "const" in schema:
        return _constant(schema["const"])
    options = schema.get("enum")
    if isinstance(options, list) and options:
        return lambda asking: asking.draw.pick(options)
    return _KINDS.get(_kind(schema), _text)(schema, place)


def _kind(schema: Schema) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((k for k in kind if k != "null"), "null")
    if isinstance(kind, str):
        return kind
    return "object" if "properties" in schema else "array" if "items" in schema else "string"


def _resolved(schema: Schema, root: Schema) -> Schema:
    """The schema with references followed, alternatives chosen (the first that is not null) and allOf merged."""
    for _ in range(16):
        reference = schema.get("$ref")
        parts = schema.get("anyOf") or schema.get("oneOf")
        every = schema.get("allOf")
        rest = {k: v for k, v in schema.items() if k not in {"$ref", "anyOf", "oneOf", "allOf"}}
        if isinstance(reference, str):
            schema = {**_pointed(reference, root), **rest}
        elif isinstance(parts, list) and parts:
            schemas = [part for part in parts if isinstance(part, dict)] or [{}]
            schema = {**next((s for s in schemas if s.get("type") != "null"), schemas[0]), **rest}
        elif isinstance(every, list):
            schema = _merged([*(part for part in every if isinstance(part, dict)), rest])
        else:
            return schema
    return {}


def _merged(schemas: list[dict[str, Json]]) -> Schema:
    merged: dict[str, Json] = {}
    for schema in schemas:
        ours, theirs = merged.get("properties"), schema.get("properties")
        merged.update(schema)
        if isinstance(ours, dict) and isinstance(theirs, dict):
            merged["properties"] = {**ours, **theirs}
    return merged


def _pointed(reference: str, root: Schema) -> Schema:
    here: object = root
    for name in reference.removeprefix("#").strip("/").split("/") if reference != "#" else []:
        here = here.get(name.replace("~1", "/").replace("~0", "~")) if isinstance(here, dict) else None
    return here if isinstance(here, dict) else {}


def _constant(value: Json) -> Maker:
    return lambda _: value


def _object(schema: Schema, place: _Place) -> Maker:
    properties = schema.get("properties")
    makers = []
    for name, part in properties.items() if isinstance(properties, dict) else ():
        inner = place.into(name)
        resolved = _resolved(part, place.root) if isinstance(part, dict) else {}
        limit = _whole(resolved.get("maxLength"))
        sized = _size(resolved, inner) if _is_free(resolved) else None
        makers.append((name, _compile(part if isinstance(part, dict) else {}, inner), sized, limit))

    def make(asking: Asking) -> Json:
        value: dict[str, Json] = {}
        for name, maker, sized, limit in makers:
            value[name] = maker(asking)
            if sized is not None:
                asking.free.append(FreeText(value, name, sized, limit))
        return value

    return make


def _is_free(schema: Schema) -> bool:
    return _kind(schema) == "string" and not {"enum", "const", "format"} & schema.keys()


def _size(schema: Schema, place: _Place) -> Size:
    return hints.size(_description(schema) or place.description, place.name)


def _description(schema: Schema) -> str:
    said = schema.get("description")
    return said if isinstance(said, str) else ""


def _array(schema: Schema, place: _Place) -> Maker:
    description = _description(schema) or place.description
    first = schema.get("prefixItems")
    if isinstance(first, list):
        makers = [_compile(part if isinstance(part, dict) else {}, place.item("")) for part in first]
        return lambda asking: [maker(asking) for maker in makers]
    said = schema.get("items")
    items = _resolved(said, place.root) if isinstance(said, dict) else {}
    inner = place.item(hints.without_count(description))
    number = hints.count(description, place.name, _whole(schema.get("minItems")), _whole(schema.get("maxItems")))
    options = items.get("enum")
    if isinstance(options, list) and options:
        return lambda asking: _some(options, number, asking.draw)
    return _items(
        _compile(items, inner), number, _size(items, inner) if _is_free(items) else None, _whole(items.get("maxLength"))
    )


def _items(maker: Maker, number: int, sized: Size | None, limit: int | None) -> Maker:
    def make(asking: Asking) -> Json:
        values: list[Json] = []
        for at in range(number):
            asking.new_idea()
            values.append(maker(asking))
            if sized is not None:
                asking.free.append(FreeText(values, at, sized, limit))
        return values

    return make


def _some(options: list[Json], number: int, draw: Draw) -> list[Json]:
    """So many of the options, each at most once."""
    left = list(options)
    return [left.pop(draw.below(len(left))) for _ in range(min(number, len(left)))]


def _text(schema: Schema, place: _Place) -> Maker:
    form, limit = schema.get("format"), _whole(schema.get("maxLength"))
    if isinstance(form, str) and form in _FORMATS:
        return lambda asking: _FORMATS[form](asking.draw)
    sized, path = _size(schema, place), "/".join(place.path)

    def make(asking: Asking) -> Json:
        text = sized.write(asking.draw) if not asking.ideas else _repeated(sized, path, asking)
        return text if limit is None or len(text) <= limit else _cut(text, limit)

    return make


def _repeated(sized: Size, path: str, asking: Asking) -> str:
    """The text of an idea: the same each time, or the same but for a word."""
    text = sized.write(Draw(asking.stock, path, asking.idea))
    if sized.one_word or asking.draw.chance(0.5):
        return text
    parts = text.split(" ")
    parts[asking.draw.below(len(parts))] = words.word(asking.draw)
    return " ".join(parts)


def _cut(text: str, limit: int) -> str:
    head = text[:limit]
    return head if " " not in head else head.rsplit(" ", 1)[0].rstrip(",;")


def _integer(schema: Schema, _place: _Place) -> Maker:
    low, high = _bounds(schema)
    return lambda asking: asking.draw.between(int(low), int(high))


def _number(schema: Schema, _place: _Place) -> Maker:
    low, high = _bounds(schema)
    return lambda asking: round(low + asking.draw.unit() * (high - low), 3)


def _bounds(schema: Schema) -> tuple[float, float]:
    low, high = (
        schema.get("minimum", schema.get("exclusiveMinimum")),
        schema.get("maximum", schema.get("exclusiveMaximum")),
    )
    low = float(low) + ("exclusiveMinimum" in schema) if isinstance(low, int | float) else None
    high = float(high) - ("exclusiveMaximum" in schema) if isinstance(high, int | float) else None
    if low is None:
        return (0.0, 10.0) if high is None else (min(0.0, high), high)
    return low, low + 10 if high is None else high


def _whole(value: Json | None) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


_KINDS: dict[str, Callable[[Schema, _Place], Maker]] = {
    "object": _object,
    "array": _array,
    "integer": _integer,
    "number": _number,
    "boolean": lambda _schema, _place: lambda asking: asking.draw.chance(0.5),
    "null": lambda _schema, _place: _constant(None),
    "string": _text,
}
_FORMATS: dict[str, Callable[[Draw], Json]] = {
    "date": lambda draw: f"{draw.between(1950, 2030)}-{draw.between(1, 12):02d}-{draw.between(1, 28):02d}",
    "date-time": lambda draw: (
        f"{draw.between(1950, 2030)}-{draw.between(1, 12):02d}-{draw.between(1, 28):02d}T12:00:00Z"
    ),
    "email": lambda draw: f"{draw.pick(words.NAMES).lower()}@{words.word(draw)}.example",
    "uri": lambda draw: f"https://{words.word(draw)}.example/{words.word(draw)}",
    "uuid": lambda draw: "-".join("".join(draw.pick("0123456789abcdef") for _ in range(n)) for n in (8, 4, 4, 4, 12)),
}

_compiled: dict[bytes, Maker] = {}
_MOST_COMPILED = 4096


def maker_of(schema: Schema) -> Maker:
    """As `compile_schema`, remembering the last few thousand."""
    name = orjson.dumps(schema)
    maker = _compiled.get(name)
    if maker is None:
        if len(_compiled) >= _MOST_COMPILED:
            _compiled.clear()
        maker = _compiled[name] = compile_schema(schema)
    return maker
