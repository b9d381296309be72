"""A labelled dataset as a student sees it: typed fields, the output, the pair of texts, and what belongs together.

    for one in read_labelled("gold/val.jsonl", card).instances: one.fields, one.output, one.text, one.target

Any file, folder or run that `satsuma.sources` reads, in the card's own columns or in SuperGLUE's or BIG-bench's forms
(`satsuma.students.originals`). Text and target are made by the card's verbalization, so that original and generated
rows are in the same form; where rows lack the card's inputs but have `text` and `target`, these are taken. A row that
cannot be used is left out, counted and told.

What belongs together, and is never split between training and dev: rows of one context of a run, else of one seed or
source row, else rows with the same longest input.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from satsuma.errors import DataError, SourceError
from satsuma.reading.carded import label_of
from satsuma.reading.values import as_text
from satsuma.remote.staging import as_told
from satsuma.remote.urls import FETCHED_BY, NOT_FETCHED, refuse_url
from satsuma.sources.places import Part, choose, parts
from satsuma.sources.rows import BadRow, Report
from satsuma.sources.source import READERS
from satsuma.students.originals import in_card_form
from satsuma.task.card import Card
from satsuma.task.outputs import Mistake, OutputKind, output_of
from satsuma.task.verbalize import Verbalizer, displayed

if TYPE_CHECKING:
    from satsuma.llm.request import Json
    from satsuma.sources.rows import Row
    from satsuma.task.instance import OutputValue, Value

_MAKE = "Name a run directory, or a JSONL, JSON, CSV or Parquet file or a folder of them."


@dataclass(frozen=True, slots=True)
class Labelled:
    """An instance to learn from, or to be judged on.

    shown: the displayed fields, in order, without options. options: of a choice, all of them. output: None where the
    row has none. group: what it belongs to. also: further right answers in words. pair: the minimal pair that it is of.
    context: the setting that it grew from. varied: what was drawn for it, as pairs of a name and a value.
    """

    id: str
    fields: Mapping[str, Value]
    shown: tuple[str, ...]
    options: tuple[str, ...]
    output: OutputValue | None
    text: str
    target: str
    group: str
    also: tuple[str, ...] = ()
    pair: str = ""
    context: str = ""
    varied: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """The instances of a dataset, in order, and what a reader has to know."""

    name: str
    instances: tuple[Labelled, ...]
    notes: tuple[str, ...] = ()


class Reader:
    """Makes instances of rows, by a card."""

    def __init__(self, card: Card) -> None:
        self.card = card
        self.output: OutputKind = output_of(card)
        self._verbalize = Verbalizer(card, self.output)

    def instance(self, row: Row, number: int) -> Labelled:
        """The instance of a row. number: its place, which is its id where it has none.

        Raises:
            DataError: it lacks an input, or its output is none of the card's.
        """
        missing = [name for name in self.card.shown_inputs if row.get(name) is None]
        if missing:
            return self._from_pair(row, number, missing[0])
        fields = {name: _value(row[name]) for name in self.card.shown_inputs}
        output = self._output(row, fields)
        text, target = self._pair(fields, output)
        return Labelled(
            _identifier(row, number), fields, tuple(displayed(self.card, fields, self.output).values()),
            self._options(fields), output, text, target, _group(row, fields), _also(row, fields),
            as_text(row.get("pair_id")) or "", *_drawn(row, self.card),
        )  # fmt: skip

    def _from_pair(self, row: Row, number: int, missing: str) -> Labelled:
        text = as_text(row.get("text"))
        if text is None or self.card.output.kind not in ("labels", "text"):
            raise DataError(f"it has no {missing}, which the card {self.card.name} has as an input")
        output = self._output(row, {})
        target = as_text(row.get("target")) or (str(output) if output is not None else "")
        if output is None and target:
            output = self._said(target)
        return Labelled(_identifier(row, number), {}, (text,), (), output, text, target, _group(row, {"text": text}))

    def _said(self, target: str) -> str | None:
        if self.card.output.kind == "text":
            return target
        words = {self.card.verbalize.labels.get(name, name): name for name in self.card.output.labels or {}}
        return words.get(target)

    def _output(self, row: Row, fields: Mapping[str, Value]) -> OutputValue | None:
        name = self.card.output.name
        value = row.get(name, row.get("label"))
        if value is None:
            return None
        try:
            return self._read(value, fields)
        except (Mistake, ValueError, IndexError, TypeError):
            raise DataError(f"its {name} {as_text(value)!r} is none of the card {self.card.name}") from None

    def _read(self, value: Json, fields: Mapping[str, Value]) -> OutputValue:
        kind = self.card.output.kind
        if kind == "labels":
            return label_of(self.card, value) or ""
        if kind == "choice":
            position = self._position(value, fields)
            if not 0 <= position < len(self._options(fields)):
                raise IndexError(position)
            return position
        if kind == "multiple" and isinstance(value, list):
            return tuple(label_of(self.card, one) or "" for one in value)
        return self.output.read(fields, value)

    def _position(self, value: Json, fields: Mapping[str, Value]) -> int:
        """A position, or the name or the words of an option."""
        text = as_text(value) or ""
        if text in self.card.option_fields:
            return self.card.option_fields.index(text)
        options = self._options(fields)
        return options.index(text) if text in options else int(text)

    def _options(self, fields: Mapping[str, Value]) -> tuple[str, ...]:
        names = self.card.option_fields
        values = [fields[name] for name in names if name in fields]
        if len(values) == 1 and isinstance(values[0], tuple):
            return values[0]
        return tuple(map(str, values))

    def _pair(self, fields: Mapping[str, Value], output: OutputValue | None) -> tuple[str, str]:
        if output is not None and output != "":
            try:
                return self._verbalize(fields, output)
            except IndexError:  # more options than the card has letters for
                return self._verbalize(fields, 0)[0], str(output)
        any_output: OutputValue = next(iter(self.card.output.labels or {}), "")
        if self.card.output.kind in ("choices", "multiple", "spans"):
            any_output = ()
        elif self.card.output.kind == "choice":
            any_output = 0
        text, target = self._verbalize(fields, any_output)
        return text, target if output == "" else ""

    def target_of(self, instance: Labelled, output: OutputValue) -> str:
        """What a student would have to write for an output."""
        if not instance.fields:
            return self.card.verbalize.labels.get(str(output), str(output))
        return self._verbalize(instance.fields, output)[1]


def read_labelled(where: str | Path, card: Card, split: str | None = None) -> LabelledSet:
    """All instances at a path that can be used, whether they have an output or not.

    Raises:
        DataError: there is nothing there, or not one row can be used.
    """
    reader, found, bad = Reader(card), [], []
    number = 0
    for row in _rows(where, card, split):
        if isinstance(row, BadRow):
            bad.append(f"{row.where}: {row.reason}")
            continue
        for one in in_card_form(row, card):
            try:
                found.append(reader.instance(one, number))
            except DataError as error:
                bad.append(f"row {number}: {error.message}")
            number += 1
    if not found:
        raise DataError(f"{where} has no instance of the card {card.name}; {bad[0] if bad else 'it is empty'}", _MAKE)
    notes = (
        (f"{as_told(where)}: {len(bad):,} rows cannot be used and are left out, the first: {bad[0]}",) if bad else ()
    )
    return LabelledSet(as_told(where), tuple(found), notes)


def read_training(where: str | Path, card: Card, split: str | None = None) -> LabelledSet:
    """All instances at a path that are there to train on: of a run that is divided into splits, the train rows alone.

    Raises:
        DataError: there is nothing there, or not one row can be used.
    """
    path = Path(where).expanduser()
    aside = _set_aside(path) if split is None and (path / "run.json").is_file() else ()
    found = read_labelled(where, card, "train" if aside else split)
    if not aside:
        return found
    note = f"{as_told(where)}: its {' and '.join(aside)} rows are set aside to measure with"
    return replace(found, notes=(*found.notes, note))


def _set_aside(run: Path) -> tuple[str, ...]:
    from satsuma.run.directory import RunDirectory

    directory = RunDirectory(run)
    there = [name for name in ("train", "validation", "test") if directory.data_path(name).is_file()]
    return tuple(name for name in there if name != "train") if "train" in there else ()


def raw_rows(where: str | Path, split: str | None = None) -> Iterator[Row | BadRow]:
    """The rows of a run, a file or a folder, as they are.

    Raises:
        DataError: there is nothing there that can be read.
    """
    path = Path(where).expanduser()
    if not path.exists():
        refuse_url(where, NOT_FETCHED, FETCHED_BY)
        raise DataError(f"{where}: there is no such file or directory", _MAKE)
    try:
        part = _of_run(path, split) if (path / "run.json").is_file() else choose(parts(path), None, split)
        for file in part.files:
            yield from READERS[part.format](file, Report())
    except SourceError as error:
        raise DataError(f"{where} is no dataset: {error.message}", error.hint or _MAKE) from error


def _rows(where: str | Path, card: Card, split: str | None) -> Iterator[Row | BadRow]:
    from satsuma.reading.bigbench import read_task

    task = read_task(Path(where).expanduser()) if str(where).endswith(".json") else None
    if task is not None and not set(card.shown_inputs) <= set(task.rows[0]):
        yield from task.rows
    else:
        yield from raw_rows(where, split)


def _of_run(path: Path, split: str | None) -> Part:
    from satsuma.run.directory import RunDirectory

    directory = RunDirectory.open(path)
    wanted = (split,) if split else ("train", "validation", "test")
    files = tuple(f for name in wanted if (f := directory.data_path(name)).is_file())
    if not files:
        raise DataError(f"{path} has no dataset yet", "Run the same `satsuma generate` command again to go on.")
    return Part("default", "train", "parquet", files)


def _also(row: Row, fields: Mapping[str, Value]) -> tuple[str, ...]:
    """Right answers besides the output, in words, as ReCoRD has them."""
    answers = row.get("answers")
    return tuple(map(str, answers)) if isinstance(answers, list) and "answers" not in fields else ()


def _value(value: Json) -> Value:
    if isinstance(value, list):
        return tuple(as_text(one) or "" for one in value)
    return as_text(value) or ""


def _identifier(row: Row, number: int) -> str:
    for name in ("id", "idx"):
        value = row.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
            return str(value)
    return str(number)


def _drawn(row: Row, card: Card) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The row's context, and the values of what the card varies."""
    provenance = row.get("provenance")
    told = provenance if isinstance(provenance, Mapping) else {}
    attributes = told.get("attributes")
    if isinstance(attributes, list):
        attributes = {str(one["name"]): one["value"] for one in attributes if isinstance(one, Mapping)}
    known = {**row, **(attributes if isinstance(attributes, Mapping) else {})}
    drawn = tuple((name, value) for name in card.varied if (value := as_text(known.get(name))) is not None)
    return as_text(told.get("context")) or "", drawn


def _group(row: Row, fields: Mapping[str, Value]) -> str:
    provenance = row.get("provenance")
    if isinstance(provenance, Mapping):
        for name in ("context", "seed"):
            if provenance.get(name):
                return f"{name} {provenance[name]}"
    texts: Sequence[str] = [value for value in fields.values() if isinstance(value, str)]
    return "text " + max(texts, key=len, default=str(sorted(map(str, fields.values()))))
