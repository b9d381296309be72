"""The instances of a set that are asked about: all, or a sample that grows.

The sample of 100 contains the sample of 50, is in the order of the set, and depends on the seed and on the set alone,
so that a larger n asks only what is new. Chance matters: files are often sorted by label. What belongs together, such
as the two sides of a minimal pair, is taken together or not at all; so the sample may be smaller than n by a part of a
pair.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from satsuma import chance
from satsuma.errors import SettingsError

T = TypeVar("T")


def chosen(items: Sequence[T], n: int | None, seed: int, together: Callable[[T], str] = lambda one: "") -> list[T]:  # noqa: ARG005
    """So many of the items, in order; all of them without n, or if there are not more.

    together: what an item belongs to; empty for one that is by itself.

    Raises:
        SettingsError: n is less than 1.
    """
    if n is None or n >= len(items):
        return list(items)
    if n < 1:
        raise SettingsError(f"n is {n}, but has to be 1 or more", "Leave -n out for all instances.")
    groups: dict[str, list[int]] = {}
    for at, item in enumerate(items):
        groups.setdefault(together(item) or f"\x1f{at}", []).append(at)
    found: list[int] = []
    turns = list(groups.values())
    for turn in sorted(range(len(turns)), key=lambda at: chance.number(seed, "examined", at)):
        if found and len(found) + len(turns[turn]) > n:
            break
        found += turns[turn]
    return [items[at] for at in sorted(found)]
