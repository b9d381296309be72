"""`batch:PROVIDER/NAME`: a model that is asked by the provider's batch API, at half the price and within a day.

The rule: what cannot go on is submitted together, and nothing is submitted twice. A batch is noted in the journal
before it is sent, under a name of ours that goes along, and with the provider's id as soon as that is known. A process
that finds notes of an earlier one waits for those batches first; one that may or may not have been received is looked
for by its name, and only when it is certain that it does not exist are its requests free again.

Results belong to requests by key, never by position. What came is used, whatever became of the rest: a request without
an answer (expired, overloaded, left out) is submitted again, at most `ROUNDS` times in all, and then given up; one
that is refused for good ends the run, as it would outside of a batch.

The parts: how an API is spoken to (`batch_api.py`, one file for each provider), what notes mean (`batch_notes.py`),
what is under way (`batch_book.py`), submitting (`batch_sending.py`), waiting and reading (`batch_waiting.py`).

Not covered: the journal of replies (the client's). What came and was not asked for yet is held in memory.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from satsuma.llm.batch_book import Book
from satsuma.llm.batch_sending import Sender
from satsuma.llm.batch_waiting import Watcher
from satsuma.llm.parking import Parking
from satsuma.llm.request import Usage
from satsuma.llm.routes import Outcome
from satsuma.llm.tokens import estimate_request, likely_tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from satsuma.errors import SatsumaError
    from satsuma.llm.batch_api import BatchApi
    from satsuma.llm.batch_book import Means
    from satsuma.llm.batch_notes import Origin
    from satsuma.llm.parking import Motion
    from satsuma.llm.request import Reply, Request


class BatchModel:
    """A model behind a batch API: a `LaterModel`."""

    def __init__(self, api: BatchApi, origin: Origin, means: Means) -> None:
        self.book = Book(origin, means)
        self._api = api
        self._sender = Sender(api, self.book)
        self._watcher = Watcher(api, self.book)

    def look_up(self, request: Request) -> Reply | None:
        """The answer, if it has come already; handed out once, since the journal has it from then on."""
        return self.book.came.pop(request.key(), None) if self.book.came else None

    async def exchange(self, waiting: Sequence[Request]) -> Mapping[str, Reply]:
        """Submit what is not under way, and return when some of what waits is answered: key → reply.

        Raises:
            ModelError: the model refuses for good.
            BudgetSpent: nothing more may be sent.
            Stopped: a batch was cancelled.
            Waiting: the provider cannot be reached.
        """
        book = self.book
        wave = {request.key(): request for request in waiting}
        book.requests.update(wave)
        while True:
            fresh = {key: book.came.pop(key) for key in wave if key in book.came}
            if fresh:
                return fresh
            if book.ended is not None:
                raise book.ended
            await self._sender.submit([key for key in wave if book.is_free(key)])
            if not book.has_news(wave):
                await self._watcher.some_end()

    async def close(self) -> None:
        """Let go of connections; batches stay under way."""
        await self._api.close()


class Batched:
    """The route to a model that is asked by batches.

    As elsewhere, an answer that was cut off is asked for once more with twice the room; that request has a key of its
    own, and the journal has its answer under the key of the first.
    """

    def __init__(self, model: BatchModel, motion: Motion) -> None:
        self._model = model
        self._parking = Parking(model, motion)

    @property
    def in_flight(self) -> int:
        """Requests that wait for an answer."""
        return self._parking.waiting

    async def ask(self, request: Request) -> Outcome:
        """Wait for the answer.

        Raises:
            SatsumaError: the run ends.
        """
        begun, key = time.monotonic(), request.key()
        first = await self._answered(request, key)
        longer = longer_request(request, first.reply)
        if longer is None:
            return replace(first, seconds=time.monotonic() - begun)
        second_key = longer.key()
        self._model.book.longer[second_key] = key
        second = await self._answered(longer, second_key)
        kept, other = (first, second) if second.reply.error else (second, first)
        return Outcome(
            kept.reply,
            first.attempts + second.attempts,
            time.monotonic() - begun,
            first.wasted + second.wasted + other.reply.usage,
        )

    def stop(self, error: Callable[[], SatsumaError]) -> None:
        """Submit nothing any more; whoever waits gets the error, which says what is under way."""
        self._parking.stop(self._model.book.parting(error()))

    async def close(self) -> None:
        """Let go of connections."""
        await self._model.close()

    async def _answered(self, request: Request, key: str) -> Outcome:
        reply = await self._parking.reply(request, key)
        account = self._model.book.take_account(key)
        if not reply.given_up and reply.usage == Usage():
            reply = replace(reply, usage=Usage(estimate_request(request).likely, likely_tokens(reply.content)))
        attempts = max(1, len(account.batches))
        return Outcome(reply, attempts, 0.0, account.wasted, account.exhausted)


def longer_request(request: Request, reply: Reply) -> Request | None:
    """The request with twice the room for its answer; None if the answer was not cut off, or nobody knows where."""
    limit = request.sampling.max_tokens or reply.usage.output_tokens
    if reply.finish_reason != "length" or not limit:
        return None
    return replace(request, sampling=replace(request.sampling, max_tokens=2 * limit))
