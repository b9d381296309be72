"""What was said of one instance's label: the label that was asked for, the votes of the correction, the final one.

Instances of which the same was said are counted together (`Counter[tuple[Ballot, bool]]`, the flag being whether the
instance is in the dataset), so that a run of any length keeps a few dozen ballots. Labels of a closed set of at most
`MOST_LABELS` are kept by name. Everything else (larger sets, several labels, spans, texts) is kept by likeness
alone: 0 is what was asked for, 1 the first other answer, and so on; then memory does not grow with what is said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import NamedTuple, TypeAlias

MOST_LABELS = 12
"""Labels of a closed set that are told apart; beyond, their pairs are too many to be seen often enough."""


class Ballot(NamedTuple):
    """asked: the label asked for. cast: label → votes. final: the label in the dataset. Names, or numbers by likeness.

    cast is sorted, so that equal votes are equal ballots in whatever order they came.
    """

    asked: str | int
    cast: tuple[tuple[str | int, int], ...]
    final: str | int


Ballots: TypeAlias = Counter[tuple[Ballot, bool]]
"""How many instances have a ballot and are, or are not, in the dataset."""


def named_ballot(asked: str, cast: Sequence[str], final: str) -> Ballot:
    """The ballot of an instance whose label is one of a small closed set."""
    return Ballot(asked, tuple(sorted(Counter(cast).items())), final)


def likened_ballot(asked: Hashable, cast: Sequence[Hashable], final: Hashable) -> Ballot:
    """The ballot of an instance whose outputs can only be told to be equal or not."""
    number = {output: i for i, output in enumerate(dict.fromkeys([asked, *cast, final]))}
    counted = Counter(number[output] for output in cast)
    return Ballot(0, tuple(sorted(counted.items())), number[final])
