"""The way of one request to a model that answers while one waits: limiter, budget, attempt, and again.

Rule: a lane is one model's provider with its limiter and the run's budget; `ask` ends with a reply, with a reply that
says why there is none, or with the error that ends the run. The order is always the same: wait for a slot, reserve
money, send, settle, give the slot back. A pause between attempts holds no slot and no money, and who waits for money
holds no slot.

Where there is no money for all the room that a request gives its answer, less is given that will probably do
(`room.py`); an answer that it cuts off is asked for again with all of it.

An answer that was cut off (`finish_reason: length`) is asked for once more with twice the room, and never twice the
same way; what the cut one cost is counted. If the longer one cannot be had, the cut one is the reply.

A server that does not answer the door is not the request's fault: when tries run out on connections that never came
about, the run stops instead of giving the request up.

Not covered: the journal and questions that are asked twice (`client.py`).
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from satsuma.errors import ModelError
from satsuma.llm.budget import Need
from satsuma.llm.limits import NOTHING_USED
from satsuma.llm.provider import CallFailed, FailureKind
from satsuma.llm.request import Reply, Usage
from satsuma.llm.retry import VERDICTS, RetryPolicy, Verdict
from satsuma.llm.room import Room, longer, shortened
from satsuma.llm.routes import Outcome
from satsuma.llm.tokens import estimate_request, likely_tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from satsuma.errors import SatsumaError
    from satsuma.llm.budget import Budget, Reservation
    from satsuma.llm.limits import Limiter, Slot
    from satsuma.llm.parking import Motion
    from satsuma.llm.provider import Provider
    from satsuma.llm.request import Request
    from satsuma.llm.tokens import Estimate


@dataclass(slots=True)
class _Asking:
    """What has become of one asking so far.

    whole: the answer's limit must not be shortened any more. begun: when the first attempt was sent.
    """

    request: Request
    estimate: Estimate
    attempts: int = 0
    wasted: Usage = NOTHING_USED
    whole: bool = False
    begun: float = 0.0

    @property
    def seconds(self) -> float:
        """Since it was first sent."""
        return time.monotonic() - self.begun


class Lane:
    """One model that answers while one waits.

    identity: as the user names it. advice: what to do about a refused key or a wrong name, by kind. log: sees every
    failure.
    """

    def __init__(
        self,
        identity: str,
        provider: Provider,
        limiter: Limiter,
        budget: Budget,
        motion: Motion,
        *,
        policy: RetryPolicy | None = None,
        advice: Mapping[FailureKind, str] | None = None,
        log: Callable[[Mapping[str, object]], None] | None = None,
    ) -> None:
        self.identity = identity
        self._provider = provider
        self._limiter = limiter
        self._budget = budget
        self._motion = motion
        self._policy = policy or RetryPolicy()
        self._advice = advice or {}
        self._log = log
        self._reached = False
        self._room = Room()
        self._pausing: set[asyncio.Future[None]] = set()
        self._stopped: Callable[[], SatsumaError] | None = None

    @property
    def in_flight(self) -> int:
        """Requests that are with the provider now."""
        return self._limiter.in_flight

    def stop(self, error: Callable[[], SatsumaError]) -> None:
        """Send nothing any more: whoever waits gets a new `error()`; what is in flight goes on."""
        self._stopped = error
        self._limiter.stop(error)
        self._budget.stop(error)
        for pause in self._pausing:
            if not pause.done():
                pause.set_exception(error())

    async def close(self) -> None:
        """Let go of the provider's connections."""
        await self._provider.close()

    async def ask(self, request: Request) -> Outcome:
        """Ask until there is a reply, or a reason for none.

        Raises:
            ModelError: the model refuses for good, or cannot be reached.
            BudgetSpent: nothing more may be sent.
            SatsumaError: what `stop` was given.
        """
        asking = _Asking(request, estimate_request(request))
        try:
            return await self._asked(asking)
        except BaseException:
            if asking.attempts:
                self._budget.lose(self.identity, asking.attempts, asking.wasted)
            raise

    async def _asked(self, asking: _Asking) -> Outcome:
        failures, cut = 0, None
        while True:
            try:
                reply, less = await self._attempt(asking)
            except CallFailed as failure:
                failures += 1
                asking.wasted += failure.usage
                pause = self._pause(failure, failures, asking.seconds)
                self._tell(asking.request, failure, asking.attempts, pause)
                if pause is not None:
                    await self._wait(pause)
                    continue
                if cut is None:
                    return self._given_up(failure, asking)
                asking.wasted = _less(asking.wasted, cut.usage)
                return Outcome(cut, asking.attempts, asking.seconds, asking.wasted)
            if less and reply.finish_reason == "length":
                asking.wasted, asking.whole = asking.wasted + reply.usage, True
                continue
            again = None if cut is not None else longer(asking.request, reply)
            if again is None:
                return Outcome(reply, asking.attempts, asking.seconds, asking.wasted)
            cut, asking.request, asking.wasted, asking.whole = reply, again, asking.wasted + reply.usage, True

    async def _attempt(self, asking: _Asking) -> tuple[Reply, bool]:
        """One attempt, with a slot and with money; and whether its answer was given less room than the request says."""
        slot, reservation = await self._admitted(asking)
        request, less = shortened(asking.request, reservation.output_tokens)
        if asking.attempts == 0:
            asking.begun = time.monotonic()  # standing in line is no part of what a request takes
        asking.attempts += 1
        estimate, typical, used = asking.estimate, self._room.typical(None), None
        try:
            with self._motion:
                answer = await self._provider.complete(request)
            reply = _billed(answer.reply, estimate)
            used = reply.usage
            self._limiter.release(slot, None, answer.headers, used)
        except CallFailed as failure:
            self._reached = self._reached or failure.reached
            used = failure.usage = _wasted(failure, estimate, typical)
            self._limiter.release(slot, failure.kind, failure.headers, used)
            raise
        except BaseException:
            asking.wasted += Usage(estimate.likely, typical)
            self._limiter.abandon(slot)
            raise
        finally:
            self._budget.settle(reservation, used)
        self._reached = True
        self._room.learn(request.step, used.output_tokens)
        return reply, less

    async def _admitted(self, asking: _Asking) -> tuple[Slot, Reservation]:
        """A slot and money for one attempt."""
        limit, estimate = asking.request.sampling.max_tokens, asking.estimate
        size = estimate.likely, self._room.typical(limit)
        slot = await self._limiter.acquire(*size)
        most, short = self._room.limits(asking.request.step, limit)
        need = Need(self.identity, estimate.bound, most, None if asking.whole else short)
        try:
            reservation = self._budget.take(need)
        except BaseException:
            self._limiter.abandon(slot, sent=False)
            raise
        if reservation is not None:
            return slot, reservation
        self._limiter.abandon(slot, sent=False)
        reservation = await self._budget.reserve(need)
        try:
            return await self._limiter.acquire(*size), reservation
        except BaseException:
            self._budget.cancel(reservation)
            raise

    def _pause(self, failure: CallFailed, failures: int, elapsed: float) -> float | None:
        """Seconds to the next attempt, None if there is none."""
        if VERDICTS[failure.kind] is not Verdict.AGAIN:
            return None
        policy = self._policy
        if not failure.reached and not self._reached:
            policy = replace(policy, tries=min(policy.tries, policy.unreached))
        return policy.pause(failures, failure.retry_after, elapsed)

    async def _wait(self, seconds: float) -> None:
        """Wait, unless the asking is stopped."""
        if self._stopped is not None:
            raise self._stopped()
        loop = asyncio.get_running_loop()
        pause: asyncio.Future[None] = loop.create_future()
        timer = loop.call_later(seconds, _end, pause)
        self._pausing.add(pause)
        try:
            await pause
        finally:
            timer.cancel()
            self._pausing.discard(pause)

    def _given_up(self, failure: CallFailed, asking: _Asking) -> Outcome:
        """The outcome of an asking that failed for good.

        Raises:
            ModelError: no request can succeed.
        """
        verdict = VERDICTS[failure.kind]
        if verdict is Verdict.STOP or not failure.reached:
            raise self._refusal(failure)
        often = f" ({asking.attempts} tries)" if asking.attempts > 1 else ""
        finish = "content_filter" if failure.kind is FailureKind.CONTENT_FILTER else "error"
        reply = Reply("", finish, error=f"{failure.kind}: {failure.message}{often}")
        return Outcome(
            reply, asking.attempts, asking.seconds, asking.wasted, exhausted=verdict is Verdict.AGAIN
        )  # fmt: skip

    def _refusal(self, failure: CallFailed) -> ModelError:
        """The error that ends the run: what the model said, and what to do."""
        if not failure.reached:
            return ModelError(
                f"{self.identity} cannot be reached: {failure.message}",
                "Check that it runs and that the address is right (--base-url). The same command goes on from here.",
            )
        what, todo = _REFUSALS[failure.kind]
        return ModelError(f"{self.identity} {what}: {failure.message}", self._advice.get(failure.kind, todo))

    def _tell(self, request: Request, failure: CallFailed, attempt: int, pause: float | None) -> None:
        if self._log is not None:
            self._log({
                "event": "failure", "time": time.time(), "model": self.identity, "step": request.step,
                "path": request.path, "attempt": attempt, "kind": str(failure.kind), "reason": failure.message,
                "again_in": pause,
            })  # fmt: skip


