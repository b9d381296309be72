"""Which rows of the sources are new: no demonstration of the card, and no repetition of an earlier row.

Sources are gone through in the order given, rows in their own; the first of several that repeat each other is kept.
What is compared is what was written, options in any order, by the rule of the card (`selecting/duplicates.py`): so a
run's own rows, which it has judged itself, are dropped only for those of the sources before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from satsuma.blending.filerows import fields_of
from satsuma.blending.parts import Part
from satsuma.run.columns import Row
from satsuma.selecting.duplicates import Earlier, NearDuplicates
from satsuma.task.card import Card
from satsuma.task.instance import Value
from satsuma.task.outputs import OutputKind, output_of

DEMONSTRATION, DUPLICATE, UNUSABLE, SURPLUS = "demonstration", "duplicate", "unusable", "surplus"
"""The steps in which a blend drops rows."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A row that is not in the blend. row: None of a file's that cannot be used. reason: its class before the colon."""

    part: int
    id: str
    step: str
    reason: str
    row: Row | None = None


def screened(card: Card, parts: Sequence[Part]) -> tuple[list[list[Row]], list[Dropped]]:
    """The rows of each source that are new, and all others."""
    contents = _Contents(card)
    near = NearDuplicates(card.duplicates.threshold)
    ids: list[str] = []
    for number, example in enumerate(card.examples):
        near.first(*contents.of_example(example, number))
        ids.append("")
    kept: list[list[Row]] = []
    dropped: list[Dropped] = []
    for at, part in enumerate(parts):
        dropped += [Dropped(at, one.id, UNUSABLE, one.reason) for one in part.bad]
        new: list[Row] = []
        for row in part.rows:
            earlier = near.first(*contents.of_row(row, len(ids)))
            ids.append(str(row["id"]))
            if earlier is None:
                new.append(row)
            else:
                dropped.append(_dropped(at, row, earlier, ids[earlier.index]))
        kept.append(new)
    return kept, dropped


def _dropped(at: int, row: Row, earlier: Earlier, identifier: str) -> Dropped:
    how = earlier.reason.partition(": ")[2] if earlier.reason.startswith("near-duplicate") else ""
    alike = f"nearly the same words ({how}) as" if how else "the same words as"
    if not identifier:
        number = earlier.index
        return Dropped(at, str(row["id"]), DEMONSTRATION, f"{alike} an example of the card: number {number + 1}", row)
    alike = "nearly the same words as" if how else alike
    told = f"{identifier}, {how}" if how else identifier
    return Dropped(at, str(row["id"]), DUPLICATE, f"{alike} an earlier row: {told}", row)


class _Contents:
    """What is compared of a row: its words, its number, and the words that are its own where a seed is used often."""

    def __init__(self, card: Card) -> None:
        self._card = card
        self._output: OutputKind = output_of(card)
        options = set(card.option_fields)
        drawn = {name for name, one in card.inputs.items() if one.values or one.computed}
        self._written = [name for name in card.shown_inputs if name not in options | drawn]
        seed = card.seed_spec
        self._shared = seed.field if seed.uses > 1 else None

    def of_row(self, row: Mapping[str, object], number: int) -> tuple[str, int, str]:
        """Of a dataset's row."""
        return self._of(fields_of(self._card, row), number)

    def of_example(self, example: Mapping[str, object], number: int) -> tuple[str, int, str]:
        """Of an example of the card."""
        return self._of(fields_of(self._card, example), number)

    def _of(self, fields: Mapping[str, Value], number: int) -> tuple[str, int, str]:
        said = {name: str(fields[name]) for name in self._written}
        options = sorted(self._output.options(fields).values())
        own = [value for name, value in said.items() if name != self._shared]
        return "\n".join([*said.values(), *options]), number, "\n".join([*own, *options]) if self._shared else ""
