"""The replicas of one model, as one provider: every request goes to the replica with the shortest queue.

Rule: a request is with one replica at a time. A replica that dies (its process, its machine) fails the requests that it
had as a broken connection would: the lane asks them again, within rate and budget, and they go to another replica. A
new one is started in its place. Three deaths in a row without a single answer end a place; when no place is left, the
run ends with the reason.

Mechanism: each place has a task that starts an actor, waits until it is ready and then listens for answers
(`Replica.give`); requests that come up in one turn of the event loop travel together. Nothing is started before the
first request, so that a run that only replays its journal needs no cluster.

Not covered: how often a request is asked again (`llm/retry.py`), how many are in flight (`llm/limits.py`).
"""

from __future__ import annotations

import asyncio
import copy
import itertools
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from satsuma import __version__
from satsuma.cluster.causes import cannot_start, cause_of, on_machine
from satsuma.cluster.handle import Handle
from satsuma.cluster.joining import join, leave
from satsuma.cluster.sizing import CPUS, Size, machines
from satsuma.cluster.wire import Failure, Refused
from satsuma.errors import ModelError, SatsumaError
from satsuma.llm.provider import Answer, CallFailed, FailureKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from satsuma.cluster.handle import Actor
    from satsuma.cluster.sizing import Machine
    from satsuma.cluster.wire import Order, Ready, Told
    from satsuma.llm.request import Request

DEATHS = 3
"""Replicas of one place that may die one after the other without an answer."""
LATE = 60.0
"""Seconds after which is said that no replica is ready yet."""
FAREWELL = 5.0
"""Seconds that replicas are given to let go of their models."""


@dataclass(slots=True, eq=False)
class _Place:
    """A replica and what it has to do. outbox: numbers that go out in this turn of the loop."""

    actor: Actor
    pending: set[int] = field(default_factory=set)
    outbox: list[int] = field(default_factory=list)
    answered: int = 0
    where: str = "a machine"


@dataclass(slots=True, eq=False)
class _Asked:
    """A request and who waits for its answer."""

    request: Request
    answer: asyncio.Future[Answer]


