"""What became of the rows of each dataset, counted in index order, and when a dataset is left.

Every dataset has a range of indices of its own: dataset d has d·rows up to (d + 1)·rows, one for each of its rows that
is tried. So which row an index means never depends on what became of others. A dataset is left when more than
`FAILED` of its rows failed, once `ENOUGH` were tried; its further indices are skipped, what was computed for them
included. A row that is irrelevant to the task has not failed, but where nearly all are (`IRRELEVANT`, after `MANY`),
the dataset is left as well: every row is paid for.
"""

from __future__ import annotations

from dataclasses import dataclass

from satsuma.task.instance import Instance, Reject

ENOUGH = 30
"""Rows after which a dataset is judged by those that failed."""
FAILED = 1 / 3
MANY = 200
"""Rows after which it is judged by those that are of use."""
IRRELEVANT = 0.98
IRRELEVANT_STEP = "irrelevant"
"""The step of a reject whose row has nothing to do with the task."""
NOT_THE_ROWS = frozenset({"duplicate", "surplus"})
"""Steps of rejects that say nothing of the row's quality."""


@dataclass(slots=True)
class Count:
    """Rows of one dataset. left: why it was left; empty if it was not."""

    tried: int = 0
    accepted: int = 0
    irrelevant: int = 0
    failed: int = 0
    left: str = ""

    def judge(self) -> None:
        """Say whether the dataset is to be left."""
        if self.tried >= ENOUGH and self.failed > FAILED * self.tried:
            self.left = f"{self.failed} of its first {self.tried} rows failed"
        elif self.tried >= MANY and self.irrelevant + self.failed > IRRELEVANT * self.tried:
            self.left = f"{self.irrelevant + self.failed} of its first {self.tried} rows were of no use"


class Ledger:
    """Counts what is settled. rows: indices of each dataset."""

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self.counts: list[Count] = []

    def place(self, index: int) -> tuple[int, int]:
        """Which dataset an index belongs to, and which of its rows, in their order of chance."""
        return divmod(index, self._rows)

    def count(self, dataset: int) -> Count:
        """What became of the rows of a dataset so far."""
        while len(self.counts) <= dataset:
            self.counts.append(Count())
        return self.counts[dataset]

    def is_left(self, index: int) -> bool:
        """Whether the dataset of an index has been left."""
        return bool(self.count(index // self._rows).left)

    def settled(self, item: Instance | Reject) -> None:
        """The next instance or reject, in index order."""
        count = self.count(item.index // self._rows)
        count.tried += 1
        if isinstance(item, Instance):
            count.accepted += 1
        elif item.step == IRRELEVANT_STEP:
            count.irrelevant += 1
        elif item.step not in NOT_THE_ROWS:
            count.failed += 1
        count.judge()
