"""Which columns of labelled rows are a card's inputs and which is its output: from the rows alone, the same each time.

The output is, in this order: the column that the user names; the one that says which of the row's own options is right;
one that is called what outputs are called (`label`, `intent`, …, `answer`, …) and has such values; the only column
with a closed set of values. Where none of these is there, the user is asked. Every other column that holds something
is an input, but for what numbers the rows and what no card can hold. Not covered: what the columns mean.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from satsuma.drafting.choices import Options, options_of
from satsuma.drafting.columns import Column, columns_of
from satsuma.drafting.names import all_legal, legal
from satsuma.drafting.rows import Rows
from satsuma.errors import DataError
from satsuma.task.flaw import meant

OutputKind = Literal["labels", "scale", "multiple", "choice", "span", "spans", "text"]
LABELS = (
    "label", "labels", "goldlabel", "class", "category", "intent", "sentiment", "emotion", "emotions", "topic",
    "topics", "verdict", "stance", "finaldecision", "decision", "tags", "rating", "stars", "score", "grade", "severity",
)  # fmt: skip
ANSWERS = (
    "answerkey", "answer", "answers", "correct", "target", "targets", "output", "summary", "response", "completion",
    "translation", "highlights",
)  # fmt: skip
_SCALES = frozenset({"rating", "stars", "score", "grade", "severity", "level", "difficulty"})
_IDENTIFIERS = re.compile(r"(?i)(?:.*[^a-z]|)(?:id|idx|uid|uuid|guid|index)|.*[a-z]I[dD]")
_PLACES = re.compile(r"(?i).*_(?:start|end|offset|index|position)s?")
_MOST_DRAWN, _SEEN_DRAWN = 6, 5
_FEW = 10
_LONGER = 3
_DIFFERENT = 0.9


@dataclass(frozen=True, slots=True)
class Given:
    """An input. name: in the card. values: what it is drawn from, in order; empty where it is written."""

    name: str
    column: Column
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of a card, as rows show them.

    name, column: the output's, in the card and in the rows. labels: of a closed set, in order. together: how many of
    them an instance has, or how many options. options: the inputs that are the options, or the one that lists them.
    within: the input that a span is a part of. none: whether a span can be missing. left_out: column → why.
    """

    inputs: tuple[Given, ...]
    name: str
    column: Column
    kind: OutputKind
    labels: tuple[str, ...] = ()
    together: tuple[int, int] = (1, 1)
    options: tuple[str, ...] = ()
    positions: tuple[int | None, ...] = ()
    within: str = ""
    none: bool = False
    left_out: Mapping[str, str] = field(default_factory=dict)


def fields_of(rows: Rows, label: str = "") -> Fields:
    """The fields that the rows show. label: the column of the output; empty to find it.

    Raises:
        DataError: there is no such column, it is nothing that can be an output, or which is the output is unclear.
    """
    columns = columns_of(rows)
    known = {column.name: column for column in columns}
    if label and label not in known:
        raise DataError(f"{rows.name} has no column {label!r}{meant(label, known)}", "Name one with --label.")
    options = options_of(columns, label, _is_output_name)
    output = options.right if options else known[label] if label else _output(rows.name, columns)
    left_out = dict(_left_out(columns, output, options))
    inputs = [c for c in columns if c is not output and c.name not in left_out]
    if not inputs:
        raise DataError(f"{rows.name} has no column besides {output.name!r} that could be an input", _listed(columns))
    name = legal(output.name, prefix="output")
    names = all_legal([c.name for c in inputs], {name})
    given = tuple(Given(names[c.name], c, _drawn(c, options)) for c in inputs)
    if options:
        held = tuple(names[c.name] for c in options.columns)
        return Fields(
            given, name, output, "choice", together=options.count, options=held, positions=options.positions,
            left_out=left_out,
        )  # fmt: skip
    return _typed(rows.name, Fields(given, name, output, "text", left_out=left_out), named=bool(label))


def _typed(source: str, fields: Fields, *, named: bool) -> Fields:
    """The fields with the kind of the output, and what belongs to it."""
    column = fields.column
    if column.sort in ("other", "empty"):
        what = "is empty" if column.sort == "empty" else "holds objects or lists, which no output can be"
        raise DataError(f"{source}: {column.name!r} {what}", "Name another column with --label.")
    if column.sort == "texts":
        return _several(source, fields, named=named)
    if column.sort == "truth":
        return replace(fields, kind="labels", labels=("true", "false"))
    if _is_set(column, named=named):
        whole = column.whole
        labels = tuple(map(str, whole)) if whole else tuple(column.counts)
        scale = whole is not None and len(whole) > 2 and _flat(column.name) in _SCALES
        return replace(fields, kind="scale" if scale else "labels", labels=labels)
    within = next((one.name for one in fields.inputs if _holds(one.column, column)), "")
    if within:
        return replace(fields, kind="span", within=within, none=column.filled < len(column.values))
    return fields


