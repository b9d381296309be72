"""Near-duplicates at scale: MinHash (Broder 1997) with locality-sensitive hashing, after Lee et al. (2022).

A text is the set of its runs of `SHINGLE` words (of its words, where it is shorter); two texts are as near as the
Jaccard similarity of these sets. Texts that share a band of their MinHash signatures are compared by that similarity
itself, so nothing is removed that is not as near as it has to be; what is as near may be missed. With the bands that
are chosen for a threshold, a pair at the threshold is found with a probability of `FOUND` or more.

Signatures and bands are rensa's. A signature depends on its text alone, so signatures can be computed in ranges, on a
cluster; which text is kept is decided here, in their order. Memory: about 1 kB for a text, however long.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from satsuma.extras import require
from satsuma.selecting.rouge import words

if TYPE_CHECKING:
    from rensa import RMinHash

SHINGLE = 3
HASHES = 128
RANGE = 2000
"""Texts whose signatures are computed at a time on a cluster; some tenths of a second."""
FOUND = 0.99
"""The least probability that a pair at the threshold is found."""


class MinHashDuplicates:
    """`Duplicates` by MinHash (`satsuma.selecting.duplicates`)."""

    def __init__(self, texts: Sequence[str], threshold: float) -> None:
        """Prepare. texts: all of them, by their index.

        Raises:
            ExtraError: rensa is not installed.
        """
        require("curate", "rensa", needed_by="--duplicates minhash")
        import rensa

        self._texts = texts
        self._threshold = threshold
        self._lsh = rensa.RMinHashLSH(threshold=threshold, num_perm=HASHES, num_bands=bands(threshold))

    def first(self, text: str, index: int, signature: RMinHash | None) -> tuple[int, float] | None:
        """The earliest near text that is kept, and how near; if there is none, this one is kept.

        signature: the text's; None for one without words.
        """
        if signature is None:
            return None
        near = sorted(self._lsh.query(signature))
        mine = shingles(text) if near else set()
        for earlier in near:
            likeness = jaccard(mine, shingles(self._texts[earlier]))
            if likeness >= self._threshold:
                return earlier, likeness
        self._lsh.insert(index, signature)
        return None


def signed(texts: Sequence[str], seed: int, ray: str = "") -> Iterator[RMinHash | None]:
    """The signatures of texts, in order; None for one without words. ray: the address of a cluster to use.

    Raises:
        ExtraError: rensa is not installed.
        ClusterError: there is no cluster, or a worker failed.
    """
    if not ray:
        return chain.from_iterable(signatures(seed, [text]) for text in texts)
    from satsuma.cluster.maps import over_ranges

    return chain.from_iterable(over_ranges(partial(signatures, seed), texts, RANGE, ray))


def signatures(seed: int, texts: Sequence[str]) -> list[RMinHash | None]:
    """The signatures of a range of texts.

    Raises:
        ExtraError: rensa is not installed.
    """
    require("curate", "rensa", needed_by="--duplicates minhash")
    from rensa import RMinHash

    made: list[RMinHash | None] = []
    for text in texts:
        if not (mine := shingles(text)):
            made.append(None)
            continue
        signature = RMinHash(num_perm=HASHES, seed=seed % 2**64)
        signature.update(sorted(mine))
        made.append(signature)
    return made


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
