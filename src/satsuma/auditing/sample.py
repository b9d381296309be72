"""A stratified random sample that grows: the sample of 100 contains the sample of 50, in the same order.

Inside a stratum, instances come in the order of chance: a hash of the seed and the id. The strata take turns in
proportion to their sizes, the k-th instance of a stratum of size s having its turn at (k + u) / s, u being the
stratum's own random start. Every second turn belongs to a stratum that had none yet, while there is one, so that a
rare label is judged too; the figures weigh each stratum by its size, so that this distorts nothing. At last, blocks of
`BLOCK` are shuffled: whoever judges them must not learn which label comes next.

The first k of a sample are a sample themselves, so that an audit may end at any time.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator

from satsuma import chance
from satsuma.auditing.population import Population

BLOCK = 10
"""Instances that are shuffled together."""


def drawn(population: Population, n: int, seed: int, number: int = 0) -> list[str]:
    """The ids of a sample of n, in the order in which they are shown; all of them if there are not more.

    number: how often verdicts were applied before; a copy's sample has nothing to do with the one it was mended by.
    """
    turns = _turns(population, n, seed, number)
    order = [identifier for identifier, _ in zip(turns, range(n), strict=False)]
    shown: list[str] = []
    for start in range(0, len(order), BLOCK):
        block = order[start : start + BLOCK]
        shown += sorted(block, key=lambda one: chance.number(seed, "shown", number, one))
    return shown


def _turns(population: Population, n: int, seed: int, number: int) -> Iterator[str]:
    """The instances in the order in which a growing sample takes them; at least n, if there are so many."""
    members = _members(population, n, seed, number)
    rare = iter(sorted(members, key=lambda name: _weight_first(name, len(members[name].ids), seed, number)))
    turns = sorted(
        ((rank + _start(name, seed, number)) / one.size, name, rank)
        for name, one in members.items()
        for rank in range(len(one.ids))
    )
    common = iter(turns)
    taken: dict[str, int] = dict.fromkeys(members, 0)
    while True:
        name = next((name for _, name, rank in common if rank >= taken[name]), None)
        if name is None:
            return
        yield members[name].ids[taken[name]]
        taken[name] += 1
        lacking = next((name for name in rare if not taken[name]), None)
        if lacking is not None:
            yield members[lacking].ids[0]
            taken[lacking] = 1


class _Members:
    """The first instances of a stratum, in the order of chance, and how many there are in all."""

    __slots__ = ("ids", "size")

    def __init__(self, ids: list[str], size: int) -> None:
        self.ids = ids
        self.size = size


def _members(population: Population, n: int, seed: int, number: int) -> dict[str, _Members]:
    groups: dict[str, list[tuple[int, str]]] = {}
    for identifier, stratum in zip(population.ids, population.strata, strict=True):
        groups.setdefault(stratum, []).append((chance.number(seed, "audit", number, identifier), identifier))
    return {name: _Members([one for _, one in heapq.nsmallest(n, group)], len(group)) for name, group in groups.items()}


def _start(name: str, seed: int, number: int) -> float:
    return (chance.number(seed, "start", number, name) + 0.5) / 2**64


def _weight_first(name: str, size: int, seed: int, number: int) -> float:
    """Exponential with the size as its rate: larger strata tend to come first (Efraimidis and Spirakis 2006)."""
    return -math.log(_start(f"{name} first", seed, number)) / size
