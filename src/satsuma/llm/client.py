"""The client: a request goes in, its one journaled reply comes out.

Rule: what is in the journal is returned from there; what is being asked is waited for together; everything else is
asked, committed and only then returned. A reply is paid once, whoever asks for it, however often.

Mechanism: each asking is a task of its own that ends with the commit, and tells each of those who wait for it by a
future. A caller that is cancelled leaves it behind, so a request that is on the wire is journaled even if nobody waits
for it any more. What ends the run (Ctrl-C, a refused key, too many failures) is kept as the client's end: nothing new
is sent after it, those who wait get the same error, what is in flight finishes and is journaled.

A request that the budget has no room for ends its own question only: a smaller one, of an earlier candidate, may still
fit. The stream ends at the first candidate that lacks one.

Not covered: what is asked (`ask.py`), how a model is reached (`lane.py`, `parking.py`, `replay.py`).
"""

from __future__ import annotations

import asyncio
import copy
from collections import deque
from typing import TYPE_CHECKING

from satsuma.errors import BudgetSpent, Interrupted, NotRecorded, SatsumaError, SettingsError, Stopped, Waiting
from satsuma.llm.journal import MODELS, Entry
from satsuma.llm.opening import Opening, identities
from satsuma.llm.request import Usage
from satsuma.llm.routes import ModelTotals, Totals

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from satsuma.llm.journal import Journal
    from satsuma.llm.limits import Log
    from satsuma.llm.parking import Motion
    from satsuma.llm.request import Reply, Request
    from satsuma.llm.retry import RetryPolicy
    from satsuma.llm.routes import Account, Outcome, Route
    from satsuma.settings import Settings

__all__ = ["Client", "identities", "open_client"]

WINDOW = 1000
"""Askings over which failures are counted."""
FEWEST_FAILURES = 10
"""Given-up askings that are put up with, however few were asked."""


class _Asking:
    """A request that is being asked, and everyone who waits for its reply."""

    __slots__ = ("callers", "task")

    def __init__(self, task: asyncio.Task[None]) -> None:
        self.task = task
        self.callers: list[asyncio.Future[Reply]] = []

    def settle(self, reply: Reply | None, error: BaseException | None = None) -> None:
        """Tell them: a reply, or why there is none; nothing if the asking was cancelled."""
        for caller in self.callers:
            if caller.done():
                continue
            if reply is not None:
                caller.set_result(reply)
            elif error is not None:
                caller.set_exception(error)
            else:
                caller.cancel()


