from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from decimal import Decimal

import pytest

from satsuma.errors import BudgetSpent, Interrupted, SettingsError
from satsuma.llm.bill import Spent
from satsuma.llm.budget import Budget, Need, Reservation
from satsuma.llm.prices import PICO, Price
from satsuma.llm.request import Usage

MODEL = "acme/m"
DOLLAR_A_TOKEN = Price(Decimal(10**6), Decimal(10**6))


def need(input_tokens: int, output_tokens: int, short: int | None = None) -> Need:
    return Need(MODEL, input_tokens, output_tokens, short)


def dollars(usd: float, spent: Spent | None = None) -> Budget:
    """A budget for a model that costs a dollar a token."""
    return Budget(usd=usd, spent=spent, price_of=lambda _: DOLLAR_A_TOKEN)


def run(scene: Callable[[], Coroutine[object, object, None]]) -> None:
    asyncio.run(scene())


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_what_is_reserved_and_not_used_is_free_again() -> None:
    async def scene() -> None:
        budget = Budget(tokens=1000)
        for _ in range(9):
            budget.settle(await budget.reserve(need(150, 50)), Usage(50, 50))
        assert budget.spent == Spent(tokens=900, requests=9)
        assert budget.reserved == Spent()
        with pytest.raises(BudgetSpent):
            await budget.reserve(need(100, 1))

    run(scene)


def test_without_limits_everything_fits_and_is_counted_without_a_price() -> None:
    async def scene() -> None:
        budget = Budget(price_of=lambda _: pytest.fail("no budget in money, no need of a price"))
        budget.require_prices([MODEL])
        budget.settle(await budget.reserve(need(10**9, 10**9)), Usage(7, 3))
        assert budget.spent == Spent(0, 10, 1)

    run(scene)


def test_a_reservation_waits_for_others_that_may_end_for_less_in_order_of_arrival() -> None:
    async def scene() -> None:
        budget, order = Budget(tokens=100), []

        async def ask(name: str, tokens: int) -> Reservation:
            reservation = await budget.reserve(need(tokens, 0))
            order.append(name)
            return reservation

        first = await ask("first", 90)
        large, small = asyncio.create_task(ask("large", 60)), asyncio.create_task(ask("small", 5))
        await turns()
        assert order == ["first"]  # the small one would fit, and does not overtake
        budget.settle(first, Usage(30, 0))
        await asyncio.gather(large, small)
        assert order == ["first", "large", "small"]
        assert budget.reserved == Spent(tokens=65, requests=2)

    run(scene)


def test_it_fails_as_soon_as_it_cannot_fit_whatever_the_others_come_to() -> None:
    async def scene() -> None:
        budget = Budget(tokens=100)
        first = await budget.reserve(need(50, 0))
        with pytest.raises(BudgetSpent):
            await budget.reserve(need(101, 0))
        waiting = asyncio.create_task(budget.reserve(need(60, 0)))
        await turns()
        assert not waiting.done()
        budget.settle(first, Usage(45, 0))
        with pytest.raises(BudgetSpent):
            await waiting
        assert budget.reserved == Spent()

    run(scene)


def test_requests_are_counted_and_limited() -> None:
    async def scene() -> None:
        budget = Budget(requests=2)
        budget.settle(await budget.reserve(need(1, 1)), Usage())
        budget.cancel(await budget.reserve(need(1, 1)))
        budget.settle(await budget.reserve(need(1, 1)), Usage(1, 1))
        with pytest.raises(BudgetSpent, match="the budget of 2 requests is spent"):
            await budget.reserve(need(1, 1))

    run(scene)


def test_a_request_whose_bill_nobody_knows_counts_in_full() -> None:
    async def scene() -> None:
        budget = dollars(10)
        budget.settle(await budget.reserve(need(3, 4)), None)
        assert budget.spent == Spent(7 * PICO, 7, 1)

    run(scene)


def test_what_earlier_processes_spent_counts() -> None:
    async def scene() -> None:
        with pytest.raises(BudgetSpent):
            await dollars(10, spent=Spent(9 * PICO, 9, 1)).reserve(need(1, 1))

    run(scene)


