"""The ordered stream: concurrent computation, results in index order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import aclosing

import pytest

from satsuma.stream import BURST, END, TURN, End, Known, ordered

Make = Callable[[int], Coroutine[object, object, int | End]]


def run(make: Make, window: Callable[[], int], take: int = 10_000) -> list[tuple[int, int]]:
    async def collect() -> list[tuple[int, int]]:
        got: list[tuple[int, int]] = []
        async with aclosing(ordered(make, window)) as results:
            async for item in results:
                got.append(item)
                if len(got) == take:
                    break
        return got

    return asyncio.run(collect())


def test_results_come_in_index_order_whatever_finishes_first() -> None:
    finished: list[int] = []

    async def make(index: int) -> int | End:
        for _ in range(20 - index):
            await asyncio.sleep(0)
        finished.append(index)
        return index * 10 if index < 20 else END

    got = run(make, lambda: 20)
    assert got == [(i, i * 10) for i in range(20)]
    assert finished[:5] != [0, 1, 2, 3, 4]


def test_what_is_known_is_handed_on_in_its_place_and_costs_no_task() -> None:
    turns = tasks = 0

    async def computed(index: int) -> int:
        await asyncio.sleep(0)
        return index

    def make(index: int) -> Coroutine[object, object, int | End] | Known[int]:
        return Known(index) if index < 400 and index != 77 else computed(index)

    async def follow() -> list[tuple[int, int]]:
        nonlocal turns, tasks
        got: list[tuple[int, int]] = []

        async def count() -> None:
            nonlocal turns, tasks
            while len(got) < 400:
                turns += 1
                tasks = max(tasks, len(asyncio.all_tasks()))
                await asyncio.sleep(0)

        counting = asyncio.create_task(count())
        async with aclosing(ordered(make, lambda: 10)) as results:
            async for item in results:
                got.append(item)
                if len(got) == 450:
                    break
        await counting
        return got

    assert asyncio.run(follow()) == [(i, i) for i in range(450)]
    assert tasks <= 3 + 10, "those beyond 400, one that had to be computed, and the two of this test"
    assert 400 // TURN <= turns < 40, "others have their turn, but not after every result"


def test_what_waited_for_a_late_one_leaves_others_their_turn() -> None:
    async def follow() -> list[int]:
        late, seen, turns = asyncio.Event(), 0, 0
        at_result: list[int] = []

        async def make(index: int) -> int:
            nonlocal seen
            seen += 1
            if seen == 200:
                late.set()
            if index == 0:
                await late.wait()
            return index

        async def count() -> None:
            nonlocal turns
            while len(at_result) < 200:
                turns += 1
                await asyncio.sleep(0)

        counting = asyncio.create_task(count())
        async with aclosing(ordered(make, lambda: 200)) as results:
            async for _ in results:
                at_result.append(turns)
                if len(at_result) == 200:
                    break
        await counting
        return at_result

    at_result = asyncio.run(follow())
    assert at_result[-1] - at_result[0] >= 200 // BURST - 1


def test_never_more_under_way_than_the_window() -> None:
    under_way, most = 0, 0

    async def make(index: int) -> int:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        under_way -= 1
        return index

    run(make, lambda: 7, take=50)
    assert most == 7


def test_a_window_of_nothing_still_goes_on() -> None:
    async def make(index: int) -> int:
        return index

    assert [i for i, _ in run(make, lambda: 0, take=3)] == [0, 1, 2]


def test_what_is_decided_in_order_is_decided_in_order() -> None:
    decided: list[int] = []

    def make(index: int) -> Coroutine[object, object, int]:
        decided.append(index)

        async def compute() -> int:
            for _ in range(index % 3):
                await asyncio.sleep(0)
            return index

        return compute()

    run(make, lambda: 5, take=30)
    assert decided == sorted(decided)


def test_an_exception_ends_the_stream_at_its_index_after_all_before_it() -> None:
    async def make(index: int) -> int:
        if index == 3:
            raise RuntimeError("three")
        for _ in range(5 - min(index, 5)):
            await asyncio.sleep(0)
        return index

    async def collect() -> list[int]:
        got: list[int] = []
        with pytest.raises(RuntimeError, match="three"):
            async with aclosing(ordered(make, lambda: 10)) as results:
                async for index, _ in results:
                    got.append(index)
        return got

    assert asyncio.run(collect()) == [0, 1, 2]


def test_closing_cancels_what_is_under_way() -> None:
    cancelled: list[int] = []

    async def make(index: int) -> int:
        if index:
            try:
                await asyncio.get_running_loop().create_future()
            except asyncio.CancelledError:
                cancelled.append(index)
                raise
        return index

    run(make, lambda: 4, take=1)
    assert cancelled == [1, 2, 3]