class Client:
    """Journal, models, and the one place where a request becomes a reply.

    routes: identity → how it is reached. steps: step, or "" for all others → identity. retry_failed: ask again what
    was given up. account: what it costs; closed with the client.
    """

    def __init__(
        self,
        journal: Journal,
        routes: Mapping[str, Route],
        steps: Mapping[str, str],
        motion: Motion,
        *,
        retry_failed: bool = False,
        account: Account | None = None,
    ) -> None:
        self._journal = journal
        self._routes = dict(routes)
        self._steps = dict(steps)
        self._motion = motion
        self._retry_failed = retry_failed
        self._retried: set[str] = set()
        self._account = account
        self._asking: dict[str, _Asking] = {}
        self._replayed = 0
        self._recorded = 0
        self._totals = dict.fromkeys(routes, ModelTotals())
        self._recent: deque[bool] = deque(maxlen=WINDOW)
        self._ended: SatsumaError | None = None

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.drain(0)
        await self.close()

    @property
    def models(self) -> Mapping[str, str]:
        """Step, or "" for all others → identity."""
        return self._steps

    def model_for(self, step: str) -> str:
        """The identity of the model that a step asks."""
        return self._steps.get(step) or self._steps[""]

    async def reply(self, request: Request) -> Reply:
        """The reply to a request: from the journal, or asked now and journaled.

        A reply with `given_up` says why there is none.

        Raises:
            Stopped: the run ends here; nothing that was paid is lost.
            ModelError: the model refuses for good.
            JournalError: the journal cannot be read or written.
        """
        key = request.key()
        asking = self._asking.get(key)
        if asking is None:
            found = self._journal.found(key)
            if found is not None:
                reply, replayed = found
                if not (reply.error and self._retry_failed and key not in self._retried):
                    self._replayed += replayed
                    return reply
            asking = self._start(request, key)
        caller: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        asking.callers.append(caller)
        return await caller

    def stop(self) -> None:
        """Send nothing any more: those who wait get `Interrupted`; what is in flight finishes and is journaled."""
        self._end(
            Interrupted("interrupted", "Everything that was answered is saved. Run the same command again to go on.")
        )

    async def drain(self, grace: float | None = None) -> None:
        """Send nothing any more and wait for what is in flight.

        grace: seconds until what is left is cancelled; None waits until each is done or times out.
        """
        self.stop()
        if self._asking:
            await asyncio.wait([asking.task for asking in self._asking.values()], timeout=grace)
        left = tuple(self._asking.values())
        for asking in left:
            asking.task.cancel()
        await asyncio.gather(*(asking.task for asking in left), return_exceptions=True)
        for key, asking in tuple(self._asking.items()):  # cancelled before they began
            del self._asking[key]
            asking.settle(None)

    async def close(self) -> None:
        """Let go of the models' connections. The journal stays open: it is the caller's."""
        await asyncio.gather(*(route.close() for route in self._routes.values()))
        if self._account is not None:
            self._account.close()

    @property
    def ended(self) -> SatsumaError | None:
        """What ended the asking, None while it goes on."""
        return self._ended

    @property
    def totals(self) -> Totals:
        """What happened so far."""
        models = self._totals
        usage = sum((m.usage for m in models.values()), Usage())
        return Totals(
            asked=sum(m.asked for m in models.values()),
            recorded=self._recorded,
            replayed=self._replayed,
            in_flight=sum(r.in_flight for r in self._routes.values()),
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            given_up=sum(m.given_up for m in models.values()),
            attempts=sum(m.attempts for m in models.values()),
            usd=self._account.usd(models) if self._account is not None else None,
            models=dict(models),
        )

    @property
    def budget_left(self) -> float | None:
        """What is left of the budget, in parts of what is spent of it; None without one."""
        return self._account.left() if self._account is not None else None

    def cost(self) -> float | None:
        """What the run has cost by its journal, earlier processes included, in US dollars; None without a price.

        Once at the end: unlike `totals.usd`, it may have to load the price table.
        """
        return self._account.cost() if self._account is not None else None

    def _start(self, request: Request, key: str) -> _Asking:
        """Begin to ask."""
        if self._ended is not None:
            raise self._end_again()
        route = self._routes.get(request.model)
        if route is None:
            raise SettingsError(f"no model {request.model!r} was opened for this run")
        self._asking[key] = asking = _Asking(asyncio.create_task(self._carry_out(route, request, key)))
        return asking

    async def _carry_out(self, route: Route, request: Request, key: str) -> None:
        """Ask, and tell whoever waits; there may be nobody left."""
        reply: Reply | None = None
        failure: Exception | None = None
        try:
            reply = await self._ask(route, request, key)
        except Exception as error:
            failure = error
        finally:
            self._asking.pop(key).settle(reply, failure)

    async def _ask(self, route: Route, request: Request, key: str) -> Reply:
        """Ask, count, commit."""
        try:
            outcome = await route.ask(request)
            self._count(request.model, outcome)
            entry = Entry(key, request, outcome.reply, outcome.attempts, outcome.seconds, outcome.wasted)
            with self._motion:
                await self._journal.put(entry)
        except asyncio.CancelledError:
            if self._ended is None:
                raise
            raise self._end_again() from None
        except (BudgetSpent, NotRecorded, Waiting):
            raise  # these end the question, not the asking
        except SatsumaError as error:
            self._end(error)
            raise
        if outcome.reply.error:
            self._retried.add(key)
        self._judge(outcome)
        return outcome.reply

    def _count(self, model: str, outcome: Outcome) -> None:
        if outcome.attempts:
            self._totals[model] = self._totals[model].plus(outcome)
        else:
            self._recorded += 1

    def _judge(self, outcome: Outcome) -> None:
        """Stop when more than 1% of the last askings were given up: trying again does not repair what is wrong."""
        self._recent.append(outcome.exhausted)
        if not outcome.exhausted:
            return
        given_up = sum(self._recent)
        if given_up >= FEWEST_FAILURES and 100 * given_up > len(self._recent):
            self._end(
                Stopped(
                    f"{given_up} of the last {len(self._recent)} requests were given up: {outcome.reply.error}",
                    "Everything that was answered is saved. Run the same command again to go on, "
                    "with --retry-failed to ask again what was given up.",
                )
            )

    def _end(self, error: SatsumaError) -> None:
        """Nothing is sent after this."""
        if self._ended is not None:
            return
        self._ended = error
        for route in self._routes.values():
            route.stop(self._end_again)

    def _end_again(self) -> SatsumaError:
        """The end, as an exception of its own for each who gets it: a shared one would keep everybody's frames."""
        again = copy.copy(self._ended)
        return again if again is not None else Interrupted("interrupted")


def open_client(
    settings: Settings,
    journal: Journal,
    *,
    note: Callable[[str], None] | None = None,
    log: Log | None = None,
    policy: RetryPolicy | None = None,
) -> Client:
    """The client of a run: its models opened, their identities noted in the journal.

    note: takes lines for people. log: sees every failure and every change of a limit; by default the file that the
    settings name. policy: how requests are tried again; by default as often as the settings say.

    Raises:
        ModelError: there is no such provider, or its key is missing.
        SettingsError: settings that cannot be used.
        JournalError: a recording cannot be read, or the journal cannot be written.
    """
    opening = Opening(settings, journal, note, log, policy)
    try:
        steps = identities(settings)
        routes = opening.routes(steps)
        journal.set_meta(MODELS, dict(steps))
    except BaseException:
        opening.close()
        raise
    return Client(
        journal, routes, steps, opening.motion,
        retry_failed=settings.retry_failed, account=opening,
    )  # fmt: skip
