"""The limiter's line and its slots: who goes, who waits, and what it learns from how attempts end."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping

import pytest

from satsuma.errors import Interrupted
from satsuma.llm.limits import Limiter, Slot
from satsuma.llm.provider import FailureKind
from satsuma.llm.turns import TURN
from tests.llm.instant_loop import limiter, now, run, turns


def test_without_contention_acquire_never_touches_the_event_loop() -> None:
    free = Limiter()
    with pytest.raises(StopIteration) as returned:
        free.acquire(100).send(None)
    assert isinstance(returned.value.value, Slot)
    assert free.in_flight == 1


def test_no_more_than_the_limit_are_in_flight_and_first_come_is_first_served() -> None:
    async def scene() -> list[int]:
        limits, order = limiter(ceiling=2), []

        async def ask(name: int) -> None:
            slot = await limits.acquire(1)
            assert limits.in_flight <= 2
            order.append(name)
            await asyncio.sleep(1)
            limits.release(slot, None, {})

        await asyncio.gather(*(ask(name) for name in range(9)))
        assert (limits.in_flight, limits.waiting, now()) == (0, 0, 5.0)
        return order

    assert run(scene) == list(range(9))


def test_demand_makes_it_grow_and_each_change_is_logged() -> None:
    events: list[Mapping[str, object]] = []

    async def scene() -> int:
        limits = limiter(ceiling=100, log=events.append)

        async def ask() -> None:
            slot = await limits.acquire(1)
            await asyncio.sleep(1)
            limits.release(slot, None, {})

        await asyncio.gather(*(ask() for _ in range(400)))
        return limits.limit

    assert run(scene) == 100
    assert [(e["event"], e["old"], e["new"]) for e in events] == [("concurrency", 32, 64), ("concurrency", 64, 100)]
    assert all(e["time"] == 1000.0 and e["reason"] for e in events)


def test_a_single_asker_never_makes_it_grow() -> None:
    async def scene() -> int:
        limits = limiter()
        for _ in range(200):
            limits.release(await limits.acquire(1), None, {})
        return limits.limit

    assert run(scene) == 32


def test_it_settles_near_what_a_provider_takes_and_is_seldom_refused() -> None:
    async def scene() -> tuple[int, int, float]:
        limits, busy, refused, seconds = limiter(), 0, 0, []

        async def ask() -> None:
            nonlocal busy, refused
            while True:
                slot = await limits.acquire(1)
                if busy >= 60:
                    await asyncio.sleep(0.01)
                    refused += 1
                    limits.release(slot, FailureKind.RATE, {"retry-after": "30"})
                    continue
                busy += 1
                await asyncio.sleep(1)
                busy -= 1
                seconds.append(now())
                return limits.release(slot, None, {})

        await asyncio.gather(*(ask() for _ in range(6000)))
        return refused, len(seconds), now()

    refused, answered, seconds = run(scene)
    assert answered == 6000
    assert seconds < 6000 / 60 * 1.4
    assert refused < 0.05 * answered


def test_a_retry_after_holds_up_nobody_else() -> None:
    async def scene() -> float:
        limits = limiter()
        slot = await limits.acquire(1)
        limits.release(slot, FailureKind.RATE, {"retry-after": "3600"})
        await limits.acquire(1)
        return now()

    assert run(scene) == 0.0


@pytest.mark.parametrize("when", ["waiting", "just granted"])
def test_a_cancelled_waiter_takes_no_slot_with_it(when: str) -> None:
    async def scene() -> None:
        limits = limiter(ceiling=1)
        held = await limits.acquire(1)
        first, second = asyncio.create_task(limits.acquire(1)), asyncio.create_task(limits.acquire(1))
        await turns()
        if when == "just granted":
            limits.release(held, None, {})
            first.cancel()
        else:
            first.cancel()
            await turns()
            limits.release(held, None, {})
        slot = await second
        assert first.cancelled()
        assert limits.in_flight == 1
        limits.release(slot, None, {})
        assert (limits.in_flight, limits.waiting) == (0, 0)

    run(scene)


def test_random_cancellations_leak_nothing() -> None:
    async def scene() -> None:
        dice, limits = random.Random(11), limiter(ceiling=3, rpm=6000)

        async def ask() -> None:
            slot = await limits.acquire(1)
            try:
                await asyncio.sleep(dice.random())
            except asyncio.CancelledError:
                limits.abandon(slot)
                raise
            limits.release(slot, dice.choice([None, FailureKind.RATE, FailureKind.OVERLOAD]), {})

        async def doubt(task: asyncio.Task[None]) -> None:
            await asyncio.sleep(dice.random() * 60)
            task.cancel()

        tasks = [asyncio.create_task(ask()) for _ in range(300)]
        doubts = [asyncio.create_task(doubt(task)) for task in tasks[::2]]
        await asyncio.gather(*tasks, *doubts, return_exceptions=True)
        assert sum(task.cancelled() for task in tasks) > 50
        assert (limits.in_flight, limits.waiting) == (0, 0)

    run(scene)


def test_stop_ends_the_waiting_and_lets_nobody_in() -> None:
    async def scene() -> None:
        limits = limiter(rpm=60)
        held = await limits.acquire(1)
        waiting = [asyncio.create_task(limits.acquire(1)) for _ in range(3)]
        await turns()
        limits.stop(lambda: Interrupted("stopped"))
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert [str(result) for result in results] == ["stopped"] * 3
        assert len({id(result) for result in results}) == 3
        with pytest.raises(Interrupted):
            await limits.acquire(1)
        limits.release(held, None, {})
        assert limits.in_flight == 0

    run(scene)


def test_the_earliest_turn_is_served_first_and_one_turn_in_order_of_arrival() -> None:
    async def scene() -> list[tuple[int, str]]:
        limits, order = limiter(ceiling=1), []

        async def ask(turn: int, name: str) -> None:
            TURN.set(turn)
            slot = await limits.acquire(1)
            order.append((turn, name))
            await asyncio.sleep(1)
            limits.release(slot, None, {})

        await asyncio.gather(*(ask(turn, name) for turn, name in [(5, "a"), (7, "b"), (2, "c"), (7, "d"), (2, "e")]))
        return order

    assert run(scene) == [(5, "a"), (2, "c"), (2, "e"), (7, "b"), (7, "d")]
