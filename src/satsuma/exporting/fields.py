"""Form `fields`: the card's inputs and its output, as they stand in the dataset, with the row's id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from satsuma.run.columns import Row
from satsuma.task.card import Card


def as_fields(card: Card, rows: Iterable[Row]) -> Iterator[Row]:
    """One object per instance."""
    names = (*card.columns, card.output.name)
    for row in rows:
        yield {**{name: row[name] for name in names}, "id": row["id"]}
