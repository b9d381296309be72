"""Labels in their proportions: the surplus of the frequent ones is removed, from the end of the dataset.

Without proportions, as many of each label as there are of the rarest; with a card's, the most that these allow
(`satsuma.selecting.shares`). Labels that no instance has do not count. Keep-first: of each label, the first instances
stay.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from satsuma.selecting.shares import shares


def balanced_shares(counts: Mapping[str, int], weights: Mapping[str, int] | None, seed: int) -> dict[str, int]:
    """How many of each label stay. counts: label → instances. weights: the proportions; None for equal ones."""
    there = {name: count for name, count in counts.items() if count}
    if not there:
        return {}
    wanted = {name: weight for name, weight in (weights or {}).items() if name in there and weight}
    if set(wanted) != set(there) or len(set(wanted.values())) == 1:
        return dict.fromkeys(there, min(there.values()))
    low, high = 0, sum(there.values())
    while low < high:
        middle = (low + high + 1) // 2
        if all(share <= there[name] for name, share in shares(wanted, middle, seed).items()):
            low = middle
        else:
            high = middle - 1
    return shares(wanted, low, seed)


def surplus(
    labels: Sequence[str | None], weights: Mapping[str, int] | None, seed: int
) -> tuple[list[int], dict[str, int]]:
    """The places that are too many, and how many of each label stay. An instance without a label stays."""
    room = Counter(balanced_shares(Counter(label for label in labels if label is not None), weights, seed))
    stay = dict(room)
    found = []
    for place, label in enumerate(labels):
        if label is None:
            continue
        if room[label]:
            room[label] -= 1
        else:
            found.append(place)
    return found, stay
