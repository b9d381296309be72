"""How the replies of one model are got, as the client sees it; what an asking came to, and what a process did so far.

A model that answers while one waits is a `Lane` (`lane.py`), one that answers later is a `Later`, a recording is
`Recorded`. All offer the same four things.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from satsuma.llm.request import Reply, Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from satsuma.errors import SatsumaError
    from satsuma.llm.parking import Parking
    from satsuma.llm.provider import Provider
    from satsuma.llm.request import Request


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an asking ended.

    attempts: calls made, 0 for a reply from a recording. seconds: from the first attempt to the reply. wasted: tokens
    of the attempts that are not the reply's. exhausted: given up because the tries ran out, rather than because of what
    was asked.
    """

    reply: Reply
    attempts: int = 1
    seconds: float = 0.0
    wasted: Usage = field(default_factory=Usage)
    exhausted: bool = False


class Route(Protocol):
    """How the replies of one model are got."""

    async def ask(self, request: Request) -> Outcome:
        """Get the reply.

        Raises:
            SatsumaError: the run ends.
        """
        ...

    def stop(self, error: Callable[[], SatsumaError]) -> None:
        """Send nothing any more; whoever waits gets a new `error()`."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...

    @property
    def in_flight(self) -> int:
        """Requests that are with the model now."""
        ...


class Later:
    """The route to a model that answers later. close: called when the run ends."""

    def __init__(self, parking: Parking, close: Callable[[], None]) -> None:
        self._parking = parking
        self._close = close

    @property
    def in_flight(self) -> int:
        """Requests that are parked."""
        return self._parking.waiting

    async def ask(self, request: Request) -> Outcome:
        """Wait for the answer, whenever it comes.

        Raises:
            Waiting: it comes after this process has ended.
        """
        return Outcome(await self._parking.reply(request))

    def stop(self, error: Callable[[], SatsumaError]) -> None:
        """Whoever is parked gets the error."""
        self._parking.stop(error())

    async def close(self) -> None:
        """Let go of the model."""
        self._close()


class Recorded:
    """The route to a recording: nothing is sent, so nothing limits it and nothing is tried twice."""

    def __init__(self, recording: Provider) -> None:
        self._recording = recording

    @property
    def in_flight(self) -> int:
        """Nothing ever is."""
        return 0

    async def ask(self, request: Request) -> Outcome:
        """The recorded reply.

        Raises:
            JournalError: there is none.
        """
        return Outcome((await self._recording.complete(request)).reply, attempts=0)

    def stop(self, error: Callable[[], SatsumaError]) -> None:
        """Nobody waits here."""

    async def close(self) -> None:
        """Let go of the recording."""
        await self._recording.close()


@dataclass(frozen=True, slots=True)
class ModelTotals:
    """What one model did in this process.

    asked: replies that were got now. attempts: calls. usage: tokens, those of failed attempts included.
    """

    asked: int = 0
    attempts: int = 0
    given_up: int = 0
    usage: Usage = field(default_factory=Usage)

    def plus(self, outcome: Outcome) -> ModelTotals:
        """The totals with one more asking."""
        return ModelTotals(
            self.asked + 1,
            self.attempts + outcome.attempts,
            self.given_up + outcome.reply.given_up,
            self.usage + outcome.reply.usage + outcome.wasted,
        )


class Account(Protocol):
    """What a run's requests cost."""

    def usd(self, models: Mapping[str, ModelTotals]) -> float | None:
        """So far, earlier processes included; None where it takes a look into the price table.

        models: what each did in this process.
        """
        ...

    def left(self) -> float | None:
        """What is left of the budget, in parts of what is spent of it; None without one."""
        ...

    def cost(self) -> float | None:
        """In all, by the journal; None if a price is unknown."""
        ...

    def close(self) -> None:
        """Nothing more is asked."""
        ...


@dataclass(frozen=True, slots=True)
class Totals:
    """What happened in this process so far.

    asked: replies that a model gave now; recorded: from a recording; replayed: those that were in the journal when it
    was opened, each time one is used. in_flight: requests with a model, or parked.
    given_up: among `asked`. attempts: calls. usd: what the run has cost, None without a price, or where it takes the
    price table, which is loaded for a budget in money and at the end only. models: the same by identity.
    """

    asked: int = 0
    recorded: int = 0
    replayed: int = 0
    in_flight: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    given_up: int = 0
    attempts: int = 0
    usd: float | None = None
    models: Mapping[str, ModelTotals] = field(default_factory=dict)

    @property
    def new(self) -> int:
        """Replies that the journal did not have."""
        return self.asked + self.recorded