def test_the_message_says_what_was_spent_of_what_and_how_to_go_on() -> None:
    async def scene() -> None:
        with pytest.raises(BudgetSpent) as raised:
            await dollars(5, spent=Spent(4_980_000_000_000, 12_345, 67)).reserve(need(1, 0))
        assert raised.value.message == (
            "the budget of $5.00 is spent: $4.98 is used (67 requests, 12,345 tokens), "
            "and the next request may need up to $1.00"
        )
        assert (
            "not paid again: run the same command with a larger --budget, for example --budget 10.00"
            in raised.value.hint
        )
        assert raised.value.exit_code == 3

    run(scene)


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        (Budget(tokens=1000), "the budget of 1,000 tokens is spent"),
        (dollars(0.0004), "the budget of $0.0004 is spent"),
    ],
)
def test_each_limit_is_shown_in_its_own_unit(budget: Budget, words: str) -> None:
    async def scene() -> None:
        with pytest.raises(BudgetSpent) as raised:
            await budget.reserve(need(5000, 0))
        assert words in raised.value.message

    run(scene)


def test_a_money_budget_with_an_unknown_price_is_refused_up_front() -> None:
    with pytest.raises(SettingsError) as raised:
        Budget(usd=5, price_of=lambda _: None).require_prices(["acme/m"])
    assert "acme/m" in raised.value.message
    assert "--price IN,OUT" in raised.value.hint


@pytest.mark.parametrize(
    ("make", "option"),
    [
        (lambda: Budget(usd=0), "--budget"),
        (lambda: Budget(usd=float("nan")), "--budget"),
        (lambda: Budget(tokens=-1), "--max-tokens"),
        (lambda: Budget(requests=0), "--max-requests"),
    ],
    ids=["nothing", "no number", "tokens", "requests"],
)
def test_a_limit_that_is_no_positive_number_is_refused(make: Callable[[], Budget], option: str) -> None:
    with pytest.raises(SettingsError, match=option):
        make()


@pytest.mark.parametrize("when", ["waiting", "just granted"])
def test_a_cancelled_waiter_reserves_nothing(when: str) -> None:
    async def scene() -> None:
        budget = Budget(tokens=100)
        first = await budget.reserve(need(100, 0))
        waiting, next_one = (asyncio.create_task(budget.reserve(need(60, 0))) for _ in range(2))
        await turns()
        if when == "just granted":
            budget.settle(first, Usage(10, 0))
            waiting.cancel()
        else:
            waiting.cancel()
            await turns()
            budget.settle(first, Usage(10, 0))
        await next_one
        assert waiting.cancelled()
        assert budget.reserved == Spent(tokens=60, requests=1)

    run(scene)


def test_stop_ends_the_waiting_and_lets_nobody_in() -> None:
    async def scene() -> None:
        budget = Budget(tokens=100)
        held = await budget.reserve(need(100, 0))
        waiting = asyncio.create_task(budget.reserve(need(60, 0)))
        await turns()
        budget.stop(lambda: Interrupted("stopped"))
        with pytest.raises(Interrupted):
            await waiting
        with pytest.raises(Interrupted):
            await budget.reserve(need(1, 0))
        budget.settle(held, Usage(1, 1))
        assert budget.spent == Spent(tokens=2, requests=1)

    run(scene)


@pytest.mark.parametrize("seed", range(5))
def test_it_is_never_exceeded_and_everybody_is_told(seed: int) -> None:
    async def scene() -> None:
        dice = random.Random(seed)
        budget = Budget(usd=3.0, tokens=40_000, price_of=lambda _: Price(Decimal("33.3333337"), Decimal("100.1")))
        outcomes = []

        async def ask() -> None:
            into, out = dice.randrange(1000), dice.randrange(1000)
            try:
                reservation = await budget.reserve(need(into, out))
            except BudgetSpent:
                outcomes.append("spent")
                return
            for _ in range(dice.randrange(20)):
                await asyncio.sleep(0)
                together = budget.spent.picodollars + budget.reserved.picodollars
                assert together <= 3 * PICO
                assert budget.spent.tokens + budget.reserved.tokens <= 40_000
            usage = Usage(dice.randint(0, into), dice.randint(0, out))
            budget.settle(reservation, dice.choice([usage, usage, Usage(), None]))
            outcomes.append("asked")

        tasks = [asyncio.create_task(ask()) for _ in range(400)]
        for task in tasks[::7]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert budget.reserved == Spent()
        assert outcomes.count("spent") + outcomes.count("asked") == sum(not task.cancelled() for task in tasks)
        assert "spent" in outcomes

    run(scene)


def test_a_million_small_sums_do_not_drift() -> None:
    async def scene() -> None:
        budget = Budget(usd=1.0, price_of=lambda _: Price(Decimal("0.1"), Decimal("0.3")))
        reservation = await budget.reserve(need(1, 1))
        budget.cancel(reservation)
        for _ in range(30_000):
            budget.settle(await budget.reserve(need(1, 1)), Usage(1, 1))
        assert budget.spent.picodollars == 30_000 * 400_000
        assert budget.spent.usd == 0.012

    run(scene)
