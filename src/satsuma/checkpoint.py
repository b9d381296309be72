"""The checkpoint of a stream: what became of every candidate so far, so that a long run goes on without its journal.

The rule: deleting it changes nothing but time. It is a memory of functions of the index: the outcome of a candidate,
the verdict on its text, its row of the dataset. A run that goes on takes them from here for the candidates that it
knows, and computes the others. It is used only if it was written by this version, for the same card, settings, models
and seed, beside this very journal, of which a sample of the requests is looked up.

Mechanism: candidates that are judged the same whatever n is are recalled all at once (`beginning.py`); those behind
them one by one, through the same selection and writer as new ones. It is a file of blocks (`checkpoint_file.py`). It
stays when the run is complete, for a larger n, unless that had fewer than `FIRST` candidates.

Not covered: methods whose candidates have effects besides their outcome (`Course.recalls`), and edits of satsuma's own
code without a new version. Replies that the checkpoint spares are not counted as replayed.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from satsuma.beginning import Beginning, Receivers, Writer, leads_back
from satsuma.checkpoint_file import Appended, Block, block_at, blocks
from satsuma.errors import RunError
from satsuma.run.atomic import writing
from satsuma.selecting.duplicates import Earlier, NearDuplicates
from satsuma.selecting.outcomes import NOTHING, Judged, judged_of, line_of, line_of_settled, text_of
from satsuma.selecting.selection import Outcome, Selection, Settled
from satsuma.stream import End, Known, Made
from satsuma.task.instance import Instance, Reject
from satsuma.task.written import Written

if TYPE_CHECKING:
    from satsuma.course import Decided, Make
    from satsuma.llm.journal import Journal
    from satsuma.run.state import RunState

FIRST = 2048
"""Candidates of a run that keeps its file; of a shorter one, the journal is quick enough."""
BLOCK = 512
"""Candidates of a block; at most so many are made anew after a kill."""
TOKEN = "checkpoint"  # noqa: S105 - a name
"""The journal's named value that its checkpoint repeats."""


class Recorded(Selection):
    """A selection whose candidates a checkpoint keeps."""

    def __init__(self, n: int, weights: Mapping[str, int], seed: int, checkpoint: Checkpoint) -> None:
        super().__init__(n, weights, seed, checkpoint)
        self._checkpoint = checkpoint

    def judge(self, index: int, outcome: Outcome) -> Iterator[Instance | Written | Reject]:
        """As `Selection` does; then it is kept."""
        yield from super().judge(index, outcome)
        self._checkpoint.settled(index, outcome, self.settled)


