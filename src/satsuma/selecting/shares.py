"""How many instances of each label: the shares of n, and the label to ask for next.

Two rules, both functions of the weights and the seed alone:

* `shares(weights, n)` counts the first n terms of one fixed endless sequence of labels, so that a share never shrinks
  as n grows. The sequence is the earliest-deadline schedule of proportionate progress (Baruah et al. 1996,
  "Proportionate progress: a notion of fairness in resource allocation"): after every n, each label has its exact
  proportion rounded down or up.
* `LabelPlan` decides which label candidate i is asked for: the one furthest behind its proportion (Webster's rule),
  counting the final labels of the candidates up to i - `LAG` and the asked labels since. What is within the lag has
  not been looked at, so the decision does not depend on timing. Where proportions differ, each turn of a label comes
  early or late in its time, by chance: else 3 to 2 would be a pattern of five, and of twenty contexts that take turns
  each would always meet the same label.

Ties are broken by the seed, the same way in both.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from satsuma import chance

LAG = 2048
"""Candidates whose outcome is not yet counted when a label is asked for; look-ahead never exceeds it."""


def weights(proportions: Mapping[str, float]) -> dict[str, int]:
    """Proportions of any scale as the smallest whole numbers, reading each float as the decimal that was written."""
    exact = {name: Fraction(repr(float(p))) for name, p in proportions.items()}
    scale = math.lcm(*(f.denominator for f in exact.values()))
    whole = {name: int(f * scale) for name, f in exact.items()}
    divisor = math.gcd(*whole.values())
    return {name: w // divisor for name, w in whole.items()}


def shares(weights: Mapping[str, int], n: int, seed: int = 0) -> dict[str, int]:
    """The share of each label in n instances: its exact proportion rounded down or up, summing to n.

    After every `sum(weights)` labels each has had its exact proportion; only what follows the last of those is counted.
    """
    rounds, rest = divmod(n, sum(weights.values()))
    counts = {name: rounds * weight for name, weight in weights.items()}
    for name in schedule(weights, rest, seed, rounds):
        counts[name] += 1
    return counts


def schedule(weights: Mapping[str, int], n: int, seed: int = 0, rounds: int = 0) -> Iterator[str]:
    """So many labels of the sequence, after `rounds` times `sum(weights)` of them."""
    total = sum(weights.values())
    counts = {name: rounds * weight for name, weight in weights.items()}
    released: list[tuple[int, int, str]] = []
    waiting: list[tuple[int, str]] = [(rounds * total, name) for name in weights]
    heapq.heapify(waiting)
    for slot in range(rounds * total, rounds * total + n):
        while waiting and waiting[0][0] <= slot:
            name = heapq.heappop(waiting)[1]
            deadline = -(-(counts[name] + 1) * total // weights[name])
            heapq.heappush(released, (deadline, _tie(seed, name, counts[name]), name))
        name = heapq.heappop(released)[2]
        counts[name] += 1
        heapq.heappush(waiting, (counts[name] * total // weights[name], name))
        yield name


class LabelPlan:
    """Which label each candidate is asked for; `ask` and `settle` are each called once per index, in index order.

    Promises: `ask(i)` depends only on the weights, the seed and what was settled for indices up to i - lag.
    """

    def __init__(self, weights: Mapping[str, int], seed: int = 0, lag: int = LAG) -> None:
        self._weights = dict(weights)
        self._seed = seed
        self._lag = lag
        self._moves = len(set(weights.values())) > 1
        self._counts = dict.fromkeys(weights, 0)
        self._asked: deque[str] = deque()
        self._settled: deque[str | None] = deque()
        self._heap = [self._entry(name) for name in weights]
        heapq.heapify(self._heap)

    def ask(self) -> str:
        """The label for the next candidate.

        Raises:
            RuntimeError: more than `lag` candidates were asked for ahead of what is settled.
        """
        if len(self._asked) == self._lag:
            self._count_final()
        while True:
            entry = self._heap[0]
            if entry[2] == self._counts[entry[3]]:
                break
            heapq.heappop(self._heap)
        name = entry[3]
        self._add(name, 1)
        self._asked.append(name)
        return name

    def go_on(self, last: Sequence[tuple[str, str | None]], finals: Mapping[str, int]) -> None:
        """Go on behind indices that were settled, nothing asked so far.

        last: the asked and the final label of the last `lag` of them, or of all. finals: final label → how many of all.
        """
        self._asked.extend(asked for asked, _ in last)
        self._settled.extend(final for _, final in last)
        self._counts = {name: finals.get(name, 0) for name in self._weights}
        for asked, final in last:
            self._counts[asked] += 1
            if final is not None:
                self._counts[final] -= 1
        self._heap = [self._entry(name) for name in self._weights]
        heapq.heapify(self._heap)

    def settle(self, final: str | None) -> None:
        """The next candidate in index order came out with this label; None if it was not valid."""
        self._settled.append(final)

    def _count_final(self) -> None:
        if not self._settled:
            raise RuntimeError("a label was asked for beyond the lag")
        asked, final = self._asked.popleft(), self._settled.popleft()
        if asked == final:
            return
        self._add(asked, -1)
        if final is not None:
            self._add(final, 1)

    def _add(self, name: str, step: int) -> None:
        self._counts[name] += step
        heapq.heappush(self._heap, self._entry(name))

    def _entry(self, name: str) -> tuple[float, int, int, str]:
        count = self._counts[name]
        within = chance.number(self._seed, "moment", name, count) / 2**63 if self._moves else 1
        return ((2 * count + within) / self._weights[name], _tie(self._seed, name, count), count, name)


def _tie(seed: int, name: str, count: int) -> int:
    return chance.number(seed, "tie", name, count)


def even(labels: Sequence[str]) -> dict[str, int]:
    """Equal weights."""
    return dict.fromkeys(labels, 1)
