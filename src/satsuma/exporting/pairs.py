"""Form `pairs`: the verbalized pair that students train on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from satsuma.run.columns import Row
from satsuma.task.card import Card


def as_pairs(card: Card, rows: Iterable[Row]) -> Iterator[Row]:  # noqa: ARG001 - every form takes the card
    """One object with `text` and `target` per instance."""
    for row in rows:
        yield {"text": row["text"], "target": row["target"]}
