"""Every row once, in an order that is the seed's alone."""

from __future__ import annotations

import pytest

from satsuma.sources.order import Order


@pytest.mark.parametrize("rows", [0, 1, 2, 3, 4, 5, 16, 17, 1000, 4097])
def test_every_row_has_one_position(rows: int) -> None:
    order = Order(rows, 7)
    assert sorted(order) == list(range(rows))
    assert len(order) == rows


def test_the_order_is_the_seeds_and_written_in_stone() -> None:
    assert list(Order(10, 7)) == list(Order(10, 7))
    assert list(Order(10, 7)) == [8, 2, 1, 4, 9, 6, 7, 0, 3, 5]
    assert list(Order(1000, 1)) != list(Order(1000, 2))


def test_a_billion_rows_are_no_list() -> None:
    order = Order(10**9, 7)
    first = [order[position] for position in range(1000)]
    assert len(set(first)) == 1000
    assert 0.4e9 < sum(first) / 1000 < 0.6e9


@pytest.mark.parametrize("position", [-1, 3])
def test_there_is_no_position_beyond_the_rows(position: int) -> None:
    with pytest.raises(IndexError, match=f"position {position} of 3 rows"):
        Order(3, 7)[position]
