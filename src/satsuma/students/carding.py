"""Which card a dataset is read with: the one that is named, the run's own, or one that is inferred from its columns.

An inferred card has the columns of the text as inputs (`text` is called `input`, since every dataset has a column of
that name) and the label as output: a closed set if there are at most `LABELS` labels and each stands for two rows on
average, else free text. It is saved with the student, so that a test set is read in the same way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from satsuma.errors import DataError
from satsuma.reading.columns import choose_columns
from satsuma.reading.values import as_label
from satsuma.run.directory import RunDirectory
from satsuma.sources.rows import BadRow
from satsuma.students.labelled import raw_rows
from satsuma.task.card import RESERVED, Card
from satsuma.task.loader import load_card

if TYPE_CHECKING:
    from satsuma.sources.rows import Row

LABELS = 150
"""Labels of an inferred closed set at most."""
_FIRST = 200
_NAME = "Name the card that describes it: --card CARD, or the columns: --text COLUMN --label COLUMN."


@dataclass(frozen=True, slots=True)
class Described:
    """What a user says of rows: the card, or the columns. All of it may be left out."""

    card: Card | str | Path | Mapping[str, object] | None = None
    text: tuple[str, ...] = ()
    label: str | None = None


def card_of(where: str | Path, described: Described) -> Card:
    """The card that the rows at a path are read with.

    Raises:
        DataError: there is no card, and no columns show what is to be learned.
        CardError: the card cannot be used.
    """
    if described.card is not None:
        return load_card(described.card)
    path = Path(where).expanduser()
    if (path / "run.json").is_file() and not described.text:
        state = RunDirectory.open(path).load_state()
        if state is not None:
            return load_card(state.card)
    return _inferred(where, described)


def _inferred(where: str | Path, described: Described) -> Card:
    rows = [row for row in raw_rows(where) if not isinstance(row, BadRow)]
    if not rows:
        raise DataError(f"{where} holds no row that can be used")
    columns = choose_columns(rows[:_FIRST], described.text, described.label, {})
    if columns.label is None:
        raise DataError(f"{where} has no column that looks like a label", _NAME)
    there = list(dict.fromkeys(label for row in rows if (label := as_label(row.get(columns.label))) is not None))
    if len(there) < 2:
        raise DataError(f"{where}: the column {columns.label} has {len(there)} label, and two are needed", _NAME)
    return _made(columns.text, columns.label, there, rows)


def _made(text: Sequence[str], label: str, labels: Sequence[str], rows: Sequence[Row]) -> Card:
    closed = len(labels) <= LABELS and 2 * len(labels) <= len(rows)
    output: dict[str, object] = {"name": "label" if label in RESERVED else label}
    output |= {"labels": sorted(labels)} if closed else {"text": f"the {label}"}
    inputs = {"input" if name in RESERVED else name: f"the {name}" for name in text}
    return load_card({"name": "columns", "task": f"Tell the {label}.", "inputs": inputs, "output": output})
