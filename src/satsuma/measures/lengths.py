"""How long the instances are, in tokens and characters, over all and by label.

Tokens are those of `satsuma.measures.tokens`. A label whose instances are longer than others' can be told by that:
`satsuma.measures.shortcuts` measures it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from satsuma.measures.outcome import NotDefined
from satsuma.measures.spread import Spread, SpreadTally

MOST_LABELS = 1000


@dataclass(frozen=True, slots=True)
class Lengths:
    """Distributions of length. empty: instances without a token. per_label: in tokens."""

    instances: int
    empty: int
    tokens: Spread
    characters: Spread
    per_label: dict[str, Spread]


class LengthTally:
    """Counts instance by instance."""

    def __init__(self) -> None:
        self._instances = 0
        self._empty = 0
        self._tokens = SpreadTally()
        self._characters = SpreadTally()
        self._labels: dict[str, SpreadTally] = defaultdict(SpreadTally)

    def add(self, text: str, tokens: Sequence[str], label: str | None) -> None:
        """One instance."""
        self._instances += 1
        self._empty += not tokens
        self._tokens.add(len(tokens))
        self._characters.add(len(text))
        if label is not None and (label in self._labels or len(self._labels) < MOST_LABELS):
            self._labels[label].add(len(tokens))

    def result(self, *, per_label: bool) -> Lengths | NotDefined:
        """The distributions; not defined without instances. per_label: whether the labels are a closed set."""
        if not self._instances:
            return NotDefined("there are no instances")
        labels = {name: tally.result() for name, tally in sorted(self._labels.items())} if per_label else {}
        return Lengths(self._instances, self._empty, self._tokens.result(), self._characters.result(), labels)
