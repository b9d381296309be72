"""Rows of a labelled file as rows of a card's dataset; a row that cannot be one is told, and is no error.

The file has the card's inputs as columns, and the output under its name or as `label`: a label by name or by its
position, a choice as the position of the right option, several of these as a list. SuperGLUE's own files, whose lines
are nested, are read too (`satsuma.students.originals`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from satsuma.errors import DataError
from satsuma.reading.carded import label_of
from satsuma.reading.values import as_text
from satsuma.run.columns import PROVENANCE, Row
from satsuma.sources.places import Part as Files
from satsuma.sources.rows import BadRow, Report
from satsuma.sources.source import READERS
from satsuma.students.originals import in_card_form
from satsuma.task.card import Card
from satsuma.task.card_output import OptionList
from satsuma.task.instance import Value
from satsuma.task.outputs import output_of
from satsuma.task.verbalize import Verbalizer

if TYPE_CHECKING:
    from satsuma.llm.request import Json


@dataclass(frozen=True, slots=True)
class Unusable:
    """A row of a file that is no instance of the card. id: as it would be. reason: its class before the colon."""

    id: str
    reason: str


class _No(Exception):
    """Why a row is no instance of the card."""


def fields_of(card: Card, row: Mapping[str, object]) -> dict[str, Value]:
    """The inputs of a dataset's row, as instances have them."""
    return {name: _value(row.get(name)) for name in card.columns}


def file_rows(files: Files, card: Card, name: str, *, own_ids: bool = False) -> Iterator[Row | Unusable]:
    """The rows of a file. name: what ids begin with. own_ids: take the rows' `id` or `idx` where they have one.

    Raises:
        DataError: the first row lacks an input or the output.
        SourceError: the file cannot be read.
    """
    report, reader, number = Report(), _Reader(card, name), 0
    for path in files.files:
        for record in READERS[files.format](path, report):
            if isinstance(record, BadRow):
                yield Unusable(f"{name} / row {number}", f"it cannot be read: {record.reason}")
                number += 1
                continue
            for one in in_card_form(record, card):
                identifier = (_own_id(one) if own_ids else "") or f"{name} / row {number}"
                if number == 0:
                    _check_columns(card, one, name)
                number += 1
                try:
                    yield reader.row(one, identifier)
                except _No as no:
                    yield Unusable(identifier, str(no))


def _own_id(record: Mapping[str, Json]) -> str:
    return as_text(record.get("id")) or as_text(record.get("idx")) or ""


def _check_columns(card: Card, record: Mapping[str, Json], name: str) -> None:
    missing = [one for one in card.shown_inputs if one not in record]
    if card.output.name not in record and "label" not in record:
        missing.append(card.output.name)
    if missing:
        raise DataError(
            f"{name} has no column {missing[0]}, which the card {card.name} has",
            f"Its columns are: {', '.join(record)}. `satsuma transform` makes instances of rows of another form.",
        )


class _Reader:
    """Rows of one file as rows of the card's dataset."""

    def __init__(self, card: Card, name: str) -> None:
        self._card = card
        self._name = name
        self._kind = output_of(card)
        self._verbalizer = Verbalizer(card, self._kind)
        self._list = card.output.choice if isinstance(card.output.choice, OptionList) else None

    def row(self, record: Mapping[str, Json], identifier: str) -> Row:
        """The row.

        Raises:
            _No: it is no instance of the card.
        """
        card = self._card
        inputs = {one: self._input(one, record.get(one)) for one in card.columns}
        fields = fields_of(card, inputs)
        given = record.get(card.output.name, record.get("label"))
        output = self._output(given, fields)
        text, target = self._verbalizer(fields, self._kind.read(fields, output))
        said = label_of(card, given) or ""
        known: Row = {field.name: None for field in PROVENANCE}
        known |= {"method": "file", "asked": said, "corrected": said, "attributes": [], "requests": []}
        made = {**inputs, card.output.name: output, "text": text, "target": target}
        return {**made, "id": identifier, "provenance": {**known, "run": self._name}}

    def _input(self, name: str, value: Json) -> object:
        one = self._card.inputs[name]
        if self._list is not None and name == self._list.field:
            return self._listed(value, self._list.count[1])
        if one.type == "integer":
            number = int(value) if isinstance(value, str) and value.strip().isdecimal() else value  # of CSV
            return number if isinstance(number, int) and not isinstance(number, bool) else None
        text = as_text(value)
        if not text and one.part == "input":
            raise _No(f"an input is empty: {name}")
        if text and one.values and text not in one.values:
            raise _No(f"an input has a value that the card does not have: {name} is {text}")
        return text

    def _listed(self, value: Json, most: int) -> list[str]:
        options = [as_text(one) or "" for one in value] if isinstance(value, list) else []
        if not 2 <= len(options) <= most or not all(options):
            raise _No(f"there are not as many options as the card has: {len(options)} of at most {most}")
        return options

    def _output(self, value: Json, fields: Mapping[str, Value]) -> object:
        """The output as the dataset has it."""
        kind, labels = self._card.output.kind, self._card.output.labels or {}
        if kind == "labels":
            return _among(label_of(self._card, value), labels)
        if kind == "choice":
            return self._position(value, fields)
        if kind in ("multiple", "choices", "spans"):
            if not isinstance(value, list):
                raise _No(f"the output is no list: {as_text(value) or 'empty'}")
            return [self._member(one, fields) for one in value]
        return self._words(as_text(value), fields)

    def _member(self, value: Json, fields: Mapping[str, Value]) -> object:
        if self._card.output.kind == "multiple":
            return _among(label_of(self._card, value), self._card.output.labels or {})
        return self._span(value, fields) if self._card.output.kind == "spans" else self._position(value, fields)

    def _words(self, text: str | None, fields: Mapping[str, Value]) -> str:
        span = self._card.output.span
        if span is not None and span.none and not text:
            return ""
        if not text:
            raise _No("the output is empty")
        if span is not None and text not in str(fields[span.field]):
            raise _No(f"the output does not stand in {span.field}: {text}")
        return text

    def _span(self, value: Json, fields: Mapping[str, Value]) -> Row:
        match value:
            case {"start": int(start), "end": int(end), "label": str(label), "text": str(words)}:
                if str(fields[self._card.output.spans or ""])[start:end] != words:
                    raise _No(f"a span is not at its place: {words}")
                name = _among(label, self._card.output.labels or {})
                return {"start": start, "end": end, "label": name, "text": words}
        raise _No("a span has no start, end, label and text")

    def _position(self, value: Json, fields: Mapping[str, Value]) -> int:
        options = list(self._kind.options(fields))
        at = options.index(value) if isinstance(value, str) and value in options else value
        if isinstance(at, str) and at.strip().isdecimal():
            at = int(at)
        if not isinstance(at, int) or isinstance(at, bool) or not 0 <= at < len(options):
            raise _No(f"the output is the position of no option: {as_text(value) or 'empty'}")
        return at


def _among(label: str | None, labels: Mapping[str, object] | Sequence[str]) -> str:
    if label is None:
        raise _No("the output is empty")
    if label not in labels:
        raise _No(f"the output is none of the card's labels: {label}")
    return label


def _value(value: object) -> Value:
    if isinstance(value, list | tuple):
        return tuple(str(one) for one in value)
    return value if isinstance(value, int | str) else ""
