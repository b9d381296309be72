"""Chance that is always the same: every draw comes from the run's seed and a path, never from a shared generator.

`number(7, "position", 12)` is one fixed 64-bit number, on every machine, in every order of asking. Not for
cryptography.
"""

from __future__ import annotations

import hashlib
import math
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from typing import TypeVar

T = TypeVar("T")
_MASK = (1 << 64) - 1
_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71)


def number(seed: int, *path: str | int) -> int:
    """The number at a path: uniform over 0 to 2**64 - 1."""
    text = "\x1f".join([str(seed), *map(str, path)])
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def choose(options: Sequence[T], seed: int, *path: str | int) -> T:
    """One of the options, each as likely as the others.

    Raises:
        IndexError: there are no options.
    """
    return options[number(seed, *path) * len(options) >> 64]


def spread(index: int, sizes: Sequence[int], seed: int) -> tuple[int, ...]:
    """A point of a low-discrepancy design over a product of finite sets: for each set, an index below its size.

    The Kronecker sequence with the square roots of the primes (Richtmyer 1951), in exact 64-bit arithmetic: the first
    points cover each set, and each pair of sets, almost evenly, whatever their number. index: the point's number,
    from 0.
    """
    return tuple([_coordinate(index, axis, size, seed) for axis, size in enumerate(sizes)])


def weighted_spread(index: int, weights: Sequence[Sequence[int]], seed: int) -> tuple[int, ...]:
    """The same over values that have weights: each comes up in proportion to its own; with equal ones, as `spread`."""
    ends = [_ends(tuple(each)) for each in weights]
    points = spread(index, [each[-1] for each in ends], seed)
    return tuple([bisect_right(each, at) for each, at in zip(ends, points, strict=True)])


@lru_cache(maxsize=1024)
def _ends(weights: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(accumulate(weights))


def _coordinate(index: int, axis: int, size: int, seed: int) -> int:
    start, step = _line(axis, seed)
    return ((start + (index + 1) * step) & _MASK) * size >> 64


@lru_cache(maxsize=1024)
def _line(axis: int, seed: int) -> tuple[int, int]:
    """Where an axis of the design begins, and how far it goes from point to point."""
    prime = _PRIMES[axis] if axis < len(_PRIMES) else _nth_prime(axis)
    return number(seed, "spread", axis), math.isqrt(prime << 128) & _MASK


def _nth_prime(n: int) -> int:
    found, candidate = list(_PRIMES), _PRIMES[-1]
    while len(found) <= n:
        candidate += 2
        if all(candidate % p for p in found if p * p <= candidate):
            found.append(candidate)
    return found[n]