def _several(source: str, fields: Fields, *, named: bool) -> Fields:
    """An output that is a list: several labels of a closed set."""
    column = fields.column
    if not _is_set(column, named=named):
        what = f"{source}: {column.name!r} holds lists of texts that are no closed set, which no output can be"
        raise DataError(what, "Name another column with --label.")
    sizes = [len(value or ()) for value in column.values]
    if set(sizes) == {1}:
        return replace(fields, kind="labels", labels=tuple(column.counts))
    return replace(fields, kind="multiple", labels=tuple(column.counts), together=(min(sizes), max(sizes)))


def _output(source: str, columns: Sequence[Column]) -> Column:
    """The column that is the output."""
    by_name = {_flat(column.name): column for column in reversed(columns)}
    for name in LABELS:
        if name in by_name and (by_name[name].sort == "truth" or _is_set(by_name[name], named=False)):
            return by_name[name]
    for name in ANSWERS:
        if name in by_name and by_name[name].sort in ("text", "number", "truth"):
            return by_name[name]
    closed = [c for c in columns if c.sort == "truth" or (c.closed and c.sort != "texts" and not _is_identifier(c))]
    if len(closed) == 1:
        return closed[0]
    why = "several columns could be the output" if closed else "no column is surely the output"
    raise DataError(f"{source}: {why}", f"Name it: --label COLUMN. {_listed(columns)}")


def _is_set(column: Column, *, named: bool) -> bool:
    """Whether the values are labels; a few rows that are all different count where the name says that they are."""
    if column.closed:
        return True
    says_so = _flat(column.name) in LABELS or (named and _flat(column.name) not in ANSWERS)
    few = column.filled <= _FEW or len(column.counts) < column.filled
    return says_so and column.short and len(column.counts) >= 2 and few and column.sort != "number"


def _left_out(columns: Sequence[Column], output: Column, options: Options | None) -> Iterator[tuple[str, str]]:
    held = {column.name for column in options.columns} if options else set()
    for column in columns:
        if column.name in held or column is output:
            continue
        if column.sort == "empty":
            yield column.name, "is empty"
        elif _is_identifier(column):
            yield column.name, "names the row"
        elif column.sort in ("other", "texts"):
            yield column.name, "holds lists or objects"
        elif column.sort == "number" and _PLACES.fullmatch(column.name):
            yield column.name, "is a place in another column"
        elif len(column.counts) == 1 and column.filled >= _SEEN_DRAWN:
            yield column.name, "is the same in every row"


def _is_identifier(column: Column) -> bool:
    different = len(column.counts) >= _DIFFERENT * column.filled  # a dataset may hold a part of itself twice
    return different and column.sort in ("text", "number") and _IDENTIFIERS.fullmatch(column.name) is not None


def _drawn(column: Column, options: Options | None) -> tuple[str, ...]:
    """The values of an input that is one of a few fixed ones, each seen often; empty for any other."""
    few = 2 <= len(column.counts) <= _MOST_DRAWN and column.filled >= _SEEN_DRAWN * len(column.counts)
    if options and column in options.columns:
        return ()
    return tuple(column.counts) if few and column.short and column.sort in ("text", "truth") else ()


def _holds(text: Column, part: Column) -> bool:
    """Whether one column's text contains the other's, and much besides, in every row that has both."""
    if text.sort != "text" or part.sort not in ("text", "number"):
        return False
    pairs = [(t, p) for t, p in zip(text.values, part.values, strict=True) if p is not None]
    inside = all(isinstance(t, str) and isinstance(p, str) and p in t for t, p in pairs)
    return inside and len(pairs) > 1 and _length(text.values) >= _LONGER * _length(part.values)


def _length(values: Collection[object]) -> int:
    return sum(len(value) for value in values if isinstance(value, str))


def _is_output_name(name: str) -> bool:
    flat = _flat(name)
    return flat in LABELS or flat in ANSWERS or flat.startswith(("label", "answer", "correct", "gold"))


def _flat(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _listed(columns: Sequence[Column]) -> str:
    shown = ", ".join(f"{c.name} ({_SORTS[c.sort]})" for c in columns[:20])
    return f"The columns are {shown}{' …' if len(columns) > 20 else ''}."


_SORTS = {
    "text": "text", "number": "numbers", "truth": "true or false", "texts": "lists of texts", "other": "objects",
    "empty": "empty",
}  # fmt: skip