class Checkpoint:
    """What is known of a run's candidates. Judges duplicates, as `near` does where nothing is known."""

    def __init__(self, path: Path, near: NearDuplicates) -> None:
        self._path = path
        self._near = near
        self._journal: Journal | None = None
        self._wanted: RunState | None = None
        self._begins = 0
        self._complete = True
        self._handing_on: Iterator[None] = iter(())
        self._known: Iterator[tuple[Judged | None, int]] = iter(())
        self._file = Appended(path)
        self._recalled = 0
        self._judged = 0
        self._verdicts: dict[int, Earlier | None] = {}
        self._verdict: Earlier | None = None
        self._row = b""
        self._writes = self._new = False
        self._first_made: Coroutine[object, object, Outcome | End] | None = None

    def open(self, journal: Journal, wanted: RunState, *, forget: bool) -> None:
        """Use the file of a run if it is this run's. forget: what it knows is not to be used.

        Raises:
            RunError: the file cannot be removed.
        """
        self._journal, self._wanted = journal, wanted
        if forget:
            with writing(self._path):
                self._path.unlink(missing_ok=True)

    def recall(self, selection: Selection, writer: Writer, decided: Decided | None = None) -> int:
        """Bring a selection to where it stood. Returns the index of the candidate that is next.

        Rows, rejects and texts follow while that one is made (`making`), or when `complete` is called. decided: what
        else the method decides, to be recalled and kept.

        Raises:
            JournalError: the journal cannot be read or written.
            RunError: the file cannot be read.
        """
        journal, self._writes, self._new = self._opened_journal(), True, not self._path.exists()
        if decided is not None:
            self._file.decided = decided.taken
        if self._new:
            return 0

        def is_journaled(key: str) -> bool:
            return journal.get(key) is not None

        with writing(self._path):
            at, identity = partial(block_at, self._path), self._identity()
            found = Beginning.of(blocks(self._path, identity), selection.share)
            if found is not None and not found.is_journaled(at, is_journaled):
                return 0
            if found is not None:
                selection.go_on(found.tally, found.last)
                self._complete, self._handing_on = False, self._in_place(found, at, Receivers(writer, self._near))
                self._begins = self._recalled = found.tally.judged
                self._file.good = found.end
                if decided is not None:
                    decided.recall(found.decided)
            self._known = _one_by_one(blocks(self._path, identity, self._file.good), is_journaled)
        return self._begins

    def making(self, make: Make, ask: Callable[[], str]) -> Make:
        """`make`, for candidates that are not known. ask: what `make` would ask for the label with."""

        def recalled_or_made(index: int) -> Made[Outcome]:
            made = self._one_known(index, ask) or make(index)
            if index != self._begins or self._complete:
                return made
            self._first_made = first = _result_of(made) if isinstance(made, Known) else made
            return self._held(first)

        return recalled_or_made

    def _one_known(self, index: int, ask: Callable[[], str]) -> Known[Outcome] | None:
        """What became of a candidate behind those that are recalled at once, if that is known."""
        judged, end = next(self._known, (None, 0))
        if end:
            self._file.good, self._recalled = end, index + 1
        if judged is None:
            return None
        outcome = judged.outcome
        if ask() != outcome.asked:
            raise self._misfit()
        if outcome.instance is not None:
            self._verdicts[outcome.instance.index] = judged.earlier
        content, own = text_of(judged)
        return Known(replace(outcome, content=content, own=own))

    def first(self, text: str, index: int, own: str = "") -> Earlier | None:
        """As `Duplicates` has it; of a known text without looking."""
        if index not in self._verdicts:
            self._verdict = self._near.first(text, index, own)
            return self._verdict
        earlier = self._verdicts.pop(index)
        if earlier is None:
            self._near.remember(text, index, own)
        return earlier

    async def _held(self, made: Coroutine[object, object, Outcome | End]) -> Outcome | End:
        """The first candidate behind the beginning, held back until all of that is in its place; others go on."""
        outcome = await made
        for _ in self._handing_on:
            await asyncio.sleep(0)
        return outcome

    def complete(self) -> None:
        """Have all that is recalled in its place.

        Raises:
            RunError: the file cannot be read, a row cannot be written, or that failed before.
        """
        for _ in self._handing_on:
            pass
        if not self._complete:
            raise self._misfit()

    def _in_place(self, found: Beginning, at: Callable[[int], Block], to: Receivers) -> Iterator[None]:
        with writing(self._path):
            yield from found.handing_on(at, to)
        if not found.is_all_in(to):
            raise self._misfit()
        self._complete = True

    def _misfit(self) -> RunError:
        return RunError(
            f"the checkpoint {self._path} does not fit its run", "Delete it and run the same command again."
        )

    def accepted(self, row: bytes) -> None:
        """The candidate that is being judged has this row of the dataset."""
        self._row = row

    def settled(self, index: int, outcome: Outcome, counted: Settled | None) -> None:
        """The next candidate in index order has been judged. counted: what is counted of it.

        Raises:
            RunError: the file cannot be written.
        """
        verdict, self._verdict = self._verdict, None
        row, self._row = self._row, b""
        if not self._writes or index < self._recalled:
            return
        line = line_of(outcome, verdict, row)
        self._judged = index + 1
        told = NOTHING if line == NOTHING or counted is None else line_of_settled(counted)
        self._file.add(told, line, BLOCK)
        self._write()

    def close(self) -> None:
        """Write what is pending, and let go. A short run keeps no file.

        Raises:
            RunError: it cannot be written or removed.
        """
        if self._first_made is not None:
            self._first_made.close()  # its task may have been cancelled before it began
        keep = not self._new or self._judged >= FIRST
        if keep:
            self._file.pack()
            self._write()
        with writing(self._path):
            self._file.close()
            if not keep:
                self._path.unlink(missing_ok=True)

    def _write(self) -> None:
        if self._file.is_due:
            with writing(self._path):
                self._file.write(self._identity())

    def _opened_journal(self) -> Journal:
        if self._journal is None:
            raise RuntimeError("the checkpoint has not been opened")
        return self._journal

    def _identity(self) -> bytes:
        """A line that is another one for every run whose candidates could be others; n is no part of it."""
        journal, run = self._opened_journal(), self._wanted
        if run is None:
            raise RuntimeError("the checkpoint has not been opened")
        token = journal.meta(TOKEN)
        if token is None:
            token = secrets.token_hex(16)
            journal.set_meta(TOKEN, token)
        told = {
            "checkpoint": 5, "journal": token, "satsuma": run.versions.get("satsuma"), "seed": run.seed, "lag": run.lag,
            "card": run.fingerprint, "settings": run.settings, "models": run.models,
        }  # fmt: skip
        return orjson.dumps(told, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


async def _result_of(known: Known[Outcome]) -> Outcome:
    return known.result


def _one_by_one(behind: Iterable[Block], is_journaled: Callable[[str], bool]) -> Iterator[tuple[Judged | None, int]]:
    """What is known of one candidate after the other, with the end of the blocks that it takes to know it."""
    for block in behind:
        judged = [judged_of(line) for line in block.known()]
        if judged[-1] is not None and not leads_back(judged[-1], is_journaled):
            return
        yield from ((each, block.end) for each in judged)
