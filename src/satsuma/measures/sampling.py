"""A sample of a stream: so many items, each as likely as the others, the same for the same seed and length.

Every position of the stream has a fixed random rank, and those with the lowest ranks are the sample, so a smaller
sample of the same stream is a part of a larger one. Items come out in the order of the stream.
"""

from __future__ import annotations

import heapq
from typing import Generic, TypeVar

from satsuma import chance

T = TypeVar("T")


class Sample(Generic[T]):
    """Keeps at most `size` items of those it is given."""

    def __init__(self, size: int, seed: int) -> None:
        self._size = size
        self._seed = seed
        self._seen = 0
        self._heap: list[tuple[int, int, T]] = []

    def add(self, item: T) -> None:
        """The next item of the stream."""
        at, self._seen = self._seen, self._seen + 1
        entry = (-chance.number(self._seed, "sample", at), at, item)
        if len(self._heap) < self._size:
            heapq.heappush(self._heap, entry)
        elif self._size and entry[0] > self._heap[0][0]:
            heapq.heapreplace(self._heap, entry)

    @property
    def seen(self) -> int:
        """Items that were given."""
        return self._seen

    def items(self, most: int | None = None) -> list[T]:
        """The sample, or the part of it that a sample of `most` items would be."""
        ranked = sorted(self._heap, reverse=True)[:most]
        return [item for _, _, item in sorted(ranked, key=lambda entry: entry[1])]
