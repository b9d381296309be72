"""What was decided on the names of contexts, so that a run that goes on does not search for each of them again.

Names are decided on in an order that is always the same, so each verdict has a number. Whoever keeps the lines gives
them back, and as long as the names are the same ones, the verdicts are. From the first other name on, or the first
number that is not there, they are found anew; what is there twice counts once.
"""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import orjson

from satsuma.targen.repeats import Names

UNTOLD = b"null"
"""A verdict that JSON cannot hold, for a lone surrogate."""


class _Verdict(NamedTuple):
    number: int
    digest: int
    earlier: str | None


class DecidedNames:
    """`Names`, whose verdicts are kept and may be recalled."""

    def __init__(self) -> None:
        self._names = Names()
        self._asked = 0
        self._known: deque[_Verdict] = deque()
        self._unread: list[tuple[str, Sequence[str]]] = []
        self._new: list[bytes] = []

    def recall(self, lines: Iterable[bytes]) -> None:
        """Take the first verdicts from these lines, before any is asked for."""
        for line in lines:
            told = orjson.loads(line)
            if told is None or told[0] > len(self._known):
                return
            if told[0] == len(self._known):
                self._known.append(_Verdict(*told))

    def taken(self) -> list[bytes]:
        """The lines of the verdicts that were found since this was called last, in order."""
        new, self._new = self._new, []
        return new

    def repeated(self, name: str, within: Sequence[str]) -> str | None:
        """As `Likeness` has it."""
        number, digest = self._asked, _digest(name)
        self._asked += 1
        if self._known:
            verdict = self._known.popleft()
            if verdict.digest == digest:
                if verdict.earlier is None:
                    self._unread.append((name, within))
                return verdict.earlier
            self._known.clear()
        for known in self._unread:
            self._names.remember(*known)
        self._unread.clear()
        earlier = self._names.repeated(name, within)
        self._new.append(_line(_Verdict(number, digest, earlier)))
        return earlier


def _digest(name: str) -> int:
    return zlib.crc32(name.encode("utf-8", "surrogatepass"))


def _line(verdict: _Verdict) -> bytes:
    try:
        return orjson.dumps(tuple(verdict))
    except TypeError:
        return UNTOLD
