"""An approximate set of keys, in memory that does not grow: what was added it never misses (Bloom 1970).

A key that was not added it takes for one that was once in a hundred times at 400,000 keys, and once in six at two
million. So "no" spares a look where keys are kept, and "yes" is a reason for one.
"""

from __future__ import annotations

BITS = 23
"""Of an address: one megabyte of bits."""
_ALL = (1 << BITS) - 1


class Seen:
    """Keys that were added in this process."""

    def __init__(self) -> None:
        self._bits = bytearray((1 << BITS) // 8)

    def add(self, key: str) -> None:
        """One more."""
        for at in _places(key):
            self._bits[at >> 3] |= 1 << (at & 7)

    def __contains__(self, key: str) -> bool:
        """Whether it may have been added; False is certain."""
        one, other = _places(key)
        bits = self._bits
        return bool(bits[one >> 3] >> (one & 7) & bits[other >> 3] >> (other & 7) & 1)


def _places(key: str) -> tuple[int, int]:
    number = hash(key)  # which the string keeps; another one in another process
    return number & _ALL, number >> BITS & _ALL
