"""Near-duplicates at scale: MinHash (Broder 1997) with locality-sensitive hashing, after Lee et al. (2022).

A text is the set of its runs of `SHINGLE` words (of its words, where it is shorter); two texts are as near as the
Jaccard similarity of these sets. Texts that share a band of their MinHash signatures are compared by that similarity
itself, so nothing is removed that is not as near as it has to be; what is as near may be missed. With the bands that
are chosen for a threshold, a pair at the threshold is found with a probability of `FOUND` or more.

Signatures and bands are rensa's. Memory: about 1 kB for a text, however long.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from satsuma.extras import require
from satsuma.selecting.rouge import words

SHINGLE = 3
HASHES = 128
FOUND = 0.99
"""The least probability that a pair at the threshold is found."""


class MinHashDuplicates:
    """`Duplicates` by MinHash (`satsuma.selecting.duplicates`)."""

    def __init__(self, texts: Sequence[str], threshold: float, seed: int) -> None:
        """Prepare. texts: all of them, by their index.

        Raises:
            ExtraError: rensa is not installed.
        """
        require("curate", "rensa", needed_by="--duplicates minhash")
        import rensa

        self._texts = texts
        self._threshold = threshold
        self._seed = seed % 2**64
        self._lsh = rensa.RMinHashLSH(threshold=threshold, num_perm=HASHES, num_bands=bands(threshold))
        self._new = rensa.RMinHash

    def first(self, text: str, index: int) -> tuple[int, float] | None:
        """The earliest near text that is kept, and how near; if there is none, this one is kept."""
        mine = shingles(text)
        if not mine:
            return None
        signature = self._new(num_perm=HASHES, seed=self._seed)
        signature.update(sorted(mine))
        for earlier in sorted(self._lsh.query(signature)):
            likeness = jaccard(mine, shingles(self._texts[earlier]))
            if likeness >= self._threshold:
                return earlier, likeness
        self._lsh.insert(index, signature)
        return None


def shingles(text: str) -> set[str]:
    """The runs of `SHINGLE` words of a text; its words where it has fewer."""
    said = words(text)
    size = SHINGLE if len(said) >= SHINGLE else 1
    return {" ".join(said[at : at + size]) for at in range(len(said) - size + 1)}


def jaccard(one: set[str], other: set[str]) -> float:
    """The share of what either has that both have."""
    return len(one & other) / len(one | other) if one or other else 0.0


def bands(threshold: float) -> int:
    """The fewest bands of equal size that find a pair at the threshold with a probability of `FOUND`."""
    return next(count for count in _counts() if 1 - (1 - threshold ** (HASHES // count)) ** count >= FOUND)


def _counts() -> Iterable[int]:
    return (count for count in range(1, HASHES + 1) if HASHES % count == 0)
