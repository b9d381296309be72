"""The ordered stream: concurrent computation, results in index order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import aclosing

import pytest

from satsuma.stream import BURST, END, TURN, End, Known, Made, ordered

Make = Callable[[int], Coroutine[object, object, int | End]]


def run(make: Make, window: Callable[[], int], take: int = 10_000, first: int = 0) -> list[tuple[int, int]]:
    async def collect() -> list[tuple[int, int]]:
        got: list[tuple[int, int]] = []
        async with aclosing(ordered(make, window, first)) as results:
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


def test_it_begins_where_it_is_told_to() -> None:
    made: list[int] = []

    async def make(index: int) -> int | End:
        made.append(index)
        return index * 10 if index < 9 else END

    assert run(make, lambda: 2, first=5) == [(i, i * 10) for i in range(5, 9)]
    assert min(made) == 5


def beside_a_ticker(
    make: Callable[[int], Made[int]], window: int, take: int
) -> tuple[list[tuple[int, int]], list[int], int]:
    """The results, how many turns another task had had at each of them, and the most tasks at a time."""

    async def follow() -> tuple[list[tuple[int, int]], list[int], int]:
        got: list[tuple[int, int]] = []
        at: list[int] = []
        turns = most = 0

        async def tick() -> None:
            nonlocal turns, most
            while len(got) < take:
                turns, most = turns + 1, max(most, len(asyncio.all_tasks()))
                await asyncio.sleep(0)

        ticking = asyncio.create_task(tick())
        async with aclosing(ordered(make, lambda: window)) as results:
            async for item in results:
                got.append(item)
                at.append(turns)
                if len(got) == take:
                    break
        await ticking
        return got, at, most

    return asyncio.run(follow())


def test_what_is_known_is_handed_on_in_its_place_and_costs_no_task() -> None:
    async def computed(index: int) -> int:
        await asyncio.sleep(0)
        return index

    def make(index: int) -> Made[int]:
        return Known(index) if index < 400 and index != 77 else computed(index)

    got, turns, tasks = beside_a_ticker(make, window=10, take=450)
    assert got == [(i, i) for i in range(450)]
    assert tasks <= 3 + 10, "those beyond 400, one that had to be computed, and the two of this test"
    assert 400 // TURN <= turns[399] < 40, "others have their turn, but not after every result"


def test_what_waited_for_a_late_one_leaves_others_their_turn() -> None:
    late, begun = asyncio.Event(), 0

    async def make(index: int) -> int:
        nonlocal begun
        begun += 1
        if begun == 200:
            late.set()
        if index == 0:
            await late.wait()
        return index

    _, turns, _ = beside_a_ticker(make, window=200, take=200)
    assert turns[-1] - turns[0] >= 200 // BURST - 1


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
