"""The checkpoint of a stream: what became of every candidate so far, so that a long run goes on without its journal.

The rule: deleting it changes nothing but time. It is a memory of functions of the index: the outcome of a candidate,
the verdict on its text, its row of the dataset. A run that goes on takes them from here for the candidates that it
knows, in the same order and through the same selection and writer, and computes the others. It is used only if it was
written by this version, for the same card, settings, models and seed, beside this very journal, of which a sample of
the requests is looked up.

Mechanism: an append-only file of blocks, each with a checksum; what a kill or a power cut tore is cut off. It begins at
candidate `FIRST`, so that a short run writes none: until there, the journal is quick enough. It stays when the run is
complete, for a larger n. The texts that duplicates are judged against are read after the first new requests are on
their way.

Not covered: methods whose candidates have effects besides their outcome (`Course.recalls`), and edits of satsuma's own
code without a new version. Replies that the checkpoint spares are not counted as replayed.
"""

from __future__ import annotations

import asyncio
import secrets
import struct
import zlib
from collections import deque
from collections.abc import Callable, Coroutine, Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING

import orjson

from satsuma.errors import RunError
from satsuma.run.atomic import writing
from satsuma.selecting.duplicates import Earlier, NearDuplicates
from satsuma.selecting.outcomes import Judged, judged_of, keys_of, line_of, text_of
from satsuma.selecting.selection import Outcome, Selection
from satsuma.stream import End, Known, Made
from satsuma.task.instance import Instance, Reject
from satsuma.task.written import Written

if TYPE_CHECKING:
    from satsuma.course import Make
    from satsuma.llm.journal import Journal
    from satsuma.run.state import RunState

FIRST = 2048
"""The candidate at which a checkpoint begins."""
BLOCK = 512
"""Candidates of a block; at most so many are made anew after a kill."""
SLICE = 64
"""Known texts that are remembered in one turn of the event loop."""
TOKEN = "checkpoint"  # noqa: S105 - a name
"""The journal's named value that its checkpoint repeats."""
_HEAD = struct.Struct(">III")


class Recorded(Selection):
    """A selection whose candidates a checkpoint keeps."""

    def __init__(self, n: int, weights: Mapping[str, int], seed: int, checkpoint: Checkpoint) -> None:
        super().__init__(n, weights, seed, checkpoint)
        self._checkpoint = checkpoint

    def judge(self, index: int, outcome: Outcome) -> Iterator[Instance | Written | Reject]:
        """As `Selection` does; then it is kept."""
        yield from super().judge(index, outcome)
        self._checkpoint.settled(index, outcome)


