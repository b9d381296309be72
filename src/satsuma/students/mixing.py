"""How several tasks are mixed in one training: temperature-scaled sampling (Raffel et al. 2020, section 3.5.2).

A task of n instances has a share of each epoch in proportion to n^(1/T): T = 1 is the tasks' own sizes, and a large T
gives all of them the same. An epoch has as many instances as all tasks together. Each task deals its own, in an order
of chance, and begins a new order when all have been dealt: from epoch to epoch it goes on where it was, so that every
instance of a task comes equally often. What an epoch holds depends on the sizes, the seed and its number alone.

Not covered: a limit on the size that a task counts with, and weights by hand.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from satsuma import chance

TEMPERATURE = 2.0
"""The temperature of T5's best mixtures."""


def shares(sizes: Sequence[int], temperature: float) -> tuple[float, ...]:
    """The share of each task; they add up to 1."""
    scaled = [size ** (1 / temperature) for size in sizes]
    return tuple(one / sum(scaled) for one in scaled)


@dataclass(frozen=True, slots=True)
class Mixture:
    """Several tasks, whose instances lie one after the other. sizes: how many each has, at least one."""

    sizes: tuple[int, ...]
    temperature: float
    seed: int

    def counts(self) -> tuple[int, ...]:
        """Instances of each task in an epoch: the largest remainders are rounded up, and no task is left out."""
        whole = sum(self.sizes)
        wanted = [share * whole for share in shares(self.sizes, self.temperature)]
        made = [max(1, math.floor(one)) for one in wanted]
        for at in sorted(range(len(made)), key=lambda at: (made[at] - wanted[at], at))[: max(0, whole - sum(made))]:
            made[at] += 1
        return tuple(made)

    def epoch(self, number: int) -> list[int]:
        """The places of the instances of an epoch, from 0, task after task."""
        places, start = [], 0
        for task, (size, count) in enumerate(zip(self.sizes, self.counts(), strict=True)):
            places += [start + at for at in self._dealt(task, size, number * count, count)]
            start += size
        return places

    def _dealt(self, task: int, size: int, first: int, count: int) -> list[int]:
        """The cards of a task that is dealt round after round, from the one with this number on."""
        rounds = range(first // size, (first + count - 1) // size + 1)
        dealt = [at for each in rounds for at in self._order(task, size, each)]
        begin = first - rounds.start * size
        return dealt[begin : begin + count]

    def _order(self, task: int, size: int, each: int) -> list[int]:
        return sorted(range(size), key=lambda at: chance.number(self.seed, "mixture", task, each, at))
