"""Stratified splits that keep what belongs together on one side.

Groups (`Member.group`) are dealt whole, the largest first, those of one size in an order of chance by the seed, each
into the split that it brings nearest to what is wanted: the sum over splits and labels of (have - wanted)² / wanted is
least after it. So each split gets its share of every label as closely as the groups allow; where a few groups hold most
of the dataset they do not allow it, and the counts say so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from satsuma import chance
from satsuma.errors import DataError


def divided(groups: Sequence[str], labels: Sequence[str | None], splits: Mapping[str, float], seed: int) -> list[str]:
    """The split of each instance. groups, labels: of each. splits: split → share, 1 in sum.

    Raises:
        DataError: there are fewer groups than splits.
    """
    members: dict[str, list[int]] = {}
    for place, group in enumerate(groups):
        members.setdefault(group, []).append(place)
    if len(members) < len(splits):
        raise DataError(
            f"{len(members)} groups of instances that belong together cannot fill {len(splits)} splits",
            "Ask for fewer splits, or name what belongs together: --group COLUMN",
        )
    deal = _Deal(Counter(labels), splits)
    made = [""] * len(groups)
    for group in sorted(members, key=lambda name: (-len(members[name]), chance.number(seed, "split", name))):
        split = deal.take(Counter(labels[place] for place in members[group]))
        for place in members[group]:
            made[place] = split
    return made


class _Deal:
    """What each split has of each label, and what it should have."""

    def __init__(self, counts: Mapping[str | None, int], splits: Mapping[str, float]) -> None:
        self._wanted = {
            split: {label: share * count for label, count in counts.items()} for split, share in splits.items()
        }
        self._have: dict[str, Counter[str | None]] = {split: Counter() for split in splits}

    def take(self, group: Mapping[str | None, int]) -> str:
        """The split that a group goes into. group: label → instances."""
        best = min(self._wanted, key=lambda split: self._cost(split, group))
        self._have[best].update(group)
        return best

    def _cost(self, split: str, group: Mapping[str | None, int]) -> float:
        """By how much the distance from what is wanted grows."""
        wanted, have = self._wanted[split], self._have[split]
        return sum(
            ((have[label] + more - wanted[label]) ** 2 - (have[label] - wanted[label]) ** 2) / wanted[label]
            for label, more in group.items()
        )