class Checkpoint:
    """What is known of a run's candidates. Judges duplicates, as `near` does where nothing is known."""

    def __init__(self, path: Path, near: NearDuplicates) -> None:
        self._path = path
        self._near = near
        self._journal: Journal | None = None
        self._wanted: RunState | None = None
        self._begins = FIRST
        self._known: Iterator[tuple[Judged | None, int]] = iter(())
        self._good = 0
        self._verdicts: dict[int, tuple[Earlier | None, bytes]] = {}
        self._verdict: Earlier | None = None
        self._row = b""
        self._recalled = 0
        self._writes = False
        self._lines: list[bytes] = []
        self._file: IO[bytes] | None = None
        self._first_made: Coroutine[object, object, Outcome | End] | None = None
        self._unread: deque[tuple[int, bytes | tuple[str, str]]] = deque()

    def open(self, journal: Journal, wanted: RunState, *, forget: bool) -> None:
        """Use the file of a run if it is this run's. forget: what it knows is not to be used.

        Raises:
            JournalError: the journal cannot be read or written.
            RunError: the file cannot be read or removed.
        """
        self._journal, self._wanted = journal, wanted
        with writing(self._path):
            if forget:
                self._path.unlink(missing_ok=True)
            if self._path.exists():
                self._known = self._recorded(self._identity(), lambda key: journal.get(key) is not None)

    def making(self, make: Make, ask: Callable[[], str]) -> Make:
        """`make`, for candidates that are not known. ask: what `make` would ask for the label with."""
        self._writes = True

        def recalled_or_made(index: int) -> Made[Outcome]:
            judged, end = next(self._known, (None, 0)) if index >= self._begins else (None, 0)
            if end:
                self._good, self._recalled = end, index + 1
            if judged is None:
                made = make(index)
                goes_on = 0 < self._recalled == index
                if not goes_on or isinstance(made, Known):
                    return made
                self._first_made = made
                return self._held(made)
            if ask() != judged.outcome.asked:
                raise RunError(
                    f"the checkpoint {self._path} does not fit its run", "Delete it and run the same command again."
                )
            if judged.outcome.instance is not None:
                self._verdicts[judged.outcome.instance.index] = judged.earlier, judged.text
            return Known(judged.outcome)

        return recalled_or_made

    def first(self, text: str, index: int, own: str = "") -> Earlier | None:
        """As `Duplicates` has it; of a known text without looking."""
        if index in self._verdicts:
            earlier, unread = self._verdicts.pop(index)
            if earlier is None:
                self._unread.append((index, unread or (text, own)))
            return earlier
        self._read_some(len(self._unread))
        self._verdict = self._near.first(text, index, own)
        return self._verdict

    async def _held(self, made: Coroutine[object, object, Outcome | End]) -> Outcome | End:
        """The first candidate that is not known, held back until known texts are remembered; others go on meanwhile."""
        outcome = await made
        while self._unread:
            self._read_some(SLICE)
            await asyncio.sleep(0)
        return outcome

    def _read_some(self, count: int) -> None:
        for _ in range(min(count, len(self._unread))):
            index, unread = self._unread.popleft()
            text, own = text_of(unread) if isinstance(unread, bytes) else unread
            self._near.remember(text, index, own)

    def accepted(self, row: bytes) -> None:
        """The candidate that is being judged has this row of the dataset."""
        self._row = row

    def settled(self, index: int, outcome: Outcome) -> None:
        """The next candidate in index order has been judged.

        Raises:
            RunError: the file cannot be written.
        """
        verdict, self._verdict = self._verdict, None
        row, self._row = self._row, b""
        if not self._writes or index < max(self._begins, self._recalled):
            return
        self._lines.append(line_of(outcome, verdict, row))
        if len(self._lines) == BLOCK:
            self._flush()

    def close(self) -> None:
        """Write what is pending, and let go.

        Raises:
            RunError: it cannot be written.
        """
        if self._first_made is not None:
            self._first_made.close()  # its task may have been cancelled before it began
        with writing(self._path):
            self._flush()
            if self._file is not None:
                self._file.close()
                self._file = None

    def _flush(self) -> None:
        if not self._lines:
            return
        with writing(self._path):
            if self._file is None:
                self._file = self._opened()
            body = zlib.compress(b"\n".join(self._lines), 1)
            self._file.write(_HEAD.pack(len(body), zlib.crc32(body), len(self._lines)) + body)
            self._file.flush()
        self._lines.clear()

    def _opened(self) -> IO[bytes]:
        """The file, to append to what of it was used; nothing of it was if this is another run's."""
        file = self._path.open("r+b" if self._good else "wb")
        if self._good:
            file.truncate(self._good)
            file.seek(self._good)
        else:
            file.write(self._identity())
        return file

    def _identity(self) -> bytes:
        """A line that is another one for every run whose candidates could be others; n is no part of it."""
        journal, run = self._journal, self._wanted
        if journal is None or run is None:
            raise RuntimeError("the checkpoint has not been opened")
        token = journal.meta(TOKEN)
        if token is None:
            token = secrets.token_hex(16)
            journal.set_meta(TOKEN, token)
        told = {
            "checkpoint": 2, "first": self._begins, "journal": token, "satsuma": run.versions.get("satsuma"),
            "seed": run.seed, "lag": run.lag, "card": run.fingerprint, "settings": run.settings, "models": run.models,
        }  # fmt: skip
        return orjson.dumps(told, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)

    def _recorded(self, identity: bytes, is_journaled: Callable[[str], bool]) -> Iterator[tuple[Judged | None, int]]:
        """What is known of one candidate after the other, with the end of the blocks that it takes to know it."""
        with self._path.open("rb") as file:
            if file.read(len(identity)) != identity:
                return
            while (block := _block(file)) is not None:
                judged = [judged_of(line) for line in block]
                last = judged[-1]
                if last is not None and not all(map(is_journaled, keys_of(last.outcome))):
                    return
                end = file.tell()
                yield from ((each, end) for each in judged)


def _block(file: IO[bytes]) -> list[bytes] | None:
    """The lines of the next block; None where there is none, or only a torn one."""
    head = file.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    length, checksum, count = _HEAD.unpack(head)
    body = file.read(length)
    if len(body) < length or zlib.crc32(body) != checksum:
        return None
    lines = zlib.decompress(body).split(b"\n")
    return lines if len(lines) == count else None