_REFUSALS = {
    FailureKind.AUTH: ("refuses the key", "Check the key; `satsuma models` shows which variables are set."),
    FailureKind.BILLING: (
        "has no credit left",
        "Add credit or raise the limit at the provider; the same command goes on from here.",
    ),
    FailureKind.NOT_FOUND: (
        "is not there",
        "Check the model's name and, with --base-url, that the address ends in /v1.",
    ),
    FailureKind.BAD_REQUEST: (
        "refuses the request",
        "It would refuse every other, too. `satsuma check CARD --prompts` shows what is sent.",
    ),
}
"""What each kind that stops the run means, and what to do."""


_SENT = frozenset({FailureKind.TRANSPORT, FailureKind.TIMEOUT, FailureKind.MALFORMED})
"""Failures after which nobody knows what the provider billed."""


def _less(one: Usage, other: Usage) -> Usage:
    return Usage(one.input_tokens - other.input_tokens, one.output_tokens - other.output_tokens)


def _billed(reply: Reply, estimate: Estimate) -> Reply:
    """The reply with its usage; estimated where the provider does not say."""
    if reply.usage != NOTHING_USED:
        return reply
    return replace(reply, usage=Usage(estimate.likely, likely_tokens(reply.content)))


def _wasted(failure: CallFailed, estimate: Estimate, typical: int) -> Usage:
    """What a failed attempt is taken to have been billed for: what it says, or a guess if nothing came back."""
    if failure.usage != NOTHING_USED or not failure.reached or failure.kind not in _SENT:
        return failure.usage
    return Usage(estimate.likely, typical)


def _end(pause: asyncio.Future[None]) -> None:
    if not pause.done():
        pause.set_result(None)