class Fleet:
    """The replicas of one model.

    identity: as the user names it. address: of the cluster. size: replicas, from the machines that there are. note:
    takes lines for people.
    """

    def __init__(
        self,
        identity: str,
        order: Order,
        address: str,
        size: Callable[[Sequence[Machine]], Size],
        note: Callable[[str], None] | None = None,
    ) -> None:
        self._identity, self._order, self._address = identity, order, address
        self._size = size
        self._note = note or (lambda _: None)
        self._told: set[str] = set()
        self._numbers = itertools.count()
        self._asked: dict[int, _Asked] = {}
        self._waiting: deque[int] = deque()
        self._ready: list[_Place] = []
        self._started: asyncio.Task[None] | None = None
        self._joined = False
        self._tending: set[asyncio.Task[None]] = set()
        self._actors: set[Actor] = set()
        self._left = 0
        self._broken: SatsumaError | None = None
        self._late: asyncio.TimerHandle | None = None

    async def complete(self, request: Request) -> Answer:
        """Answer a request, by whichever replica has least to do.

        Raises:
            CallFailed: the attempt failed, or its replica died.
            ModelError: no replica can answer.
            ClusterError: there is no cluster.
        """
        if self._started is None:
            self._started = asyncio.create_task(self._start())
        await asyncio.shield(self._started)
        if self._broken is not None:
            raise copy.copy(self._broken)
        number = next(self._numbers)
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._asked[number] = _Asked(request, answer)
        self._waiting.append(number)
        self._distribute()
        try:
            return await answer
        finally:
            del self._asked[number]
            for place in self._ready:
                place.pending.discard(number)

    async def close(self) -> None:
        """End the replicas, and leave the cluster."""
        if self._late is not None:
            self._late.cancel()
        if self._started is not None:
            await asyncio.gather(self._started, return_exceptions=True)
        for task in self._tending:
            task.cancel()
        await asyncio.gather(*self._tending, return_exceptions=True)
        farewells = [asyncio.ensure_future(place.actor.close()) for place in self._ready]
        if farewells:
            await asyncio.wait(farewells, timeout=FAREWELL)
        await asyncio.gather(*(f for f in farewells if f.done()), return_exceptions=True)
        for actor in self._actors:
            actor.kill()
        self._actors.clear()
        self._ready.clear()
        if self._joined:
            self._joined = False
            await asyncio.to_thread(leave)

    async def _start(self) -> None:
        await asyncio.to_thread(join, self._address)
        self._joined = True
        size = self._size(await asyncio.to_thread(machines))
        self._left = size.replicas
        each = f", {size.gpus} GPU each" if size.gpus else ""
        self._tell(f"{self._identity}: {size.replicas} replica{'s' * (size.replicas > 1)} on Ray{each}")
        for _ in range(size.replicas):
            task = asyncio.create_task(self._tend(size))
            self._tending.add(task)
            task.add_done_callback(self._tending.discard)
        self._late = asyncio.get_running_loop().call_later(LATE, self._tell_late, size)

    async def _tend(self, size: Size) -> None:
        """Keep one place filled until the fleet ends."""
        from ray.exceptions import RayError

        deaths, cause = 0, ""
        while deaths < DEATHS and self._broken is None:
            place = _Place(Handle(self._order, size))
            self._actors.add(place.actor)
            try:
                await self._serve(place)
            except SatsumaError as error:
                self._break(error)
            except (RayError, RuntimeError) as error:  # a worker that cannot import the class: RuntimeError
                if (unusable := cannot_start(f"a replica of {self._identity}", error)) is not None:
                    self._break(unusable)
                deaths = 1 if place.answered else deaths + 1
                cause = cause_of(error)
                self._lose(place, cause)
        self._left -= 1
        if not self._left:
            self._break(
                ModelError(
                    f"the replicas of {self._identity} die before they answer: {cause}",
                    "`ray logs` on the cluster's machines tells why; often it is memory. The same command goes on.",
                )
            )

    async def _serve(self, place: _Place) -> None:
        """Let a replica in, and listen to it as long as it lives.

        Raises:
            RayError: it died.
            ModelError: it cannot open the model, or refuses for good.
        """
        ready = await place.actor.begin()
        self._check(ready)
        place.where = f"{ready.node} (process {ready.pid})"
        self._ready.append(place)
        self._distribute()
        while True:
            told, notes = await place.actor.give()
            place.answered += len(told)
            for line in notes:
                self._tell(line)
            for each in told:
                self._settle(place, each)

    def _check(self, ready: Ready) -> None:
        """Whether a replica can be used.

        Raises:
            ModelError: it cannot.
        """
        if ready.version != __version__:
            raise ModelError(
                f"satsuma is {ready.version} on {ready.node} and {__version__} here",
                "Install the same version on every machine of the cluster.",
            )
        if ready.refused is not None:
            raise on_machine(ready.node, self._identity, ready.refused)

    def _distribute(self) -> None:
        """Give what waits to whoever has least to do."""
        while self._waiting and self._ready:
            number = self._waiting.popleft()
            if number not in self._asked:
                continue
            place = min(self._ready, key=_length)
            place.pending.add(number)
            if not place.outbox:
                asyncio.get_running_loop().call_soon(self._send, place)
            place.outbox.append(number)

    def _send(self, place: _Place) -> None:
        numbers, place.outbox = place.outbox, []
        batch = [(number, self._asked[number].request) for number in numbers if number in self._asked]
        if batch and place in self._ready:
            place.actor.take(batch)

    def _settle(self, place: _Place, told: Told) -> None:
        place.pending.discard(told.number)
        asked = self._asked.get(told.number)
        if asked is None or asked.answer.done():
            return
        outcome = told.outcome
        if isinstance(outcome, Answer):
            asked.answer.set_result(outcome)
        elif isinstance(outcome, Failure):
            asked.answer.set_exception(outcome.raised())
        elif isinstance(outcome, Refused):
            asked.answer.set_exception(on_machine(place.where, self._identity, outcome))
        else:
            asked.answer.set_exception(RuntimeError(f"a bug in a replica on {place.where}:\n{outcome}"))

    def _lose(self, place: _Place, cause: str) -> None:
        """A replica is gone; what it had fails as if a connection had broken."""
        if place in self._ready:
            self._ready.remove(place)
        self._actors.discard(place.actor)
        place.actor.kill()  # it may only be out of reach
        if self._broken is None and place.answered:
            self._note(f"{self._identity}: a replica on {place.where} is gone; its requests are asked again")
        for number in place.pending:
            asked = self._asked.get(number)
            if asked is not None and not asked.answer.done():
                asked.answer.set_exception(
                    CallFailed(FailureKind.TRANSPORT, f"the replica on {place.where} died: {cause}")
                )

    def _break(self, error: SatsumaError) -> None:
        """Nothing can be answered any more."""
        if self._broken is not None:
            return
        self._broken = error
        for asked in self._asked.values():
            if not asked.answer.done():
                asked.answer.set_exception(copy.copy(error))

    def _tell(self, line: str) -> None:
        """Say it once, whoever says it."""
        if line not in self._told:
            self._told.add(line)
            self._note(line)

    def _tell_late(self, size: Size) -> None:
        if not self._ready and self._broken is None:
            needs = f"{size.gpus} GPU and {CPUS} CPU" if size.gpus else f"{CPUS} CPU"
            self._tell(
                f"{self._identity}: no replica has found room in {LATE:.0f} s; each needs {needs} (see `ray status`)"
            )


def _length(place: _Place) -> int:
    return len(place.pending)
