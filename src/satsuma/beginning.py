"""The beginning of a run that goes on: candidates that a checkpoint knows, recalled all at once.

Two passes. The first reads what is counted of each candidate and brings the selection to where it stood, so that the
next candidate can be begun: a second for a million. The second hands the rows, the rejects and the texts that
duplicates are judged against to where they belong, in index order, in the time in which the model answers the first new
requests. What comes out is what judging the candidates one by one would give.

Not covered: candidates that were rejected because there was no room, and those for which there is none now: whether
there is depends on n. The beginning ends before the first block that has one, or that ends beyond the n that is wanted.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from satsuma.checkpoint_file import Block
from satsuma.selecting.outcomes import Judged, judged_of, keys_of, settled_of, text_of
from satsuma.selecting.selection import LOOKED_BACK, Settled, Tally, rejected, repeating
from satsuma.task.instance import Instance, Reject
from satsuma.task.written import Written

SLICE = 64
"""Candidates that are handed on in one turn of the event loop."""
LOOKED_UP = 32
"""One in so many blocks is looked up in the journal, and the last."""


class Writer(Protocol):
    """Where rows and rejects go."""

    def accept(self, instance: Instance | Written) -> bytes:
        """The next instance."""
        ...

    def reject(self, reject: Reject) -> None:
        """The next reject."""
        ...


class Texts(Protocol):
    """What duplicates are judged against."""

    def remember(self, text: str, index: int, own: str = "") -> None:
        """The next text that is none."""
        ...


@dataclass(frozen=True, slots=True)
class Beginning:
    """Candidates 0 to `tally.judged` - 1.

    last: what was counted of the last `LOOKED_BACK` of them, or of all. decided: what the method decided besides.
    starts: of their blocks. end: of the last one.
    """

    tally: Tally
    last: list[Settled]
    decided: list[bytes]
    starts: list[int]
    end: int

    @classmethod
    def of(cls, blocks: Iterable[Block], share: Mapping[str, int]) -> Beginning | None:
        """The longest one for these shares; None if there is none."""
        tally, last = Tally(), deque[Settled](maxlen=LOOKED_BACK)
        decided, starts, end = list[bytes](), list[int](), 0
        for block in blocks:
            lines = block.counted()
            counts = Counter(lines)
            known = {line: one for line in counts if (one := settled_of(line)) is not None}
            settled = [known[line] for line in lines if line in known]
            if len(settled) < len(lines) or not _fits(settled, tally.accepted, share):
                break
            for line, times in counts.items():
                tally.count(known[line], times)
            last.extend(settled)
            decided += block.decided()
            starts.append(block.start)
            end = block.end
        return cls(tally, [*last], decided, starts, end) if starts else None

    def is_journaled(self, block_at: Callable[[int], Block], journaled: Callable[[str], bool]) -> bool:
        """Whether the requests that led to some of the candidates are in the journal."""
        for start in {*self.starts[::LOOKED_UP], self.starts[-1]}:
            judged = judged_of(block_at(start).known()[-1])
            if judged is None or not leads_back(judged, journaled):
                return False
        return True

    def handing_on(self, block_at: Callable[[int], Block], to: Receivers) -> Iterator[None]:
        """Hand all that is known of them to where it belongs, `SLICE` of them a turn.

        Raises:
            OSError: a block cannot be read.
        """
        for start in self.starts:
            for line in block_at(start).known():
                to.take(judged_of(line))
                if to.candidates % SLICE == 0:
                    yield

    def is_all_in(self, to: Receivers) -> bool:
        """Whether there was as much to hand on as is counted."""
        tally = self.tally
        counted = tally.judged, tally.accepted.total(), tally.rejected.total()
        return counted == (to.candidates, to.accepted, to.rejected)


class Receivers:
    """Takes candidates in index order, and hands what is known of each to where it belongs."""

    def __init__(self, writer: Writer, texts: Texts) -> None:
        self._writer = writer
        self._texts = texts
        self.candidates = 0
        self.accepted = 0
        self.rejected = 0

    def take(self, judged: Judged | None) -> None:
        """The next candidate."""
        index, self.candidates = self.candidates, self.candidates + 1
        if judged is None:
            return
        outcome, earlier, _ = judged
        for note in outcome.notes:
            self._reject(note)
        instance = outcome.instance
        if instance is None:
            self._reject(rejected(index, outcome))
        elif earlier is not None:
            self._reject(repeating(outcome, instance, earlier))
        else:
            self.accepted += 1
            self._writer.accept(instance)
            content, own = text_of(judged)
            self._texts.remember(content, instance.index, own)

    def _reject(self, reject: Reject) -> None:
        self.rejected += 1
        self._writer.reject(reject)


def leads_back(judged: Judged, journaled: Callable[[str], bool]) -> bool:
    """Whether the requests that led to a candidate are in the journal."""
    return all(map(journaled, keys_of(judged.outcome)))


def _fits(settled: list[Settled], accepted: Counter[str], share: Mapping[str, int]) -> bool:
    """Whether these candidates, after those of which so many were accepted, are judged the same for these shares."""
    if any(one.label is not None and not one.accepted for one in settled):
        return False
    more = accepted + Counter(one.label for one in settled if one.accepted and one.label is not None)
    if any(count > share.get(label, 0) for label, count in more.items()):
        return False
    return settled[-1].accepted or any(more[label] < count for label, count in share.items())
