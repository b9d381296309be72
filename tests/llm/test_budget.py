from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from decimal import Decimal

import pytest

from satsuma.errors import BudgetSpent, Interrupted, SettingsError
from satsuma.llm.bill import Spent
from satsuma.llm.budget import Budget, Need, Reservation, hint_for
from satsuma.llm.prices import PICO, Price
from satsuma.llm.request import Usage
from satsuma.llm.turns import TURN

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


def test_where_the_whole_limit_has_no_room_the_shorter_one_is_set_aside() -> None:
    async def scene() -> None:
        budget = Budget(tokens=1000)
        whole = budget.take(need(100, 500, short=100))
        short = budget.take(need(100, 500, short=100))
        assert whole is not None
        assert short is not None
        assert (whole.output_tokens, short.output_tokens) == (500, 100)
        assert budget.reserved.tokens == 800
        assert budget.take(need(100, 500, short=150)) is None  # it waits: it would fit if the others ended for less
        with pytest.raises(BudgetSpent, match="may need up to 1,001 tokens"):
            budget.take(need(900, 500, short=101))

    run(scene)


def test_nobody_is_overtaken_by_who_does_not_want_to_wait() -> None:
    async def scene() -> None:
        budget = Budget(tokens=100)
        held = await budget.reserve(need(90, 0))
        waiting = asyncio.create_task(budget.reserve(need(60, 0)))
        await turns()
        assert budget.take(need(1, 0)) is None
        budget.settle(held, Usage(10, 0))
        await waiting
        assert budget.take(need(1, 0)) is not None

    run(scene)


def test_the_earliest_turn_is_served_first() -> None:
    async def scene() -> None:
        budget, order = Budget(tokens=100), []
        held = await budget.reserve(need(100, 0))

        async def ask(turn: int) -> None:
            TURN.set(turn)
            reservation = await budget.reserve(need(80, 0))
            order.append(turn)
            budget.settle(reservation, Usage())

        asking = [asyncio.create_task(ask(turn)) for turn in (3, 1, 2)]
        await turns()
        budget.settle(held, Usage(10, 0))
        await asyncio.gather(*asking)
        assert order == [1, 2, 3]

    run(scene)


@pytest.mark.parametrize(
    ("budget", "left"),
    [
        (Budget(), None),
        (Budget(tokens=1000, spent=Spent(0, 250, 5)), 3.0),
        (Budget(tokens=1000, requests=6, spent=Spent(0, 250, 5)), 0.2),
    ],
    ids=["no limit", "one", "the nearest"],
)
def test_what_is_left_is_told_in_parts_of_what_is_spent(budget: Budget, left: float | None) -> None:
    assert budget.left() == left


def test_the_hint_extrapolates_from_what_there_is() -> None:
    async def scene() -> BudgetSpent:
        with pytest.raises(BudgetSpent) as raised:
            await dollars(5, spent=Spent(5 * PICO, 12_345, 67)).reserve(need(1, 0))
        return raised.value

    spent = asyncio.run(scene())
    assert hint_for(spent, 20, 100).endswith("100 instances will probably need $31.25 in all: --budget 31.25")
    assert hint_for(spent, 0, 100) == spent.hint


@pytest.mark.parametrize(
    ("usd", "shown"),
    [(0.05, "$0.05"), (0.0473, "$0.0473"), (0.04731, "$0.0474"), (1.234, "$1.24"), (0.0000021, "$0.0000021")],
)
def test_money_is_shown_short_and_never_as_less_than_it_is(usd: float, shown: str) -> None:
    async def scene() -> None:
        with pytest.raises(BudgetSpent, match=f"the budget of {shown} is spent".replace("$", "[$]")):
            await dollars(usd).reserve(need(100, 0))

    run(scene)
