"""One request's way to a model: tries, pauses, answers that are cut off, money that is counted."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from satsuma.errors import BudgetSpent, Interrupted, ModelError
from satsuma.llm.bill import Spent
from satsuma.llm.budget import Budget
from satsuma.llm.lane import Lane
from satsuma.llm.limits import Limiter
from satsuma.llm.parking import Motion
from satsuma.llm.provider import Answer, CallFailed, FailureKind
from satsuma.llm.request import Message, Reply, Request, Sampling, Usage
from satsuma.llm.retry import VERDICTS, RetryPolicy, Verdict
from satsuma.llm.routes import Outcome

QUICK = RetryPolicy(first=0.001, longest=0.002)
REQUEST = Request("acme/m", (Message("user", "Where to?"),), sampling=Sampling(max_tokens=10), step="instance")
GOOD = Reply("hello", usage=Usage(7, 2))
CUT = Reply("he", "length", Usage(7, 10))
AGAIN = [kind for kind, verdict in VERDICTS.items() if verdict is Verdict.AGAIN]


class Scripted:
    """A provider that answers from a list; the last answer is given for ever."""

    def __init__(self, answers: Sequence[Reply | CallFailed]) -> None:
        self.answers = list(answers)
        self.asked: list[Request] = []

    async def complete(self, request: Request) -> Answer:
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, CallFailed):
            raise answer
        return Answer(answer)

    async def close(self) -> None:
        self.answers.clear()


class Fixture:
    """A lane to a scripted provider, and everything it uses."""

    def __init__(self, *answers: Reply | CallFailed, policy: RetryPolicy = QUICK, requests: int | None = None) -> None:
        self.provider = Scripted(answers)
        self.limiter = Limiter(ceiling=4)
        self.budget = Budget(requests=requests)
        self.events: list[Mapping[str, object]] = []
        self.failed = asyncio.Event()
        self.lane = Lane(
            "acme/m", self.provider, self.limiter, self.budget, Motion(), policy=policy, log=self.log
        )  # fmt: skip

    def log(self, event: Mapping[str, object]) -> None:
        self.events.append(event)
        self.failed.set()

    def ask(self, request: Request = REQUEST) -> Outcome:
        return asyncio.run(self.lane.ask(request))

    @property
    def limits(self) -> list[int | None]:
        return [r.sampling.max_tokens for r in self.provider.asked]


def failure(kind: FailureKind = FailureKind.OVERLOAD, **more: object) -> CallFailed:
    return CallFailed(kind, f"what {kind} says", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", AGAIN)
def test_a_passing_failure_is_tried_again_and_logged(kind: FailureKind) -> None:
    fixture = Fixture(failure(kind), failure(kind), GOOD)
    outcome = fixture.ask()
    assert (outcome.reply, outcome.attempts, outcome.exhausted) == (GOOD, 3, False)
    assert [(e["kind"], e["attempt"]) for e in fixture.events if e["event"] == "failure"] == [(kind, 1), (kind, 2)]


@pytest.mark.parametrize("kind", AGAIN)
def test_when_the_tries_run_out_the_reply_says_why(kind: FailureKind) -> None:
    outcome = Fixture(failure(kind), policy=replace(QUICK, tries=3)).ask()
    assert (outcome.reply.error, outcome.exhausted) == (f"{kind}: what {kind} says (3 tries)", True)


@pytest.mark.parametrize("kind", [k for k, v in VERDICTS.items() if v is Verdict.STOP])
def test_a_refusal_for_good_is_an_error_at_once(kind: FailureKind) -> None:
    fixture = Fixture(failure(kind), GOOD)
    with pytest.raises(ModelError, match=f"acme/m .*what {kind} says"):
        fixture.ask()
    assert len(fixture.provider.asked) == 1


def test_a_retry_after_is_waited_for_and_one_beyond_the_time_for_retries_gives_up() -> None:
    fixture = Fixture(failure(FailureKind.RATE, retry_after=0.05), GOOD)
    assert fixture.ask().seconds >= 0.05
    fixture = Fixture(failure(FailureKind.RATE, retry_after=86400.0), GOOD)
    assert fixture.ask().reply.error == "rate: what rate says"


def test_a_pause_holds_no_slot() -> None:
    async def main(fixture: Fixture) -> int:
        asking = asyncio.ensure_future(fixture.lane.ask(REQUEST))
        await fixture.failed.wait()
        held = fixture.lane.in_flight
        fixture.lane.stop(lambda: Interrupted("stopped"))
        with pytest.raises(Interrupted):
            await asking
        return held

    assert asyncio.run(main(Fixture(failure(retry_after=300.0)))) == 0


def test_a_stop_right_after_a_failure_is_a_stop() -> None:
    fixture = Fixture(failure(retry_after=300.0))
    fixture.lane._log = lambda _: fixture.lane.stop(lambda: Interrupted("stopped"))
    with pytest.raises(Interrupted):
        fixture.ask()


def test_an_endpoint_that_was_never_reached_ends_the_run_sooner_than_one_that_was() -> None:
    away = failure(FailureKind.TRANSPORT, reached=False)
    fixture = Fixture(away)
    with pytest.raises(ModelError, match="acme/m cannot be reached"):
        fixture.ask()
    assert len(fixture.provider.asked) == 3
    fixture = Fixture(failure(), away)
    with pytest.raises(ModelError, match="cannot be reached"):
        fixture.ask()
    assert len(fixture.provider.asked) == 6


def test_an_answer_that_was_cut_off_is_asked_for_once_more_with_twice_the_room() -> None:
    fixture = Fixture(CUT, GOOD)
    outcome = fixture.ask()
    assert (outcome.reply, outcome.attempts, outcome.wasted, fixture.limits) == (GOOD, 2, CUT.usage, [10, 20])


def test_an_answer_that_is_cut_off_twice_is_the_reply() -> None:
    fixture = Fixture(CUT, replace(CUT, content="hehe", usage=Usage(7, 20)))
    outcome = fixture.ask()
    assert (outcome.reply.content, outcome.reply.finish_reason, fixture.limits) == ("hehe", "length", [10, 20])


def test_without_a_limit_the_room_is_what_was_used() -> None:
    fixture = Fixture(CUT, GOOD)
    fixture.ask(replace(REQUEST, sampling=Sampling()))
    assert fixture.limits == [None, 20]


@pytest.mark.parametrize("kind", [FailureKind.BAD_REQUEST, FailureKind.CONTEXT_LENGTH, FailureKind.OVERLOAD])
def test_if_the_longer_answer_cannot_be_had_the_cut_one_is_the_reply_and_counts_once(kind: FailureKind) -> None:
    outcome = Fixture(CUT, failure(kind), policy=replace(QUICK, tries=2)).ask()
    assert (outcome.reply, outcome.wasted, outcome.exhausted) == (CUT, Usage(), False)


def test_what_failed_attempts_used_is_counted() -> None:
    fixture = Fixture(failure(FailureKind.MALFORMED, usage=Usage(7, 90)), GOOD)
    outcome = fixture.ask()
    assert outcome.wasted == Usage(7, 90)
    assert fixture.budget.spent == Spent(0, 7 + 90 + 7 + 2, 2)
    assert fixture.budget.reserved == Spent()


def test_what_nobody_knows_the_price_of_is_guessed_rather_than_free() -> None:
    assert Fixture(failure(FailureKind.TIMEOUT), GOOD).ask().wasted.output_tokens > 0
    assert Fixture(failure(FailureKind.RATE), GOOD).ask().wasted == Usage()
    assert Fixture(Reply("one two three")).ask().reply.usage.output_tokens > 0


def test_a_spent_budget_gives_the_slot_back() -> None:
    fixture = Fixture(failure(), GOOD, requests=1)
    with pytest.raises(BudgetSpent):
        fixture.ask()
    assert (fixture.lane.in_flight, len(fixture.provider.asked)) == (0, 1)


def test_a_provider_that_breaks_gives_slot_and_money_back() -> None:
    class Broken(Scripted):
        async def complete(self, request: Request) -> Answer:
            raise ZeroDivisionError(request.step)

    fixture = Fixture(GOOD)
    lane = Lane("acme/m", Broken([]), fixture.limiter, fixture.budget, Motion())
    with pytest.raises(ZeroDivisionError):
        asyncio.run(lane.ask(REQUEST))
    assert (lane.in_flight, fixture.budget.reserved) == (0, Spent())
