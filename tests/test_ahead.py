"""How far ahead a run with a budget computes."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

import pytest

from satsuma.ahead import FEWEST, FIRST, Ahead


async def nothing(index: int) -> int:
    return index


def ahead(judged: int, begun: int, left: float | None, window: int = 1024) -> Ahead[Coroutine[object, object, int]]:
    made = Ahead(nothing, lambda: window, lambda: judged, lambda: left)
    assert [asyncio.run(_made(made, index)) for index in range(begun)] == list(range(begun))
    return made


async def _made(made: Ahead[Coroutine[object, object, int]], index: int) -> int:
    return await made.make(index)


@pytest.mark.parametrize(
    ("judged", "begun", "left", "window"),
    [
        (0, 0, None, 1024),
        (0, 0, 1e12, FIRST),
        (40, 60, 10.0, 500),
        (40, 60, 1000.0, 1024),
        (40, 60, 0.3, 15),
        (40, 60, 0.0, FEWEST),
        (40, 60, -0.1, FEWEST),
        (40, 0, 0.5, 20),
    ],
)
def test_no_more_candidates_are_begun_than_the_budget_will_probably_pay_for(
    judged: int, begun: int, left: float | None, window: int
) -> None:
    assert ahead(judged, begun, left).window() == window


def test_it_never_widens_what_is_wanted() -> None:
    assert ahead(0, 0, 5.0, window=3).window() == 3
    assert ahead(40, 60, 0.0, window=1).window() == 1
