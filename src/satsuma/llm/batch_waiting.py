"""Batches that are under way: looked at until one has ended, and then read.

These APIs tell nobody when they are done, so this is the one place that asks again and again, at growing intervals,
one small request for each batch. What came of a batch is judged request by request, as it would be outside of a batch.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from satsuma.errors import ModelError, Stopped, Waiting
from satsuma.llm import batch_notes as notes
from satsuma.llm.batch_api import Result, Sought
from satsuma.llm.batch_book import SAME, requests
from satsuma.llm.batch_sending import given_up
from satsuma.llm.provider import CallFailed, FailureKind
from satsuma.llm.request import Usage
from satsuma.llm.retry import VERDICTS, Verdict

if TYPE_CHECKING:
    from satsuma.llm.batch_api import BatchApi, Remote
    from satsuma.llm.batch_book import Book
    from satsuma.llm.journal_schema import Batch


class Watcher:
    """Waits for the batches of one model."""

    def __init__(self, api: BatchApi, book: Book) -> None:
        self._api = api
        self._book = book
        self._unreachable = 0.0

    async def some_end(self) -> None:
        """Return when a batch has ended and been read, or is certain not to exist; at once if none is under way.

        Raises:
            ModelError: the provider does not let us see a batch.
            Waiting: it cannot be reached.
        """
        book, pause = self._book, self._book.means.pace.first
        while book.under_way:
            before = len(book.under_way)
            for batch in tuple(book.under_way.values()):
                remote = await self._looked(batch)
                if remote is not None and remote.ended:
                    await self._collect(book.under_way[batch.name], remote)
            if len(book.under_way) < before:
                return
            await asyncio.sleep(pause)
            pause = book.means.pace.next(pause)

    async def _looked(self, batch: Batch) -> Remote | None:
        """How a batch stands; None if nobody says, or it does not exist."""
        book = self._book
        try:
            remote = await (self._api.look(batch.remote) if batch.remote else self._found(batch))
        except CallFailed as failure:
            self._bear(failure, batch)
            return None
        self._unreachable = 0.0
        if remote is not None:
            if not remote.cancelled:
                book.expected.discard(batch.name)
            if (remote.id, remote.state) != (batch.remote, batch.state):
                await book.received(notes.received(batch, remote))
        return remote

    async def _found(self, batch: Batch) -> Remote | None:
        """A batch of which nobody knew whether it was received; withdrawn when it certainly was not."""
        known = frozenset(b.remote for b in self._book.means.journal.batches() if b.remote)
        sought = Sought(batch.name, len(batch.keys), notes.sent_at(batch), known)
        settled = time.time() - sought.since >= self._book.means.pace.settle
        found = await self._api.find(sought)
        if found.remote is None and not found.possible and settled:
            await self._book.withdraw(batch)
        return found.remote

    def _bear(self, failure: CallFailed, batch: Batch) -> None:
        """Put up with a failure to hear of a batch, for as long as the patience lasts."""
        book, now = self._book, time.monotonic()
        if failure.kind is FailureKind.NOT_FOUND:
            raise ModelError(
                f"batch {batch.remote} of {book.origin.model} is not there: {failure.message}",
                "Check that the key is of the account that submitted it. If it is gone for good, "
                f"`satsuma batches RUN {batch.remote} --forget` gives it up, and the same command submits it anew.",
            )
        if VERDICTS[failure.kind] is not Verdict.AGAIN:
            raise book.refusal(failure)
        book.log("failure", batch, kind=str(failure.kind), reason=failure.message)
        self._unreachable = self._unreachable or now
        if now - self._unreachable >= book.means.pace.patience:
            raise book.parting(Waiting(f"{book.origin.model} cannot be reached: {failure.message}"))

    async def _collect(self, batch: Batch, remote: Remote) -> None:
        """Read the results, note what may be asked again, and let go of the batch."""
        book, owed = self._book, self._book.owed(batch)
        results = await self._read(remote, batch, frozenset(owed))
        missing = remote.failure or CallFailed(FailureKind.OVERLOAD, "the batch ended without an answer to it")
        unanswered: dict[str, str] = {}
        for key in owed:
            why = self._judged(key, results.get(key) or Result(key, None, missing))
            if why:
                unanswered[key] = book.account(key).why = why
        if not notes.is_read(batch):
            await book.note(notes.read(batch, remote, unanswered))
        book.close(batch)
        answered = len(owed) - len(unanswered)
        book.tell(f"batch {remote.id} {remote.state}: {answered:,} of {requests(len(owed))} answered")
        book.log("batch", batch, state=remote.state, answered=answered, unanswered=len(unanswered))
        self._afterwards(batch, remote)

    async def _read(self, remote: Remote, batch: Batch, owed: frozenset[str]) -> dict[str, Result]:
        """The results by key; the first for a key counts.

        Raises:
            ModelError: the provider refuses to hand them out.
            Waiting: it cannot be reached.
        """
        book, failures, begun = self._book, 0, time.monotonic()
        while True:
            results: dict[str, Result] = {}
            try:
                async for result in self._api.results(remote):
                    if result.key in owed:
                        results.setdefault(result.key, result)
                return results
            except CallFailed as failure:
                self._bear(failure, batch)
                failures += 1
                pause = book.means.policy.pause(failures, failure.retry_after, time.monotonic() - begun)
                if pause is None:
                    error = Waiting(f"the results of batch {remote.id} cannot be read: {failure.message}", SAME)
                    raise book.parting(error) from None
            await asyncio.sleep(pause)

    def _judged(self, key: str, result: Result) -> str:
        """Keep an answer, or say why the request may be asked again."""
        book, reply = self._book, result.reply
        failure = result.failure or CallFailed(FailureKind.MALFORMED, "no answer came")
        usage = failure.usage if reply is None else reply.usage
        if (reservation := book.reserved.pop(key, None)) is not None:
            unknown = reply is not None and usage == Usage()
            book.means.budget.settle(reservation, None if unknown else usage)
        if reply is not None:
            book.longest = max(book.longest, usage.output_tokens)
            book.came[key] = reply
            return ""
        book.account(key).wasted += usage
        verdict = VERDICTS[failure.kind]
        if verdict is Verdict.GIVE_UP:
            book.came[key] = given_up(failure)
            return ""
        if verdict is Verdict.STOP and not self._learned(key, result):
            book.ended = book.ended or book.refusal(failure)
        return f"{failure.kind}: {failure.message}"

    def _learned(self, key: str, result: Result) -> bool:
        """Whether a refusal taught something, now or as the refusal of another request in the batch."""
        book, request = self._book, self._book.requests.get(key)
        if request is None or not result.body:
            return False
        if self._api.learn(request, result):
            book.lessons += 1
            return True
        return book.lessons > 0 and result.failure is not None and result.failure.kind is FailureKind.BAD_REQUEST

    def _afterwards(self, batch: Batch, remote: Remote) -> None:
        """What a batch that ended means for those to come."""
        book = self._book
        if remote.crowded:
            alone = not book.under_way
            book.crowded = max(1, len(batch.keys) // (2 if alone else 1))
            for key in batch.keys:
                book.account(key).batches.discard(batch.name)
            if alone and len(batch.keys) == 1:
                book.ended = Stopped(f"the queue of {book.origin.model} is full: {remote.failure}", SAME)
        if remote.cancelled and batch.name not in book.expected:
            book.ended = book.ended or Stopped(
                f"batch {remote.id} of {book.origin.model} was cancelled",
                f"{SAME} It submits again what was not answered.",
            )
