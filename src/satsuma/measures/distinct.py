"""How many different n-grams there are, in bounded memory.

n-grams are counted as 64-bit hashes. Up to `LIMIT` of them the count is exact (two that differ share a hash with a
probability below 1e-6). Beyond that only those are kept whose hash is below a bound, which is halved whenever there
are too many again: the count is then an estimate whose standard error is below 0.1% (adaptive sampling: Flajolet
1990). Which are kept depends on the n-grams alone, so the same texts give the same count in any order.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np

Hashes: TypeAlias = "np.ndarray"
"""An array of uint64."""
LIMIT = 1 << 22
"""Hashes that are kept at most."""
_REMEMBERED = 1 << 18
_MIX = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
_STEP = 0x9E3779B97F4A7C15


class TokenHashes:
    """The hash of a token, the same in every process; remembers the latest ones."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}

    def __call__(self, token: str) -> int:
        """64 bits."""
        found = self._known.get(token)
        if found is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            digest = hashlib.blake2b(token.encode("utf-8", "surrogatepass"), digest_size=8).digest()
            found = self._known[token] = int.from_bytes(digest, "little")
        return found


def joined(left: Hashes, right: Hashes) -> Hashes:
    """The hashes of sequences that are one longer: of `left` followed by `right`."""
    import numpy as np

    value = left * np.uint64(_STEP) + right
    value ^= value >> np.uint64(30)
    value *= np.uint64(_MIX[0])
    value ^= value >> np.uint64(27)
    value *= np.uint64(_MIX[1])
    value ^= value >> np.uint64(31)
    result: Hashes = value
    return result


class Distinct:
    """Counts different hashes."""

    def __init__(self, limit: int = LIMIT) -> None:
        import numpy as np

        self._limit = limit
        self._halvings = 0
        self._kept: Hashes = np.empty(0, np.uint64)
        self._waiting: list[Hashes] = []
        self._waits = 0

    def add(self, hashes: Hashes) -> None:
        """Hashes, each as often as it occurs."""
        self._waiting.append(self._below(hashes))
        self._waits += len(self._waiting[-1])
        if self._waits > max(len(self._kept) // 2, 1 << 16):
            self._settle()

    def count(self) -> float:
        """How many different ones there were."""
        self._settle()
        return float(len(self._kept) << self._halvings)

    @property
    def exact(self) -> bool:
        """Whether the count is no estimate."""
        self._settle()
        return self._halvings == 0

    def _below(self, hashes: Hashes) -> Hashes:
        import numpy as np

        if not self._halvings:
            return hashes
        bound = np.uint64(1 << (64 - self._halvings))
        result: Hashes = hashes[hashes < bound]
        return result

    def _settle(self) -> None:
        import numpy as np

        if not self._waiting:
            return
        together = np.concatenate([self._kept, *self._waiting])
        together.sort()  # np.unique is ten times slower where its hash table is large
        first = np.ones(len(together), bool)
        np.not_equal(together[1:], together[:-1], out=first[1:])
        self._kept = together[first]
        self._waiting, self._waits = [], 0
        while len(self._kept) > self._limit:
            self._halvings += 1
            self._kept = self._below(self._kept)
