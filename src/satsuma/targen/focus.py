"""Where a run spends more: whole-number weights of labels, of what is varied, and of a user's own contexts.

The weights come from outside (a student's losses, `satsuma.students.weakness`), are settings that decide the data, and
stand in run.json; which candidate gets what follows from them, the seed and the index alone, so that a larger n still
contains a smaller one. Without weights everything is as even as ever.

Labels are asked for by the card's weight times the focus; values are drawn from the same design, each taking a part of
its axis as wide as its weight; contexts take turns in the order of `shares.py`'s schedule. Not covered: contexts that a
model grows, which are not known before; contexts that take turns with texts of one's own; pairs of values, which have
no weight but those of their parts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Focus:
    """Weights; empty where nothing is to be had more often. varied: the name of an axis → value → weight."""

    labels: Mapping[str, int] = field(default_factory=dict)
    varied: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    contexts: Mapping[str, int] = field(default_factory=dict)

    def of_labels(self, weights: Mapping[str, int]) -> dict[str, int]:
        """The card's weights of labels, times these."""
        return {name: weight * self.labels.get(name, 1) for name, weight in weights.items()}

    def of_values(self, axis: str, values: Sequence[str]) -> list[int]:
        """The weights of an axis' values, in their order."""
        weights = self.varied.get(axis, {})
        return [weights.get(value, 1) for value in values]

    def of_contexts(self, names: Sequence[str]) -> tuple[int, ...]:
        """The weights of contexts, in their order; empty where they take even turns."""
        return tuple(self.contexts.get(name, 1) for name in names) if self.contexts else ()

    def decisive(self) -> dict[str, object]:
        """What of it decides the data, as run.json has it; empty where there is none."""
        parts = {"labels": self.labels, "varied": self.varied, "contexts": self.contexts}
        given = {name: part for name, part in parts.items() if part}
        return {"focus": given} if given else {}


EVENLY = Focus()
