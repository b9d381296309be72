"""What a column of rows is, from its values alone: text, numbers, truth values, lists of texts, or something else.

Two forms in which datasets keep what a card keeps otherwise are opened: `{"text": […], "label": […]}` (the options of
a choice, with their letters) and `{"text": […], "answer_start": […]}` (an answer and its place). A value that is
missing, blank or not a number is empty. Not covered: dates, images and audio, which are `other`.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from satsuma.drafting.rows import Rows

Sort = Literal["text", "number", "truth", "texts", "other", "empty"]
LONGEST_LABEL = 60
"""Characters of a value that can be one of a closed set."""
MOST_LABELS, MOST_NUMBERS = 400, 20
"""Values of a closed set at most, and numbers."""
_NUMBER = re.compile(r"[-+]?(0|[1-9]\d{0,17})(\.\d+)?")
_OPTIONS, _ANSWERS = {"text", "label"}, {"text", "answer_start"}


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    values: per row, as text; a tuple of texts for `texts`; None where empty. keys: per row, the names under which the
    row itself has its options; empty where it has none. counts: value → rows that have it (of `texts`: of the items).
    """

    name: str
    sort: Sort
    values: tuple[str | tuple[str, ...] | None, ...]
    counts: Mapping[str, int]
    keys: tuple[tuple[str, ...], ...] = ()

    @property
    def filled(self) -> int:
        """Rows that have a value."""
        return sum(value is not None for value in self.values)

    @property
    def short(self) -> bool:
        """Whether every value could be a label: one line, not long, not too many of them."""
        fits = all(len(v) <= LONGEST_LABEL and v.isprintable() for v in self.counts)
        most = MOST_NUMBERS if self.sort == "number" else MOST_LABELS
        return fits and 0 < len(self.counts) <= most

    @property
    def closed(self) -> bool:
        """Whether the values are a closed set as far as the rows show: few, short, and seen again."""
        return self.short and len(self.counts) >= 2 and 2 * len(self.counts) <= sum(self.counts.values())

    @property
    def whole(self) -> tuple[int, ...] | None:
        """The values as whole numbers in their order; None if they are something else."""
        if self.sort != "number" or not all(re.fullmatch(r"-?\d+", value) for value in self.counts):
            return None
        return tuple(sorted(map(int, self.counts)))


def columns_of(rows: Rows) -> tuple[Column, ...]:
    """Every column of the rows, in order."""
    return tuple(_column(name, [row.get(name) for row in rows.rows], rows.classes.get(name)) for name in rows.columns)


def _column(name: str, values: Sequence[object], classes: Sequence[str] | None) -> Column:
    given = [value for value in values if not _is_empty(value)]
    if not given:
        return Column(name, "empty", (None,) * len(values), {})
    if all(_is_struct(value, _OPTIONS) for value in given):
        texts = tuple(_items(value, "text") for value in values)
        return Column(name, "texts", texts, _item_counts(texts), tuple(_items(v, "label") or () for v in values))
    if all(_is_struct(value, _ANSWERS) for value in given):
        firsts = [next(iter(_items(value, "text") or ()), None) for value in values]
        return Column(name, "text", tuple(firsts), Counter(v for v in firsts if v is not None))
    if all(isinstance(value, list | tuple) and _is_flat(value) for value in given):
        texts = tuple(None if _is_empty(v) else _texts(v) for v in values)
        return Column(name, "texts", texts, _item_counts(texts))
    if not all(isinstance(value, str | int | float) for value in given):
        return Column(name, "other", (None,) * len(values), {})
    named = [_named(value, classes) for value in values]
    return Column(name, _sort(given, classes), tuple(named), Counter(v for v in named if v is not None))


def _sort(given: Sequence[object], classes: Sequence[str] | None) -> Sort:
    if classes:
        return "text"
    if all(isinstance(value, bool) for value in given):
        return "truth"
    return "number" if all(_is_number(value) for value in given) else "text"


def _is_number(value: object) -> bool:
    if isinstance(value, str):
        return _NUMBER.fullmatch(value.strip()) is not None
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_empty(value: object) -> bool:
    if isinstance(value, float):
        return math.isnan(value)
    return value is None or (isinstance(value, str) and not value.strip())


def _named(value: object, classes: Sequence[str] | None) -> str | None:
    """A scalar as text; a number of a class as the name of the class."""
    if _is_empty(value):
        return None
    if classes and isinstance(value, int) and 0 <= value < len(classes):
        return classes[value]
    return _text(value)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _is_flat(value: Sequence[object]) -> bool:
    return all(isinstance(item, str | int | float) for item in value)


def _texts(value: object) -> tuple[str, ...]:
    return tuple(_text(item) for item in value) if isinstance(value, list | tuple) else ()


def _is_struct(value: object, names: set[str]) -> bool:
    return (
        isinstance(value, Mapping)
        and set(value) == names
        and all(isinstance(part, list | tuple) and _is_flat(part) for part in value.values())
    )


def _items(value: object, name: str) -> tuple[str, ...] | None:
    return _texts(value[name]) if isinstance(value, Mapping) else None


def _item_counts(values: Sequence[tuple[str, ...] | None]) -> Counter[str]:
    return Counter(item for items in values for item in items or ())
