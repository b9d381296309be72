"""What is read from a dataset: rows, rows that cannot be used, and what a reader has to say besides.

A value is JSON: text, number, boolean, null, list or object. NaN and infinities are null, dates are text as ISO 8601
writes them, decimal numbers are text.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from satsuma.llm.request import Json

ROW_BYTES = 8 << 20
"""Bytes of a row at most: a larger one cannot be used. No reader holds more than a few of them at a time."""
SHOWN = 80
"""Characters of a dataset's text that a reason quotes."""

Row: TypeAlias = Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be used. where: its file and line, row or row group. reason: for people."""

    where: str
    reason: str


Record: TypeAlias = "dict[str, Json] | BadRow"


@dataclass(slots=True)
class Report:
    """What a reader says besides its rows.

    dropped: columns that are not read → why. notes: for people. labels: columns of numbers that stand for names → the
    names, in order.
    """

    dropped: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    labels: dict[str, tuple[str, ...]] = field(default_factory=dict)


def as_json(value: object) -> Json:
    """A Python value as JSON."""
    match value:
        case None | bool() | str() | int():
            return value
        case float():
            return value if math.isfinite(value) else None
        case datetime.date() | datetime.time():
            return value.isoformat()
        case Mapping():
            return {str(name): as_json(inner) for name, inner in value.items()}
        case list() | tuple():
            return [as_json(inner) for inner in value]
    return str(value)


def quoted(text: str) -> str:
    """A dataset's text as a reason shows it: in quotes, printable, short."""
    return repr(text if len(text) <= SHOWN else text[:SHOWN] + "…")


def unique(names: list[str]) -> list[str]:
    """Names of columns, each once: an empty one gets its number, a second `a` becomes `a_2`."""
    found: list[str] = []
    taken = set(names)
    seen: set[str] = set()
    for number, given in enumerate(names, 1):
        name = given or f"column_{number}"
        while name in seen or (name != given and name in taken):
            name = f"{name}_{number}"
        seen.add(name)
        found.append(name)
    return found
