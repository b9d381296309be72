"""The room of an answer where the budget is short: how much, and what becomes of an answer that it cuts off."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from satsuma.errors import BudgetSpent
from satsuma.llm.bill import Spent
from satsuma.llm.budget import Budget
from satsuma.llm.lane import Lane
from satsuma.llm.limits import Limiter
from satsuma.llm.parking import Motion
from satsuma.llm.provider import Answer
from satsuma.llm.request import Message, Reply, Request, Sampling, Usage
from satsuma.llm.room import SEEN, SHORT_AT_FIRST, SHORTEST, UNLIMITED, Room, longer, shortened
from satsuma.llm.tokens import estimate_request

REQUEST = Request("acme/m", (Message("user", "Where to?"),), sampling=Sampling(max_tokens=4096), step="instance")
INPUT = estimate_request(REQUEST).bound


class Talkative:
    """A provider whose answers have a length, unless they are cut off."""

    def __init__(self, tokens: int) -> None:
        self.tokens = tokens
        self.limits: list[int | None] = []

    async def complete(self, request: Request) -> Answer:
        limit = request.sampling.max_tokens
        self.limits.append(limit)
        await asyncio.sleep(0)
        if limit is not None and limit < self.tokens:
            return Answer(Reply("cut", "length", Usage(INPUT, limit)))
        return Answer(Reply("whole", "stop", Usage(INPUT, self.tokens)))

    async def close(self) -> None:
        self.limits.clear()


def lane(provider: Talkative, budget: Budget) -> Lane:
    return Lane("acme/m", provider, Limiter(), budget, Motion())


def test_a_step_needs_twice_its_longest_answer_once_enough_have_been_seen() -> None:
    room = Room()
    assert room.limits("instance", 4096) == (4096, SHORT_AT_FIRST)
    for tokens in range(SEEN):
        room.learn("instance", 100 + tokens)
    assert room.limits("instance", 4096) == (4096, 2 * (100 + SEEN - 1))
    assert room.limits("seeds", 4096) == (4096, SHORT_AT_FIRST)
    assert room.limits("instance", 200) == (200, None)
    assert room.limits("instance", None) == (UNLIMITED, None)


def test_no_limit_is_shorter_than_the_shortest() -> None:
    room = Room()
    for _ in range(SEEN):
        room.learn("correction", 3)
    assert room.limits("correction", 4096) == (4096, SHORTEST)


def test_only_the_room_of_a_request_is_changed() -> None:
    less, is_less = shortened(REQUEST, 100)
    assert is_less
    assert less == replace(REQUEST, sampling=replace(REQUEST.sampling, max_tokens=100))
    assert shortened(REQUEST, 4096) == (REQUEST, False)
    more = longer(REQUEST, Reply("cut", "length"))
    assert more is not None
    assert more.sampling.max_tokens == 8192
    assert longer(REQUEST, Reply("whole", "stop")) is None


def test_with_money_for_the_whole_limit_it_is_sent() -> None:
    provider = Talkative(50)
    asyncio.run(lane(provider, Budget(tokens=INPUT + 4096)).ask(REQUEST))
    assert provider.limits == [4096]


def test_without_it_less_is_sent_and_the_answer_is_the_same() -> None:
    provider = Talkative(50)
    outcome = asyncio.run(lane(provider, Budget(tokens=INPUT + 2000)).ask(REQUEST))
    assert provider.limits == [SHORT_AT_FIRST]
    assert (outcome.reply.content, outcome.attempts, outcome.wasted) == ("whole", 1, Usage())


def test_an_answer_that_less_room_cut_off_is_asked_for_again_with_all_of_it_or_not_at_all() -> None:
    provider, lost = Talkative(1500), []
    budget = Budget(tokens=INPUT + 2000, lost=lambda *books: lost.append(books))
    with pytest.raises(BudgetSpent):
        asyncio.run(lane(provider, budget).ask(REQUEST))
    assert provider.limits == [SHORT_AT_FIRST]
    assert lost == [("acme/m", 1, Usage(INPUT, SHORT_AT_FIRST))]

    async def two_at_once() -> list[str]:
        both = lane(provider, Budget(tokens=3 * INPUT + 6700))
        other = replace(REQUEST, draw=1)
        return [o.reply.content for o in await asyncio.gather(both.ask(REQUEST), both.ask(other))]

    provider.limits.clear()
    assert asyncio.run(two_at_once()) == ["whole", "whole"]
    assert sorted(limit or 0 for limit in provider.limits) == [SHORT_AT_FIRST, 4096, 4096]


def test_a_budget_that_is_short_holds_no_slots() -> None:
    async def scene() -> int:
        budget, limiter = Budget(tokens=3 * (INPUT + 100)), Limiter()
        most = 0

        class Watched(Talkative):
            async def complete(self, request: Request) -> Answer:
                nonlocal most
                most = max(most, limiter.in_flight)
                await asyncio.sleep(0)
                return await super().complete(request)

        asked = Lane("acme/m", Watched(1), limiter, budget, Motion())
        requests = [replace(REQUEST, sampling=Sampling(max_tokens=100), draw=draw) for draw in range(20)]
        await asyncio.gather(*map(asked.ask, requests), return_exceptions=True)
        assert limiter.in_flight == 0
        assert budget.reserved == Spent()
        return most

    assert asyncio.run(scene()) <= 3
