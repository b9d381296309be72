"""Requests become batches: packed up to the provider's limits and the budget's, noted, submitted.

A submission that fails in a way that leaves open whether it was received is never repeated: the batch counts as under
way until it is found by its name or is certain not to exist (`batch_waiting.py`).
"""

from __future__ import annotations

import asyncio
import secrets
import time
from typing import TYPE_CHECKING

from satsuma.errors import BudgetSpent
from satsuma.llm import batch_notes as notes
from satsuma.llm.batch_book import requests
from satsuma.llm.budget import Need
from satsuma.llm.provider import CallFailed, FailureKind
from satsuma.llm.request import Reply
from satsuma.llm.retry import VERDICTS, Verdict
from satsuma.llm.room import UNLIMITED
from satsuma.llm.tokens import estimate_request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from satsuma.llm.batch_api import BatchApi
    from satsuma.llm.batch_book import Book
    from satsuma.llm.budget import Reservation
    from satsuma.llm.journal_schema import Batch

ROUNDS = 3
"""Batches in which a request is submitted at most."""
_UNCLEAR = (FailureKind.TRANSPORT, FailureKind.TIMEOUT, FailureKind.MALFORMED, FailureKind.OVERLOAD)


class Sender:
    """Submits the batches of one model."""

    def __init__(self, api: BatchApi, book: Book) -> None:
        self._api = api
        self._book = book
        self._most_requests, self._most_bytes = api.most_requests, api.most_bytes

    async def submit(self, keys: Sequence[str]) -> None:
        """Submit requests, in as many batches as it takes, as far as the budget goes.

        Raises:
            BudgetSpent: it does not go for one, and nothing is under way.
        """
        book = self._book
        left = [key for key in keys if not self._used_up(key)]
        while left and book.ended is None and not (book.crowded and book.under_way):
            if book.crowded:
                self._most_requests = min(self._most_requests, book.crowded)
                await asyncio.sleep(book.means.pace.longest)
            name = f"satsuma-{secrets.token_hex(8)}"
            lines, most = await self._packed(name, left)
            if not lines:
                return
            await self._send(notes.draft(name, book.origin, most, book.longer), lines)
            left = [key for key in left[len(lines) :] if key not in book.came]

    def _used_up(self, key: str) -> bool:
        """Give a request up that has had its chances."""
        account = self._book.account(key)
        if len(account.batches) < ROUNDS + self._book.lessons:
            return False
        account.exhausted = True
        why = account.why or "no answer came"
        self._book.came[key] = Reply("", "error", error=f"{why} (in {len(account.batches)} batches)")
        return True

    async def _packed(self, name: str, keys: Sequence[str]) -> tuple[list[bytes], dict[str, notes.Most]]:
        """The lines of the first requests: as many as a batch takes and the budget allows; what each may use."""
        book = self._book
        lines: list[bytes] = []
        most: dict[str, notes.Most] = {}
        size = 0
        for key in keys[: self._most_requests]:
            request = book.requests[key]
            line = self._api.line(request, name)
            size += len(line) + 1
            if lines and size > self._most_bytes:
                break
            limit = request.sampling.max_tokens or max(UNLIMITED, 2 * book.longest)
            tokens = (estimate_request(request).bound, limit)
            reservation = await self._reserved(tokens, others=bool(lines or book.under_way))
            if reservation is None:
                break
            book.reserved[key], most[key] = reservation, tokens
            lines.append(line)
        return lines, most

    async def _reserved(self, tokens: notes.Most, *, others: bool) -> Reservation | None:
        """Set money aside; None if there is none before the `others` that this model was asked are settled."""
        budget, need = self._book.means.budget, Need(self._book.origin.model, *tokens)
        if not others:
            return await budget.reserve(need)
        try:
            return budget.take(need)
        except BudgetSpent:
            return None

    async def _send(self, draft: Batch, lines: Sequence[bytes]) -> None:
        """Submit one batch: noted before, and after."""
        book, policy = self._book, self._book.means.policy
        await book.note(draft)

        async def begin() -> None:
            await book.note(notes.sending(draft))

        failures, begun = 0, time.monotonic()
        while True:
            try:
                remote = await self._api.submit(draft.name, lines, begin)
                break
            except CallFailed as failure:
                batch = book.under_way[draft.name]
                if batch.state == notes.SUBMITTING and failure.reached and failure.kind in _UNCLEAR:
                    book.tell(f"batch {draft.name} may have been received or not ({failure.message}): looking for it")
                    return
                failures += 1
                pause = policy.pause(failures, failure.retry_after, time.monotonic() - begun)
                if pause is None or VERDICTS[failure.kind] is not Verdict.AGAIN:
                    await self._refused(batch, failure)
                    return
                book.log("failure", batch, kind=str(failure.kind), reason=failure.message, again_in=pause)
            await asyncio.sleep(pause)
        await book.received(notes.received(book.under_way[draft.name], remote))
        book.crowded = 0
        book.tell(f"submitted batch {remote.id}: {requests(len(lines))} of {book.origin.model}")

    async def _refused(self, batch: Batch, failure: CallFailed) -> None:
        """A batch was refused: its requests are free again, or given up, or this is the end."""
        book, verdict = self._book, VERDICTS[failure.kind]
        await book.withdraw(batch)
        if failure.kind is FailureKind.CONTEXT_LENGTH and len(batch.keys) > 1:
            self._most_requests = len(batch.keys) // 2
        elif verdict is Verdict.GIVE_UP:
            book.came.update({key: given_up(failure) for key in batch.keys})
        elif verdict is Verdict.AGAIN and book.under_way:
            book.crowded = self._most_requests
        else:
            book.ended = book.refusal(failure)


def given_up(failure: CallFailed) -> Reply:
    """The reply that says why a request can never be answered."""
    finish = "content_filter" if failure.kind is FailureKind.CONTENT_FILTER else "error"
    return Reply("", finish, error=f"{failure.kind}: {failure.message}")
