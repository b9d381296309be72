"""The rows of a dataset in an order of chance that is always the same for a seed, without a list of them.

A Feistel network with `satsuma.chance` as its round function permutes the smallest domain of 4**k numbers that holds
all rows; what falls outside of the rows is permuted again until it falls inside (cycle walking, Black and Rogaway
2002), less than four steps on average.
"""

from __future__ import annotations

from collections.abc import Iterator

from satsuma import chance

ROUNDS = 4


class Order:
    """`order[position]` is a row; each row has one position. rows: how many there are."""

    def __init__(self, rows: int, seed: int) -> None:
        self._rows = rows
        self._seed = seed
        self._bits = max(1, -(-(rows - 1).bit_length() // 2)) if rows > 1 else 1
        self._mask = (1 << self._bits) - 1

    def __len__(self) -> int:
        return self._rows

    def __getitem__(self, position: int) -> int:
        if not 0 <= position < self._rows:
            raise IndexError(f"position {position} of {self._rows} rows")
        number = self._permuted(position)
        while number >= self._rows:
            number = self._permuted(number)
        return number

    def __iter__(self) -> Iterator[int]:
        return (self[position] for position in range(self._rows))

    def _permuted(self, number: int) -> int:
        left, right = number >> self._bits, number & self._mask
        for step in range(ROUNDS):
            left, right = right, left ^ (chance.number(self._seed, "order", step, right) & self._mask)
        return left << self._bits | right
