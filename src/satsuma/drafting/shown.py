"""The labelled rows that the model is shown: a few, in which every label comes up as often as it can."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_uppercase

import orjson

from satsuma.drafting.fields import Fields

MOST_SHOWN = 20
LONGEST, SHORTEST = 600, 60
"""Characters of a value that are shown, where there is room for them and where there is little."""
ROOM = 24_000
"""Characters of all rows together, about."""


def shown_rows(fields: Fields) -> list[str]:
    """The rows, each as one line of JSON with the names of the card's fields."""
    places = chosen(fields)
    room = ROOM // (len(places) * (len(fields.inputs) + 1))
    longest = max(SHORTEST, min(LONGEST, room))
    return [_row(fields, at, longest) for at in places]


def chosen(fields: Fields) -> list[int]:
    """Which rows: in turns one of each output, in the order of the rows; all of them if they are few."""
    total = len(fields.column.values)
    if total <= MOST_SHOWN:
        return list(range(total))
    if fields.kind not in ("labels", "scale"):
        return sorted({at * total // MOST_SHOWN for at in range(MOST_SHOWN)})
    by_label: dict[object, list[int]] = {label: [] for label in fields.labels}
    for at, value in enumerate(fields.column.values):
        by_label.setdefault(value, []).append(at)
    queues = [places for places in by_label.values() if places]
    rounds = max(1, MOST_SHOWN // len(queues))
    return sorted([at for places in queues for at in _some(places, rounds)][:MOST_SHOWN])


def _some(places: Sequence[int], count: int) -> list[int]:
    """So many of them, from all over."""
    return [places[i * len(places) // count] for i in range(min(count, len(places)))]


def _row(fields: Fields, at: int, longest: int) -> str:
    shown: dict[str, object] = {one.name: _cut(one.column.values[at], longest) for one in fields.inputs}
    return orjson.dumps(shown | {fields.name: _output(fields, at, longest)}).decode()


def _output(fields: Fields, at: int, longest: int) -> object:
    if fields.kind != "choice":
        return _cut(fields.column.values[at], longest)
    position = fields.positions[at]
    if position is None:
        return None
    return fields.options[position] if len(fields.options) > 1 else ascii_uppercase[position]


def _cut(value: str | tuple[str, ...] | None, longest: int) -> object:
    if isinstance(value, tuple):
        return [_cut(item, longest) for item in value]
    return value if value is None or len(value) <= longest else f"{value[:longest]}…"
