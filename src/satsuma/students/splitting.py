"""The part of the training data that early stopping looks at, and never the test set.

What belongs together (`Labelled.group`) stays on one side: groups are taken in an order of chance by the seed, each
that still fits into the share, and one whole group if none does. Where everything is one group, or there are fewer than
`LEAST` instances, there is no such part, every epoch is trained, and that is told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from satsuma import chance
from satsuma.students.labelled import Labelled

LEAST = 10
"""Instances below which nothing is set aside."""


@dataclass(frozen=True, slots=True)
class Split:
    """Places of the instances that are trained on, and of those that are looked at; both in order."""

    train: tuple[int, ...]
    dev: tuple[int, ...]
    groups: int
    note: str = ""


def split_by_group(instances: Sequence[Labelled], share: float, seed: int) -> Split:
    """Set a share of the instances aside, group by group."""
    everything = tuple(range(len(instances)))
    members: dict[str, list[int]] = defaultdict(list)
    for at, one in enumerate(instances):
        members[one.group].append(at)
    if share == 0:
        return Split(everything, (), len(members))
    if len(instances) < LEAST or len(members) < 2:
        what = "one group" if len(instances) >= LEAST else f"{len(instances)} instances"
        return Split(everything, (), len(members), f"{what}: nothing is set aside, and no epoch is left out")
    wanted = max(1, round(share * len(instances)))
    order = sorted(members, key=lambda group: chance.number(seed, "dev", group))
    dev: list[int] = []
    for group in order:
        if len(dev) + len(members[group]) <= wanted:
            dev += members[group]
    dev = dev or members[min(order, key=lambda group: len(members[group]))]
    chosen = set(dev)
    return Split(tuple(at for at in everything if at not in chosen), tuple(sorted(dev)), len(members))
