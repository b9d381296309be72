"""Requests that come one by one are worked on together."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from satsuma.llm.gathering import Gatherer, OutOfMemoryError
from satsuma.llm.provider import CallFailed, FailureKind


@dataclass(slots=True, eq=False)
class Piece:
    """Work that only has a length."""

    length: int
    abandoned: bool = False


class Bench:
    """Where pieces are worked on; remembers the lengths of each batch. fits: rows that fit into its memory."""

    def __init__(self, fits: int = 1000) -> None:
        self.fits = fits
        self.batches: list[list[int]] = []
        self.threads: set[int] = set()

    def run(self, rows: Sequence[Piece]) -> None:
        self.threads.add(threading.get_ident())
        if len(rows) > self.fits:
            raise OutOfMemoryError
        self.batches.append([row.length for row in rows])


def work(
    lengths: Sequence[int], *, run: Callable[[Sequence[Piece]], None], rows: int, notes: list[str]
) -> list[object]:
    """What each of the pieces gets, submitted all at once."""

    async def main() -> list[object]:
        gatherer: Gatherer[Piece] = Gatherer(run, rows=rows, note=notes.append)
        results = await asyncio.gather(*(gatherer.submit(Piece(n)) for n in lengths), return_exceptions=True)
        await gatherer.close()
        return list(results)

    return asyncio.run(main())


def test_requests_that_come_together_are_one_batch_in_a_thread_of_its_own() -> None:
    bench = Bench()
    assert work([3, 1, 2], run=bench.run, rows=8, notes=[]) == [None] * 3
    assert sorted(bench.batches[0]) == [1, 2, 3]
    assert len(bench.batches) == 1
    assert bench.threads.isdisjoint({threading.get_ident()})


def test_a_batch_holds_the_oldest_and_those_nearest_to_it_in_length() -> None:
    bench = Bench()
    gate = threading.Event()

    def held(rows: Sequence[Piece]) -> None:
        gate.wait(10)
        bench.run(rows)

    async def main() -> None:
        gatherer: Gatherer[Piece] = Gatherer(held, rows=2)
        first = [asyncio.create_task(gatherer.submit(Piece(n))) for n in (7, 7)]
        await asyncio.sleep(0)
        later = [asyncio.create_task(gatherer.submit(Piece(n))) for n in (100, 5, 90, 6)]
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(*first, *later)
        await gatherer.close()

    asyncio.run(main())
    assert bench.batches == [[7, 7], [100, 90], [5, 6]]


def test_a_batch_that_does_not_fit_is_halved_which_is_said_once() -> None:
    bench, notes = Bench(fits=2), list[str]()
    assert work(range(1, 9), run=bench.run, rows=8, notes=notes) == [None] * 8
    assert sorted(n for batch in bench.batches for n in batch) == list(range(1, 9))
    assert {len(batch) for batch in bench.batches} == {2}
    assert notes == ["8 requests at once do not fit into memory; going on with 4, or fewer if need be"]


def test_a_request_that_does_not_fit_alone_fails_alone() -> None:
    def run(rows: Sequence[Piece]) -> None:
        if any(row.length > 10 for row in rows):
            raise OutOfMemoryError

    results = work([99, 2, 3], run=run, rows=4, notes=[])
    assert isinstance(results[0], CallFailed)
    assert results[0].kind is FailureKind.CONTEXT_LENGTH
    assert results[1:] == [None, None]


def test_each_who_waits_gets_a_failure_of_its_own() -> None:
    def run(_: Sequence[Piece]) -> None:
        raise CallFailed(FailureKind.BAD_REQUEST, "no")

    first, second = work([1, 2], run=run, rows=4, notes=[])
    assert isinstance(first, CallFailed)
    assert isinstance(second, CallFailed)
    assert first is not second
    assert (first.kind, second.message) == (FailureKind.BAD_REQUEST, "no")


def test_a_request_that_nobody_waits_for_is_abandoned_and_the_others_are_not() -> None:
    begun, gate, pieces = threading.Event(), threading.Event(), [Piece(1), Piece(2)]

    def run(_: Sequence[Piece]) -> None:
        begun.set()
        gate.wait(10)

    async def main() -> None:
        gatherer: Gatherer[Piece] = Gatherer(run, rows=2)
        tasks = [asyncio.create_task(gatherer.submit(piece)) for piece in pieces]
        await asyncio.to_thread(begun.wait, 10)
        tasks[0].cancel()
        with pytest.raises(asyncio.CancelledError):
            await tasks[0]
        gate.set()
        await tasks[1]
        await gatherer.close()

    asyncio.run(main())
    assert [piece.abandoned for piece in pieces] == [True, False]


def test_closing_abandons_what_is_worked_on_and_what_waits() -> None:
    begun, gate, pieces = threading.Event(), threading.Event(), [Piece(1), Piece(2)]

    def run(rows: Sequence[Piece]) -> None:
        begun.set()
        gate.wait(10)
        assert all(row.abandoned for row in rows)

    async def main() -> list[object]:
        gatherer: Gatherer[Piece] = Gatherer(run, rows=1)
        tasks = [asyncio.create_task(gatherer.submit(piece)) for piece in pieces]
        await asyncio.to_thread(begun.wait, 10)
        closing = asyncio.create_task(gatherer.close())
        await asyncio.sleep(0)
        gate.set()
        await closing
        return list(await asyncio.gather(*tasks, return_exceptions=True))

    assert all(isinstance(result, asyncio.CancelledError) for result in asyncio.run(main()))
    assert [piece.abandoned for piece in pieces] == [True, True]
