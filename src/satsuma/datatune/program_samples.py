"""What `sample(column)` draws: values of other rows, always the same ones for the same seed and row.

The k-th draw of a row is one other row, whatever the column: the first value of `question` and the first of `answer`
belong together. No draw of a row gives the same other row twice, nor the row itself, nor one that cannot be read.
"""

from __future__ import annotations

from collections.abc import Callable

from satsuma import chance
from satsuma.datatune.program import Row
from satsuma.llm.request import Json

TRIES = 1000
"""Rows that are looked at for one draw before it counts as nothing left: most of them were drawn or unreadable."""


class Sampler:
    """Values of rows other than row `index`. Call it from one thread at a time.

    rows: how many rows there are. row: reads one of them, None if it cannot be read.
    """

    def __init__(self, seed: int, index: int, rows: int, row: Callable[[int], Row | None]) -> None:
        self._seed = seed
        self._index = index
        self._rows = rows
        self._row = row
        self._tried = 0
        self._seen = {index}
        self._drawn: list[Row] = []

    def __call__(self, column: str, draw: int) -> Json:
        """The value of a column in the row of a draw, counted from 0.

        Raises:
            LookupError: there are not so many other rows, or the row lacks the column.
        """
        while len(self._drawn) <= draw:
            self._drawn.append(self._another())
        return self._drawn[draw][column]

    def _another(self) -> Row:
        for _ in range(TRIES):
            if len(self._seen) >= self._rows:
                break
            place = chance.number(self._seed, "sample", self._index, self._tried) * self._rows >> 64
            self._tried += 1
            if place not in self._seen:
                self._seen.add(place)
                row = self._row(place)
                if row is not None:
                    return row
        raise LookupError("no other row is left to draw from")
