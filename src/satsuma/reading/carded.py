"""Rows of a dataset that a task card describes, such as the original data of a task; the text is what students see.

A row needs the card's inputs as columns, and the output under the card's name for it or as `label`. The text is the
card's verbalization of the fields, so original and generated instances are compared in the same form. The label is
that of the card: a name, its position (as SuperGLUE has `label: 0`), or true and false for a card whose labels are so
called; for a choice it is the position of the right option. Not covered: verbalizing outputs of several labels or of
spans, whose text is the fields line by line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from satsuma.errors import DataError
from satsuma.reading.columns import lineage_of
from satsuma.reading.example import Example
from satsuma.reading.values import as_label, as_text
from satsuma.task.card import Card
from satsuma.task.outputs import output_of
from satsuma.task.verbalize import Verbalizer

if TYPE_CHECKING:
    from satsuma.llm.request import Json
    from satsuma.sources.rows import Row
    from satsuma.task.instance import Value

_VERBALIZED = ("labels", "choice", "text")
_BOOLEANS = {True: ("true", "yes"), False: ("false", "no")}


def reader_of(card: Card, rows: Sequence[Row]) -> tuple[Callable[[Row, int], Example | None], str]:
    """What makes an instance of a row and its number, and the column of the label. rows: the first ones.

    Raises:
        DataError: the rows lack an input of the card.
    """
    there = list(dict.fromkeys(name for row in rows for name in row))
    missing = [name for name in card.shown_inputs if name not in there]
    if missing:
        raise DataError(
            f"there is no column {missing[0]}, which the card {card.name} has as an input",
            f"The columns are: {', '.join(there)}. Name columns instead: --text COLUMN --label COLUMN.",
        )
    label = card.output.name if card.output.name in there else "label" if "label" in there else ""
    written = "text" in there and "provenance" in there
    verbalized = Verbalizer(card, output_of(card))

    def example(row: Row, number: int) -> Example | None:
        fields = {name: _field(row.get(name)) for name in card.shown_inputs}
        value = row.get(label)
        text = as_text(row.get("text")) if written else _text(card, verbalized, fields)
        if text is None or not any(fields.values()):
            return None
        shown = {name: as_text(row.get(name)) or "" for name in card.shown_inputs}
        identifier = as_text(row.get("id")) or as_text(row.get("idx")) or str(number)
        return Example(identifier, text, label_of(card, value), shown, lineage_of(row.get("provenance")))

    return example, label


def label_of(card: Card, value: Json) -> str | None:
    """The label that a value of the output column is under the card; None if there is none."""
    names = tuple(card.output.labels or ())
    if isinstance(value, bool):
        for name in _BOOLEANS[value]:
            if name in names:
                return name
    if card.output.kind == "choice" and isinstance(value, int) and len(card.option_fields) > 1:
        names = card.option_fields
    text = as_label(value, names)
    folded = {name.casefold(): name for name in names}
    return folded.get(text.casefold(), text) if text is not None else None


def _field(value: Json) -> Value:
    if isinstance(value, list):
        return tuple(as_text(one) or "" for one in value)
    return as_text(value) or ""


def _text(card: Card, verbalized: Verbalizer, fields: dict[str, Value]) -> str:
    """The text that students see. It does not depend on the output, which only the target needs."""
    if card.output.kind in _VERBALIZED:
        any_output = 0 if card.output.kind == "choice" else next(iter(card.output.labels or ()), "")
        return verbalized(fields, any_output)[0]
    return "\n".join("\n".join(value) if isinstance(value, tuple) else str(value) for value in fields.values())
