"""Which of the new rows are the blend, in which order, and what could not be had."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from satsuma.blending.mixing import assigned, portions
from satsuma.blending.order import Order
from satsuma.blending.screening import SURPLUS, Dropped
from satsuma.errors import SettingsError
from satsuma.run.columns import Row
from satsuma.selecting.shares import even, shares
from satsuma.task.card import Card
from satsuma.task.card_output import ANSWERABLE, UNANSWERABLE
from satsuma.task.outputs import ALL, output_of


@dataclass(frozen=True, slots=True)
class Chosen:
    """rows: source and row, in the blend's order. wanted: label → its share. notes: what could not be had."""

    rows: tuple[tuple[int, Row], ...]
    surplus: tuple[Dropped, ...]
    wanted: Mapping[str, int]
    accepted: Mapping[str, int]
    notes: tuple[str, ...]


class Labels:
    """The labels of a card's rows; one for all where the card has no shares, or rows have several labels at once."""

    def __init__(self, card: Card) -> None:
        self._name, self._kind, self._output = card.output.name, card.output.kind, output_of(card)
        weights = dict(self._output.weights())
        alike = set(weights) == {ALL} or self._kind in ("multiple", "spans")
        self.weights = {ALL: 1} if alike else weights

    def of(self, row: Row) -> str:
        """The label that a row counts for."""
        if ALL in self.weights:
            return ALL
        if self._kind == "span":
            return ANSWERABLE if row[self._name] else UNANSWERABLE
        return self._output.shown({}, row[self._name])


def chosen(card: Card, order: Order, kept: Sequence[Sequence[Row]]) -> Chosen:
    """Choose among the new rows of each source.

    Raises:
        SettingsError: the ratio or the number cannot be had.
    """
    known_labels = Labels(card)
    labels = [[known_labels.of(row) for row in rows] for rows in kept]
    empty = [path for path, rows in zip(order.sources, kept, strict=True) if not rows]
    if empty and order.ratio:
        raise SettingsError(
            f"{empty[0]} has no row that is new, so the ratio cannot be had", "Name it earlier: the first row is kept."
        )
    take = portions([len(rows) for rows in kept], order.ratio, order.n)
    weights = known_labels.weights
    known = shares(even(tuple(weights)) if order.balance == "even" else weights, sum(take))
    if order.balance == "none":
        picked = [list(range(count)) for count in take]
        known = dict(Counter(label for at, own in enumerate(labels) for label in own[: take[at]]))
    else:
        counts = assigned(take, [Counter(own) for own in labels], known)
        picked = [list(_picked(own, count, plan)) for own, count, plan in zip(labels, take, counts, strict=True)]
    accepted = Counter(labels[at][i] for at, own in enumerate(picked) for i in own)
    surplus = [
        Dropped(at, str(row["id"]), SURPLUS, f"no room: {labels[at][i]} or its source has its share", row)
        for at, rows in enumerate(kept)
        for i, row in _others(rows, picked[at])
    ]
    made = {label: accepted[label] for label in {**known, **accepted}}
    return Chosen(tuple(_interleaved(kept, picked)), tuple(surplus), known, made, tuple(_notes(known, made, empty)))


def _picked(labels: Sequence[str], count: int, plan: Counter[str]) -> Iterator[int]:
    """The first rows of each label as planned, and the first others where that is not enough; in order."""
    left = Counter(plan)
    own: set[int] = set()
    for at, label in enumerate(labels):
        if left[label] > 0:
            left[label] -= 1
            own.add(at)
    own |= set([at for at in range(len(labels)) if at not in own][: count - len(own)])
    yield from sorted(own)


def _others(rows: Sequence[Row], picked: Sequence[int]) -> Iterator[tuple[int, Row]]:
    own = set(picked)
    yield from ((at, row) for at, row in enumerate(rows) if at not in own)


def _interleaved(kept: Sequence[Sequence[Row]], picked: Sequence[Sequence[int]]) -> Iterator[tuple[int, Row]]:
    """The sources evenly among each other, so that a first part of the blend is like the whole."""
    places = [((rank + 0.5) / len(own), at, i) for at, own in enumerate(picked) for rank, i in enumerate(own)]
    for _, at, i in sorted(places):
        yield at, kept[at][i]


def _notes(wanted: Mapping[str, int], made: Mapping[str, int], empty: Sequence[Path]) -> Iterator[str]:
    yield from (f"{path} has no row that is new, and gives none" for path in empty)
    lacking = [f"{label} has {made[label]:,} of {share:,}" for label, share in wanted.items() if made[label] < share]
    if lacking:
        yield f"the labels cannot have the shares that are wanted: {', '.join(lacking[:5])}"
