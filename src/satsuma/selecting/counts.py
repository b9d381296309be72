"""How many of some words each of thousands of texts has, counted in all of them at once.

A word's column is a whole number in which bit i says that text i has the word. Columns are added as a machine adds: a
full adder (three columns become a sum and a carry) is five operations on whole numbers, each over all texts, so that
`sliced` makes of many columns the binary digits of every text's count, and `reaching` compares them all with a bound.
That costs some nanoseconds a text, however long the texts are.

A word that up to four texts have, which is most words, is kept as their places, thirteen bits each, in an array; a
column is made of them when they are counted. Columns are of 4,096 texts at most: longer ones are hardly faster, and
those of rare words would be mostly zeros.

Words are numbers from 0, given without gaps. Not covered: which words are counted and what count is enough
(`bounds.py`), and taking a text out.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence

TEXTS = 4096
"""Texts of one block. They have the places 1 to 4096."""
_PLACE = TEXTS.bit_length()
_MASK = (1 << _PLACE) - 1
_FULL = 1 << 3 * _PLACE
"""From here on there are four places in a number, and no room for a fifth."""
_COLUMN = -1
"""Stands in the place of places where a word has a column."""


class Counts:
    """The words of any number of texts, which have the numbers 0, 1, 2, …, in blocks."""

    def __init__(self) -> None:
        self.size = 0
        self._blocks: list[Block] = []

    def add(self, words: Collection[int], band: int = 0) -> None:
        """One more text, as `Block.add` takes it."""
        if not self._blocks or self._blocks[-1].size == TEXTS:
            self._blocks.append(Block())
        self._blocks[-1].add(words, band)
        self.size += 1

    def found(self, words: Sequence[int], least: Iterable[tuple[int, int]]) -> Iterator[list[int]]:
        """The texts that have enough of these words, in order: block by block, where there are any.

        least: each band of lengths, and how many of the words a text in it must have; others are not found.
        """
        bands = [*least]
        for at, block in enumerate(self._blocks):
            digits = block.counted(words)
            found = 0
            for band, enough in bands:
                if texts := block.bands.get(band):
                    found |= reaching(digits, enough) & texts
            if found:
                yield [at * TEXTS + place - 1 for place in places(found)]


class Block:
    """The words of up to `TEXTS` texts.

    bands: band of lengths → the texts in it, as a column.
    """

    def __init__(self) -> None:
        self.bands: dict[int, int] = {}
        self.size = 0
        self._places = array("q")
        self._columns: dict[int, int] = {}

    def add(self, words: Collection[int], band: int) -> None:
        """One more text: its words, each once, and the band of its length."""
        self.size = place = self.size + 1
        bit, kept, columns = 1 << place, self._places, self._columns
        self.bands[band] = self.bands.get(band, 0) | bit
        if (lacking := max(words, default=-1) + 1 - len(kept)) > 0:
            kept.frombytes(bytes(lacking * kept.itemsize))
        for word in words:
            held = kept[word]
            if held == 0:
                kept[word] = place
            elif held == _COLUMN:
                columns[word] |= bit
            elif held < _FULL:
                kept[word] = held << _PLACE | place
            else:
                columns[word] = _column(held) | bit
                kept[word] = _COLUMN

    def counted(self, words: Iterable[int]) -> list[int]:
        """How many of these words each text has, as `sliced` says it."""
        kept, columns, known = self._places, self._columns, len(self._places)
        held = [(word, one) for word in words if word < known and (one := kept[word])]
        return sliced([columns[word] if one == _COLUMN else _column(one) for word, one in held])


def _column(places: int) -> int:
    """The column of a few places."""
    column = 0
    while places:
        column |= 1 << (places & _MASK)
        places >>= _PLACE
    return column


def sliced(columns: Sequence[int]) -> list[int]:
    """The number of columns that have a bit, for all bits at once: item k is binary digit k of each number."""
    digits: list[int] = []
    while columns:
        total, rest = (columns[0], columns[1:]) if len(columns) & 1 else (0, columns)
        carries = []
        pairs = iter(rest)
        for one, other in zip(pairs, pairs, strict=True):
            half = total ^ one
            if carry := total & one | half & other:
                carries.append(carry)
            total = half ^ other
        digits.append(total)
        columns = carries
    return digits


def reaching(digits: Sequence[int], least: int) -> int:
    """The texts whose count is `least` or more; -1, which is all there can be, if that is 0 or less."""
    if least <= 0:
        return -1
    if least >> len(digits):
        return 0
    found = -1
    for place, digit in enumerate(digits):
        found = found & digit if least >> place & 1 else found | digit
    return found


def places(column: int) -> Iterator[int]:
    """The places in a column, the lowest first."""
    while column:
        bit = column & -column
        yield bit.bit_length() - 1
        column ^= bit
