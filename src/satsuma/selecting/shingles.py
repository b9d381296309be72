"""Texts that share a rare run of words, found in a time that does not grow with how many there are.

The rule: a text is found if it shares a shingle (Broder 1997) with the one that is sought: three words in a row, or two
and the second one after them; of a text of less than `SHORT` words, also two in a row. Of a longer one these are the
shingles that begin with some of its words, chosen by the words themselves, and so the same ones in every text. A
shingle that more than `FEW` texts have tells little: it counts for the first `MANY` of them, and only beside another
such one among the `MOST` rarest of a text.

Mechanism: a shingle's number says a row of the table and the byte that marks it there; a text's number stands at the
same place. Searching a row for a byte is one call, whatever is in it. As texts come, the number of rows doubles: every
row becomes two, and an eight-bit number beside each text's says in which of them it stays, for as many doublings.
Shingles of many texts leave their rows for lists of their own.

What is found follows from the words and the order of the texts alone. Two shingles with the same row and byte find each
other's texts, a few in each search. Not covered: how near a text is that is found, and those that share nothing but
what many do. Beyond eight million texts the rows fill up, and less and less is found.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Sequence
from itertools import pairwise

SHORT = 16
"""Words from which on two in a row are not enough, and some shingles are."""
BEGIN = 12
"""Words that shingles begin with, at the least, and one more for every `PER` words."""
PER = 32
FEW = 16
"""Texts that a shingle finds by itself."""
MANY = 64
"""Texts of a shingle that more have."""
MOST = 4
"""Shingles of many texts that count for a text."""
SLOTS = 32
"""Places of a row."""
TEXTS = 1 << 15
"""Texts, and rows, of the first table."""
BITS = 56
"""Of the random number that stands for a word."""
_DOUBLINGS = 8
_CHOICE = (1 << 16) - 1
"""The bits of a word's number that say whether shingles begin with it."""
_MARK, _ROW = 16, 24
"""The bits of a shingle's number where its mark begins, and its row."""
_TEXT = 24
_LAST = (1 << _TEXT) - 1
"""The bits of a place that are a text's number; the number beside its mark stands above them."""
_HIGHEST = 3 if sys.byteorder == "little" else 0
"""The byte of a place where that is."""
_STAYS = [bytes(0 if beside >> bit & 1 else 255 for beside in range(256)) for bit in range(_DOUBLINGS)]
"""Doubling → number beside a mark → all bits if the mark stays in the first of two rows."""


def shingles(words: Sequence[int]) -> set[int]:
    """The shingles of a text. words: a random number of `BITS` bits for each word."""
    size = len(words)
    if size < SHORT:
        pairs = [3 * one + two for one, two in pairwise(words)]
        found = {3 * pair + three for pair, three in zip(pairs, words[2:], strict=False)}
        found.update([5 * pair + four for pair, four in zip(pairs, words[3:], strict=False)])
        found.update(pairs)
        return found
    bound = (BEGIN + size // PER << 16) // (size - 3)
    found = set()
    for at in [at for at, word in enumerate(words[:-3]) if word & _CHOICE < bound]:
        one, two, three, four = words[at : at + 4]
        pair = 3 * one + two
        found.add(3 * pair + three)
        found.add(5 * pair + four)
    return found


class Shingles:
    """The shingles of the texts so far, each text with its number in the order in which they came."""

    def __init__(self) -> None:
        self.size = 0
        self._rows = TEXTS
        self._beside = _ROW + self._rows.bit_length() - 1
        self._doubled = 0
        self._marks = bytearray(self._rows * SLOTS)
        self._texts = array("I", bytes(4 * self._rows * SLOTS))
        self._many: dict[int, array[int]] = {}

    def add(self, numbers: Iterable[int]) -> None:
        """One more text. numbers: its shingles."""
        if self.size == self._rows and self._doubled < _DOUBLINGS:
            self._double()
        marks, last, many, text, beside = self._marks, self._rows - 1, self._many, self.size, self._beside
        for number in numbers:
            known = many.get(number)
            if known is not None:
                if len(known) < MANY:
                    known.append(text)
                continue
            row = (number >> _ROW & last) * SLOTS
            mark = (number >> _MARK) % 255 + 1
            if marks.count(mark, row, row + SLOTS) == FEW:
                many[number] = self._taken_out(mark, row)
                many[number].append(text)
            elif (free := marks.find(0, row, row + SLOTS)) >= 0:
                marks[free] = mark
                self._texts[free] = (number >> beside & 255) << _TEXT | text
        self.size += 1

    def found(self, numbers: Iterable[int]) -> list[int]:
        """The texts that share a shingle with these, in order, each once."""
        found: set[int] = set()
        many: list[array[int]] = []
        texts, last, known_of, find = self._texts, self._rows - 1, self._many.get, self._marks.find
        for number in numbers:
            known = known_of(number)
            if known is not None:
                many.append(known)
                continue
            row, mark = (number >> _ROW & last) * SLOTS, (number >> _MARK) % 255 + 1
            place = find(mark, row, row + SLOTS)
            while place >= 0:
                found.add(texts[place] & _LAST)
                place = find(mark, place + 1, row + SLOTS)
        found |= _shared(many)
        return sorted(found)

    def _taken_out(self, mark: int, row: int) -> array[int]:
        """The texts of a mark in a row, which it leaves."""
        places = [place for place in range(row, row + SLOTS) if self._marks[place] == mark]
        for place in places:
            self._marks[place] = 0
        return array("I", [self._texts[place] & _LAST for place in places])

    def _double(self) -> None:
        """Twice as many rows: the second half begins as a copy, and each mark stays in one of both."""
        size = len(self._marks)
        marks = int.from_bytes(self._marks, "little")
        beside = self._texts.tobytes()[_HIGHEST :: self._texts.itemsize]
        first = marks & int.from_bytes(beside.translate(_STAYS[self._doubled]), "little")
        self._marks = bytearray(first.to_bytes(size, "little") + (marks ^ first).to_bytes(size, "little"))
        self._texts = self._texts * 2
        self._rows *= 2
        self._doubled += 1


def _shared(many: Iterable[array[int]]) -> set[int]:
    """The texts that more than one of the `MOST` shortest of these have."""
    seen: set[int] = set()
    shared: set[int] = set()
    for texts in sorted(many, key=lambda texts: (len(texts), texts))[:MOST]:
        shared |= seen.intersection(texts)
        seen.update(texts)
    return shared
