"""Which texts have a key: a multimap from keys to whole numbers, in 16 to 20 bytes an entry.

A hash table with chains, in flat arrays; a dict of lists would take some two hundred bytes for most keys. It doubles
as it fills. Keys count by their lowest 32 bits, so something may be found under a key that it does not have. Not
covered: taking anything out.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence

_FIRST = 1024
_BITS = 0xFFFFFFFF


class Postings:
    """Grows as keys are added. Entry 0 is the end of every chain."""

    def __init__(self) -> None:
        self._heads = array("I", bytes(4 * _FIRST))
        self._next = array("I", [0])
        self._keys = array("I", [0])
        self._owners = array("I", [0])

    def __len__(self) -> int:
        return len(self._keys) - 1

    def add(self, keys: Sequence[int], owner: int) -> None:
        """Say that `owner` has these keys."""
        heads, chain, mask = self._heads, self._next, len(self._heads) - 1
        for entry, key in enumerate(keys, len(chain)):
            slot = key & mask
            chain.append(heads[slot])
            heads[slot] = entry
        self._keys.extend([key & _BITS for key in keys])
        self._owners.extend([owner] * len(keys))
        if len(chain) > len(heads):
            self._grow()

    def owners(self, keys: Iterable[int]) -> set[int]:
        """Everything that has one of these keys."""
        heads, chain, known, mask = self._heads, self._next, self._keys, len(self._heads) - 1
        found: list[int] = []
        for key in keys:
            entry = heads[key & mask]
            if entry:
                low = key & _BITS
                while entry:
                    if known[entry] == low:
                        found.append(entry)
                    entry = chain[entry]
        return {self._owners[entry] for entry in found}

    def _grow(self) -> None:
        """Twice as many chains or more, all of them made anew."""
        size = 2 * len(self._heads)
        while size < len(self._keys):
            size *= 2
        self._heads = heads = array("I", bytes(4 * size))
        chain, mask = self._next, size - 1
        for entry, key in enumerate(self._keys):
            if entry:
                slot = key & mask
                chain[entry] = heads[slot]
                heads[slot] = entry
