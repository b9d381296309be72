"""The book of one model's batches in this process: which are under way, what came, what each request has had.

Everything that must survive the process is noted in the journal before it is true anywhere else (`batch_notes.py`);
the book is that, in memory, with what only this process has: answers that nobody has asked for yet, and the budget's
reservations. It starts from the notes of earlier processes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from satsuma.errors import Interrupted, ModelError, SatsumaError, Waiting
from satsuma.llm import batch_notes as notes
from satsuma.llm.budget import Need
from satsuma.llm.provider import FailureKind
from satsuma.llm.request import Reply, Usage
from satsuma.llm.retry import RetryPolicy

if TYPE_CHECKING:
    from satsuma.llm.budget import Budget, Reservation
    from satsuma.llm.journal import Journal
    from satsuma.llm.journal_schema import Batch
    from satsuma.llm.provider import CallFailed
    from satsuma.llm.request import Request

SAME = "Everything that was answered is saved, and the same command goes on."
SHOWN = 3
"""Batches that a message names."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often is asked, in seconds.

    first, growth, longest: intervals between two askings. settle: how long a batch that was sent may take to appear in
    the provider's list. patience: how long the provider may be unreachable.
    """

    first: float = 5.0
    growth: float = 1.5
    longest: float = 60.0
    settle: float = 60.0
    patience: float = 3600.0

    def next(self, pause: float) -> float:
        """The interval after one."""
        return min(self.longest, pause * self.growth)


PACE = Pace()
"""How often is asked unless somebody says otherwise."""


@dataclass(frozen=True, slots=True)
class Means:
    """What batches are submitted with, and who is told. advice: what to do about a refusal, by its kind."""

    journal: Journal
    budget: Budget
    pace: Pace = field(default_factory=lambda: PACE)
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    note: Callable[[str], None] | None = None
    log: Callable[[Mapping[str, object]], None] | None = None
    advice: Mapping[FailureKind, str] = field(default_factory=dict)


@dataclass(slots=True)
class Account:
    """What became of one request.

    batches: names of those it had its chance in. exhausted: given up because they were too many. why: it had no answer
    in the last one.
    """

    batches: set[str] = field(default_factory=set)
    wasted: Usage = field(default_factory=Usage)
    exhausted: bool = False
    why: str = ""


class Book:
    """What is under way and what came, of one model. came: key → reply that nobody has asked for yet."""

    def __init__(self, origin: notes.Origin, means: Means) -> None:
        self.origin = origin
        self.means = means
        self.under_way: dict[str, Batch] = {}
        self.came: dict[str, Reply] = {}
        self.requests: dict[str, Request] = {}
        self.longer: dict[str, str] = {}
        self.reserved: dict[str, Reservation] = {}
        self.expected: set[str] = set()
        self.ended: SatsumaError | None = None
        self.crowded = 0
        self.lessons = 0
        self.longest = 0
        self._of: dict[str, str] = {}
        self._accounts: dict[str, Account] = {}
        self._resume()

    def account(self, key: str) -> Account:
        """What became of a request so far."""
        return self._accounts.setdefault(key, Account())

    def take_account(self, key: str) -> Account:
        """What became of a request that is done with."""
        self.requests.pop(key, None)
        return self._accounts.pop(key, None) or Account()

    def has_news(self, wave: Mapping[str, Request]) -> bool:
        """Whether something came for one of these requests, or the asking has ended."""
        return self.ended is not None or not self.came.keys().isdisjoint(wave)

    def is_free(self, key: str) -> bool:
        """Whether a request is in no batch that is under way."""
        return key not in self._of

    def owed(self, batch: Batch) -> list[str]:
        """Keys whose answers are expected from a batch."""
        return [key for key in batch.keys if self._of.get(key) == batch.name]

    async def note(self, batch: Batch) -> None:
        """A batch is under way, or is so in another way; in the journal when this returns."""
        self.under_way[batch.name] = batch
        self._of.update(dict.fromkeys(batch.keys, batch.name) if not notes.is_read(batch) else {})
        await self.means.journal.note_batch(batch)

    async def received(self, batch: Batch) -> None:
        """The provider has the batch."""
        await self.note(batch)
        for key in self.owed(batch):
            self.account(key).batches.add(batch.name)

    async def withdraw(self, batch: Batch) -> None:
        """A batch does not exist at the provider: its requests are free, and their money is."""
        await self.note(replace(batch, state=notes.NEVER))
        for key in self.owed(batch):
            self.account(key).batches.discard(batch.name)
            if (reservation := self.reserved.pop(key, None)) is not None:
                self.means.budget.cancel(reservation)
        self.close(batch)

    def close(self, batch: Batch) -> None:
        """A batch is not under way any more."""
        self.under_way.pop(batch.name, None)
        for key in self.owed(batch):
            del self._of[key]

    def refusal(self, failure: CallFailed) -> ModelError:
        """The error that ends the run when the model refuses for good."""
        return ModelError(
            f"batch:{self.origin.model} refuses ({failure.kind}): {failure.message}",
            f"{self.means.advice.get(failure.kind, '')} {SAME}".strip(),
        )

    def parting(self, error: SatsumaError) -> SatsumaError:
        """The error, saying which batches are under way."""
        count = len(self.under_way)
        if not count:
            return error
        batches = list(self.under_way.values())[:SHOWN]
        shown = ", ".join(f"{b.remote or b.name} ({requests(len(b.keys))})" for b in batches)
        said = f"{count} batches of {self.origin.model} are" if count > 1 else f"1 batch of {self.origin.model} is"
        first = SAME if isinstance(error, Interrupted | Waiting) else error.hint
        return type(error)(
            f"{error.message}; {said} under way: {shown}{', …' if count > SHOWN else ''}",
            f"{first} `satsuma batches RUN` lists them, --cancel cancels.".strip(),
        )

    def tell(self, line: str) -> None:
        """A line for people."""
        if self.means.note is not None:
            self.means.note(line)

    def log(self, event: str, batch: Batch, **more: object) -> None:
        """A line for the log."""
        if self.means.log is not None:
            at = {"time": time.time(), "model": self.origin.model, "batch": batch.remote or batch.name}
            self.means.log({"event": event, **at, **more})

    def _resume(self) -> None:
        """Take over what earlier processes noted."""
        journal = self.means.journal
        for batch in journal.batches():
            if batch.identity == self.origin.model and notes.was_tried(batch):
                unfinished, failed = notes.unfinished(batch, journal), notes.unanswered(batch)
                for key in unfinished:
                    account = self.account(key)
                    account.batches.add(batch.name)
                    account.why = failed.get(key, account.why)
                owed = [key for key in unfinished if key not in failed]
                if owed and batch.state != notes.FORGOTTEN:
                    self._take_over(batch, owed)

    def _take_over(self, batch: Batch, owed: Sequence[str]) -> None:
        self.under_way[batch.name] = batch
        self.longer.update(notes.longer(batch))
        self.expected.add(batch.name)
        most = notes.most(batch)
        for key in owed:
            self._of[key] = batch.name
            self.reserved[key] = self.means.budget.hold(Need(self.origin.model, *most[key]))
        if notes.is_open(batch):
            self.tell(f"going on with batch {batch.remote or batch.name} of {self.origin.model}: "
                      f"{requests(len(batch.keys))}, submitted before")  # fmt: skip


def requests(count: int) -> str:
    """`1 request`, `2,000 requests`."""
    return f"{count:,} request{'s' * (count != 1)}"
