"""How the labels are distributed, and whether a dataset has labels that can be measured against.

A label is whatever stands in the label column, as text; an instance without one (null, NaN, empty) is unlabelled and
counts nowhere else. Measurements per label need a closed set: from 2 to `MOST` labels, and on average two instances or
more of each. Free text as output has none. `balance` is the entropy of the labels over its greatest possible value.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from satsuma.measures.outcome import NotDefined

MOST = 200
"""Labels of a closed set at most."""
TRACKED = 10_000
SHOWN = 50


@dataclass(frozen=True, slots=True)
class Labels:
    """Counts of labels, the most frequent first, `SHOWN` at most.

    unlabelled: instances without one. distinct: how many labels there are. balance: 1 if all are equally frequent, 0
    if there is one.
    """

    instances: int
    unlabelled: int
    distinct: int
    counts: dict[str, int]
    balance: float


class LabelTally:
    """Counts labels, `TRACKED` different ones at most."""

    def __init__(self) -> None:
        self._instances = 0
        self._counts: Counter[str | None] = Counter()

    def add(self, label: str | None) -> None:
        """The label of one instance."""
        self._instances += 1
        if label in self._counts or len(self._counts) < TRACKED:
            self._counts[label] += 1

    @property
    def counts(self) -> dict[str, int]:
        """Label → instances."""
        return {name: count for name, count in self._counts.items() if name is not None}

    def result(self) -> Labels | NotDefined:
        """The distribution; not defined where nothing is labelled, or the output is free text."""
        counts = self.counts
        if not counts:
            return NotDefined("no instance has a label")
        reason = not_closed(counts)
        if reason and len(counts) > MOST:
            return NotDefined(reason)
        return Labels(
            instances=self._instances,
            unlabelled=self._counts[None],
            distinct=len(counts),
            counts=dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:SHOWN]),
            balance=_balance(counts),
        )


def not_closed(counts: Mapping[str, int]) -> str:
    """Why labels are no closed set with several instances each; empty if they are one."""
    total = sum(counts.values())
    if not counts:
        return "no instance has a label"
    if len(counts) == 1:
        return f"all instances have the same label, {next(iter(counts))!r}"
    if len(counts) > MOST or total < 2 * len(counts):
        return f"{len(counts):,} different outputs in {total:,} instances are no closed set of labels"
    return ""


def labelled(labels: Sequence[str | None]) -> list[int] | NotDefined:
    """The places of the instances that have a label; not defined where the labels are no closed set."""
    reason = not_closed(Counter(label for label in labels if label is not None))
    if reason:
        return NotDefined(reason)
    return [at for at, label in enumerate(labels) if label is not None]


def _balance(counts: Mapping[str, int]) -> float:
    if len(counts) < 2:
        return 0.0
    total = sum(counts.values())
    return -math.fsum(n / total * math.log(n / total) for n in counts.values()) / math.log(len(counts))
