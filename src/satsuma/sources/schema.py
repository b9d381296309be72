"""The columns of a dataset, from its rows: names in the order of their appearance, types, and a few values.

Types are those of JSON, as they occur in the first `SEEN` rows (a column that appears later has none yet). A column of
texts that are nothing but base64 or `data:` addresses is an image or another file written as text, and is dropped as
binary columns are.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from satsuma.llm.request import Json
from satsuma.sources.rows import Report

SEEN = 1000
"""Rows from which types and values are taken."""
COLUMNS = 10_000
"""Columns of a dataset at most; what appears beyond is dropped."""
SAMPLES = 3
"""Values of a column that are kept, all different."""
_ENCODED = 1000
"""Characters from which a text can count as base64."""
_BASE64 = re.compile(r"[A-Za-z0-9+/=\s_-]+")
_TYPES = {bool: "boolean", int: "integer", float: "number", str: "text", list: "list", dict: "object"}


@dataclass(frozen=True, slots=True)
class Column:
    """A column. type: `text`, `integer or null`, `unknown`. samples: some values. labels: names of its numbers."""

    name: str
    type: str
    samples: tuple[Json, ...] = ()
    labels: tuple[str, ...] = ()


@dataclass(slots=True)
class _Seen:
    types: Counter[str] = field(default_factory=Counter)
    samples: list[Json] = field(default_factory=list)
    encoded: int = 0
    texts: int = 0


class Schema:
    """Looks at rows as they are read."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._columns: dict[str, _Seen] = {}
        self._rows = 0
        self._beyond = 0

    def look(self, row: dict[str, Json]) -> None:
        """Take note of a row."""
        self._rows += 1
        if self._rows > SEEN and row.keys() <= self._columns.keys():
            return
        for name, value in row.items():
            seen = self._columns.get(name)
            if seen is None:
                if len(self._columns) >= COLUMNS:
                    self._beyond += 1
                    continue
                seen = self._columns[name] = _Seen()
            if self._rows <= SEEN:
                _note(seen, value)

    def columns(self) -> tuple[Column, ...]:
        """The columns that are of use; the report gets the others."""
        if self._beyond:
            self._report.notes.append(f"it has more than {COLUMNS:,} columns; those that appear later are not read")
        for name, seen in self._columns.items():
            if seen.texts and seen.encoded == seen.texts:
                self._report.dropped[name] = "binary, written as text"
        labels = self._report.labels
        return tuple(
            Column(name, _type(seen, min(self._rows, SEEN)), tuple(seen.samples), labels.get(name, ()))
            for name, seen in self._columns.items()
            if name not in self._report.dropped
        )


def _note(seen: _Seen, value: Json) -> None:
    if value is None:
        seen.types["null"] += 1
        return
    seen.types[_TYPES[type(value)]] += 1
    if isinstance(value, str):
        seen.texts += 1
        seen.encoded += _is_encoded(value)
    if len(seen.samples) < SAMPLES and value not in seen.samples and value != "":
        seen.samples.append(value)


def _is_encoded(text: str) -> bool:
    if text.startswith("data:") and ";base64," in text[:200]:
        return True
    return len(text) >= _ENCODED and " " not in text[:_ENCODED] and _BASE64.fullmatch(text) is not None


def _type(seen: _Seen, rows: int) -> str:
    kinds = [name for name, _ in sorted(seen.types.items(), key=lambda item: (-item[1], item[0])) if name != "null"]
    if not kinds:
        return "null" if seen.types else "unknown"
    empty = seen.types["null"] or seen.types.total() < rows
    return " or ".join([*kinds, *(["null"] if empty else [])])
