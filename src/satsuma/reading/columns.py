"""Which columns of a dataset are its text and its label, and what an instance of it is.

Named columns have to be there. Where none is named:

* text: the column `text`, else `input`, else every column that holds text and is neither the label nor an identifier;
* label: the first of `LABELS` that is there and is not the text.

Several columns of text are one text, line by line, and are fields by themselves besides; one column is one field. The
identifier is `id` or `idx`, else the number of the row. satsuma's own files are known by their columns
(`satsuma.run.columns`): the input is `text`, the fields are the columns before the output, the label is the output.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from satsuma.errors import DataError
from satsuma.reading.example import Example, Lineage
from satsuma.reading.values import as_label, as_text

if TYPE_CHECKING:
    from satsuma.sources.rows import Row

LABELS = (
    "label", "labels", "gold_label", "target", "output", "answer", "answers", "class", "category", "intent",
    "sentiment", "relation", "stance", "tag",
)  # fmt: skip
_TEXTS = ("text", "input")
_OURS = ("text", "target", "id", "provenance")
_IDENTIFIERS = ("id", "idx")
_NO_TEXT = frozenset({"id", "idx", "index", "guid", "uuid", "uid", "provenance", "url", "source", "split", "version"})


@dataclass(frozen=True, slots=True)
class Columns:
    """What is what in a row.

    text: the columns that are the text. fields: the parts of the input. label: None where there is none. names: of
    labels that are numbers. told: how these were chosen, for people.
    """

    text: tuple[str, ...]
    fields: tuple[str, ...]
    label: str | None
    told: str
    names: Sequence[str] = field(default=())

    def example(self, row: Row, number: int) -> Example | None:
        """The instance that a row is; None if it has no text."""
        texts = {name: as_text(row.get(name)) for name in dict.fromkeys((*self.text, *self.fields))}
        parts = [text for name in self.text if (text := texts[name]) is not None]
        if not parts:
            return None
        return Example(
            id=_identifier(row, number),
            text="\n".join(parts),
            label=None if self.label is None else as_label(row.get(self.label), self.names),
            fields={name: texts[name] or "" for name in self.fields},
            lineage=lineage_of(row.get("provenance")),
        )


def choose_columns(
    rows: Sequence[Row], text: Sequence[str], label: str | None, names: Mapping[str, Sequence[str]]
) -> Columns:
    """The columns of a dataset, from its first rows. text, label: as the user named them. names: column → its labels.

    Raises:
        DataError: a column that was named is not there, or none holds text.
    """
    there = list(dict.fromkeys(name for row in rows for name in row))
    for name in (*text, *([label] if label else [])):
        if name not in there:
            raise DataError(f"there is no column {name}", f"The columns are: {', '.join(there)}.")
    if not text and set(_OURS) <= set(there):
        before = there[: there.index("text")]
        output = label or (before[-1] if before else None)
        return Columns(("text",), tuple(n for n in before if n != output), output, "a dataset of satsuma's")
    chosen = tuple(text) or _texts(rows, there, label)
    if not chosen:
        raise DataError("no column holds text", f"The columns are: {', '.join(there)}. Name one: --text COLUMN.")
    output = label or next((name for name in LABELS if name in there and name not in chosen), None)
    told = "as named" if text else "no column was named"
    return Columns(chosen, chosen, output, told, tuple(names.get(output or "", ())))


def lineage_of(value: object) -> Lineage | None:
    """Where an instance comes from, from a run's `provenance`; None if it is something else."""
    if not isinstance(value, Mapping) or "asked" not in value or "corrected" not in value:
        return None
    votes, agreement = value.get("votes"), value.get("agreement")
    return Lineage(
        asked=str(value["asked"] or ""),
        corrected=str(value["corrected"] or ""),
        votes=votes if isinstance(votes, int) else 0,
        agreement=float(agreement) if isinstance(agreement, int | float) else None,
        context=str(value.get("context") or ""),
    )


def _texts(rows: Sequence[Row], there: Sequence[str], label: str | None) -> tuple[str, ...]:
    for name in _TEXTS:
        if name in there and name != label and any(isinstance(row.get(name), str) for row in rows):
            return (name,)
    output = label or next((name for name in LABELS if name in there), None)
    return tuple(name for name in there if name != output and name.lower() not in _NO_TEXT and _holds_text(rows, name))


def _holds_text(rows: Sequence[Row], name: str) -> bool:
    return any(isinstance(row.get(name), str) and row.get(name) for row in rows)


def _identifier(row: Row, number: int) -> str:
    for name in _IDENTIFIERS:
        value = row.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
            return str(value)
    return str(number)
