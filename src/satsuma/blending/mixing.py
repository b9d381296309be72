"""How many rows of each source and label make the blend: the ratio first, and within it the balance.

The ratio holds exactly, each source's part rounded up or down; the size is the largest that it allows, unless one is
named. Within it, labels get the shares that are wanted as far as the sources have them: a maximum flow from sources to
labels (Edmonds and Karp 1972), so that a source with few of a label is made up for by the others. What is left of a
source's part is filled with its first rows of whatever label, and said.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence

from satsuma.errors import SettingsError
from satsuma.selecting.shares import shares


def portions(there: Sequence[int], ratio: Sequence[int] | None, n: int | None) -> list[int]:
    """Rows to take of each source. there: new rows that each has. ratio: None takes them as they are there.

    Raises:
        SettingsError: there are not as many as that.
    """
    weights = list(ratio or there)
    pairs = zip(there, weights, strict=True)
    most = min((have * sum(weights) // weight for have, weight in pairs if weight), default=0)
    size = most if n is None else n
    if size > most:
        have = ", ".join(f"{one:,}" for one in there)
        by = f" at {':'.join(map(str, ratio))}" if ratio else ""
        raise SettingsError(f"{size:,} instances{by} cannot be had of {have} new rows", f"At most: -n {most}")
    if not size:
        raise SettingsError("not one instance can be had at this ratio", "Give the sources with few rows less weight.")
    made = shares({str(at): weight for at, weight in enumerate(weights) if weight}, size)
    return [made.get(str(at), 0) for at in range(len(there))]


def assigned(parts: Sequence[int], there: Sequence[Mapping[str, int]], wanted: Mapping[str, int]) -> list[Counter[str]]:
    """Source → label → rows to take, as many in all as the parts and the wanted labels allow.

    parts: rows to take of each source. there: label → rows that each source has. wanted: label → rows in all.
    """
    flow = _Flow(list(parts), there, dict(wanted))
    while flow.push():
        pass
    return flow.taken


class _Flow:
    """A flow from sources to labels, made larger by one path at a time."""

    def __init__(self, left: list[int], there: Sequence[Mapping[str, int]], room: dict[str, int]) -> None:
        self._left = left
        self._there = there
        self._room = room
        self.taken: list[Counter[str]] = [Counter() for _ in left]

    def push(self) -> bool:
        """Send what fits along the shortest path that there is; False if there is none."""
        path = self._path()
        if not path:
            return False
        amount = min(self._left[path[0][0]], self._room[path[-1][1]])
        for at, (source, label, forward) in enumerate(path):
            free = self._there[source].get(label, 0) - self.taken[source][label]
            amount = min(amount, free if forward else self.taken[source][label])
            assert at % 2 == 0 or not forward  # noqa: S101 - steps to a label and back take turns
        for source, label, forward in path:
            self.taken[source][label] += amount if forward else -amount
        self._left[path[0][0]] -= amount
        self._room[path[-1][1]] -= amount
        return True

    def _path(self) -> list[tuple[int, str, bool]]:
        """Steps from a source with rows to give to a label with room: source, label, and whether towards the label."""
        ways: deque[list[tuple[int, str, bool]]] = deque()
        seen_sources = {at for at, left in enumerate(self._left) if left}
        seen_labels: set[str] = set()
        starts: deque[tuple[int, list[tuple[int, str, bool]]]] = deque((at, []) for at in sorted(seen_sources))
        while starts or ways:
            if starts:
                source, way = starts.popleft()
                for label, have in self._there[source].items():
                    if label in self._room and label not in seen_labels and have > self.taken[source][label]:
                        seen_labels.add(label)
                        longer = [*way, (source, label, True)]
                        if self._room[label]:
                            return longer
                        ways.append(longer)
                continue
            way = ways.popleft()
            label = way[-1][1]
            for source, taken in enumerate(self.taken):
                if taken[label] and source not in seen_sources:
                    seen_sources.add(source)
                    starts.append((source, [*way, (source, label, False)]))
        return []
