"""Models that answer later: requests are parked until nothing else can move, then handed over together.

The rule: a request to such a model waits in the parking. When no call or commit is in progress (`Motion`) and the
event loop has gone `QUIET_TURNS` turns without a new question, whatever is parked is all that cannot go on: one wave,
handed over in one exchange. What the exchange answers goes to the callers; what they ask next, and what stayed open,
is the next wave. A wave that is handed over too early is only smaller, never wrong, so there is no timer here.

An exchange that raises is the end of the asking: every caller that is parked, and every one that comes later with a
question that `look_up` cannot answer, gets the same exception.

Not covered: journaling (the client commits what it gets), and what a submitted batch needs to be found again (the
model notes it in the journal before it waits).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Protocol

from satsuma.errors import ModelError
from satsuma.llm.request import Reply, Request

QUIET_TURNS = 48
"""Turns of the event loop without a question after which everything is taken to wait."""


class LaterModel(Protocol):
    """A model that answers later: a person with a file, a provider's batch endpoint."""

    def look_up(self, request: Request) -> Reply | None:
        """The answer, if it has come in already."""
        ...

    async def exchange(self, waiting: Sequence[Request]) -> Mapping[str, Reply]:
        """Hand over everything that cannot go on and return when some of it is answered: key → reply, at least one.

        Called again with what is still open and what was asked since; a model whose work takes long has to know
        what it was given before (by key). It is cancelled when the run stops.

        Raises:
            Waiting: the answers come after this process has ended.
        """
        ...


class Motion:
    """What is in progress in one event loop; one for a client and all its parkings.

    `with motion:` surrounds every call and every commit; `stir()` tells that somebody asked something.
    """

    def __init__(self) -> None:
        self._busy = 0
        self._stirs = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def __enter__(self) -> Motion:
        self._busy += 1
        self._stirs += 1
        self._idle.clear()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._busy -= 1
        self._stirs += 1
        if not self._busy:
            self._idle.set()

    def stir(self) -> None:
        """Somebody asked something."""
        self._stirs += 1

    @property
    def busy(self) -> int:
        """Calls and commits in progress."""
        return self._busy

    async def still(self) -> None:
        """Return when nothing is in progress and the loop has gone `QUIET_TURNS` turns without a stir."""
        seen, turns = -1, 0
        while turns < QUIET_TURNS:
            await self._idle.wait()
            await asyncio.sleep(0)
            turns = turns + 1 if self._stirs == seen else 0
            seen = self._stirs


class _Parked:
    """A request and everyone who waits for it."""

    __slots__ = ("callers", "request")

    def __init__(self, request: Request) -> None:
        self.request = request
        self.callers: set[asyncio.Future[Reply]] = set()


class Parking:
    """Where the requests to one later model wait."""

    def __init__(self, model: LaterModel, motion: Motion) -> None:
        self._model = model
        self._motion = motion
        self._parked: dict[str, _Parked] = {}
        self._attendant: asyncio.Task[None] | None = None
        self._ended: BaseException | None = None

    @property
    def waiting(self) -> int:
        """Requests that are parked."""
        return len(self._parked)

    async def reply(self, request: Request, key: str = "") -> Reply:
        """The answer to a request, whenever it comes. `key` saves computing the request's.

        Raises:
            SatsumaError: what the model's exchange raised (`Waiting` for a file), or what `stop` was given.
        """
        self._motion.stir()
        found = self._model.look_up(request)
        if found is not None:
            return found
        if self._ended is not None:
            raise self._ended.with_traceback(None)  # one exception for thousands of callers keeps no frames
        key = key or request.key()
        parked = self._parked.setdefault(key, _Parked(request))
        caller: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        parked.callers.add(caller)
        if self._attendant is None or self._attendant.done():
            self._attendant = asyncio.create_task(self._attend(), name="satsuma parking")
        try:
            return await caller
        finally:
            self._leave(key, parked, caller)

    def stop(self, error: BaseException) -> None:
        """End the asking: whoever is parked gets `error`, an exchange in progress is cancelled."""
        self._end(error)
        if self._attendant is not None:
            self._attendant.cancel()

    def _leave(self, key: str, parked: _Parked, caller: asyncio.Future[Reply]) -> None:
        """A caller has its answer or was cancelled; a request that nobody waits for is not asked any more."""
        parked.callers.discard(caller)
        if not parked.callers and self._parked.get(key) is parked:
            del self._parked[key]

    async def _attend(self) -> None:
        """Hand over wave after wave until nobody waits."""
        try:
            while self._parked:
                await self._motion.still()
                self._motion.stir()  # another parking waits for what this exchange may bring at once
                wave = {key: parked.request for key, parked in self._parked.items()}
                if wave:
                    self._hand_out(wave, await self._model.exchange(tuple(wave.values())))
        except asyncio.CancelledError:
            for caller in self._clear():
                caller.cancel()
            raise
        except Exception as error:
            self._end(error)

    def _hand_out(self, wave: Mapping[str, Request], replies: Mapping[str, Reply]) -> None:
        if wave.keys().isdisjoint(replies):
            raise ModelError(f"the model handed back none of the {len(wave)} answers it was asked for")
        for key, reply in replies.items():
            parked = self._parked.pop(key, None)
            for caller in parked.callers if parked is not None else ():
                if not caller.done():
                    caller.set_result(reply)

    def _end(self, error: BaseException) -> None:
        self._ended = self._ended or error
        for caller in self._clear():
            caller.set_exception(self._ended)

    def _clear(self) -> list[asyncio.Future[Reply]]:
        """Everyone who still waits; the parking is empty after it."""
        parked, self._parked = self._parked, {}
        return [caller for one in parked.values() for caller in one.callers if not caller.done()]
