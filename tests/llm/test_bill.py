"""The run's books: what its journal says was used, and what came to no reply, over processes."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from satsuma.llm.batch_notes import billed
from satsuma.llm.bill import Bill, Spent, Used, spent_for
from satsuma.llm.journal import Entry, Journal
from satsuma.llm.prices import Price
from satsuma.llm.request import Message, Reply, Request, Usage

PRICES = {"acme/m": Price(Decimal(1), Decimal(2))}


def test_what_was_used_is_priced_where_a_price_is_known() -> None:
    uses = [Used("acme/m", 13, Usage(1030, 204)), Used("acme/unknown", 2, Usage(10, 10))]
    assert spent_for(uses, PRICES.get) == Spent((1030 + 2 * 204) * 10**6, 1254, 15)


def put(journal: Journal) -> None:
    request = Request("acme/m", (Message("user", "Where to?"),), step="instance")
    entry = Entry(request.key(), request, Reply("home", usage=Usage(100, 10)), attempts=3, wasted=Usage(50, 0))
    asyncio.run(journal.put(entry))


def test_replies_and_failed_attempts_and_what_came_to_nothing_count(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "journal.sqlite") as journal:
        put(journal)
        bill = Bill(journal)
        bill.lose("acme/m", 2, Usage(7, 3))
        bill.lose("other/m", 1, Usage())
        uses = bill.uses()
        assert uses == [Used("acme/m", 5, Usage(157, 13)), Used("other/m", 1, Usage())]
        assert bill.usd(PRICES.get) is None
        assert bill.usd(lambda _: PRICES["acme/m"]) == pytest.approx((157 + 2 * 13) / 1e6)
        bill.close()
        assert billed(journal) == {}
    with Journal.open(tmp_path / "journal.sqlite") as journal:
        again = Bill(journal)
        assert again.uses() == uses
        again.lose("acme/m", 1, Usage(1, 1))
        again.close()
    with Journal.open(tmp_path / "journal.sqlite", readonly=True) as journal:
        assert Bill(journal).uses()[0] == Used("acme/m", 6, Usage(158, 14))


def test_a_run_that_lost_nothing_notes_nothing(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "journal.sqlite") as journal:
        put(journal)
        Bill(journal).close()
        assert journal.meta("unanswered") is None
