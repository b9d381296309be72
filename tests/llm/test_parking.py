"""Models that answer later: one wave of everything that waits, answers to their callers, errors to all."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence

import pytest

from satsuma.errors import Interrupted, ModelError, Waiting
from satsuma.llm.parking import Motion, Parking
from satsuma.llm.request import Message, Reply, Request


def request(number: int) -> Request:
    return Request("later/model", (Message("user", f"question {number}"),))


class Recorder:
    """A later model that keeps its waves and answers as it is told."""

    def __init__(self, answer: Callable[[Sequence[Request]], Mapping[str, Reply]] | None = None) -> None:
        self.waves: list[list[Request]] = []
        self.answered: dict[str, Reply] = {}
        self.answer = answer or everything

    def look_up(self, request: Request) -> Reply | None:
        return self.answered.get(request.key())

    async def exchange(self, waiting: Sequence[Request]) -> Mapping[str, Reply]:
        self.waves.append(list(waiting))
        return self.answer(waiting)


def everything(waiting: Sequence[Request]) -> dict[str, Reply]:
    return {one.key(): Reply(one.messages[0].content.replace("question", "answer")) for one in waiting}


def refuse(waiting: Sequence[Request]) -> dict[str, Reply]:
    raise Waiting(f"waiting for {len(waiting)}")


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def test_thousands_that_wait_are_one_wave_and_each_gets_its_answer() -> None:
    async def run() -> None:
        model = Recorder()
        parking = Parking(model, Motion())
        draw = random.Random(1)

        async def caller(number: int) -> None:
            await turns(draw.randrange(20))
            assert (await parking.reply(request(number))).content == f"answer {number}"

        await asyncio.gather(*map(caller, range(5000)))
        assert [len(wave) for wave in model.waves] == [5000]
        assert parking.waiting == 0

    asyncio.run(run())


def test_the_same_question_twice_is_one_request_and_both_get_the_answer() -> None:
    async def run() -> None:
        model = Recorder()
        parking = Parking(model, Motion())
        replies = await asyncio.gather(*(parking.reply(request(1)) for _ in range(3)))
        assert [len(wave) for wave in model.waves] == [1]
        assert [reply.content for reply in replies] == ["answer 1"] * 3

    asyncio.run(run())


def test_nothing_is_handed_over_while_a_call_is_in_progress_and_nothing_polls_meanwhile() -> None:
    class Counting(asyncio.SelectorEventLoop):
        rounds = 0

        def _run_once(self) -> None:
            self.rounds += 1
            super()._run_once()  # type: ignore[misc]

    async def run() -> None:
        model, motion = Recorder(), Motion()
        parking = Parking(model, motion)
        loop = asyncio.get_running_loop()
        assert isinstance(loop, Counting)
        with motion:
            waiting = asyncio.create_task(parking.reply(request(1)))
            await turns(200)
            assert model.waves == []
            before, over = loop.rounds, asyncio.Event()
            loop.call_later(0.1, over.set)
            await over.wait()
            assert loop.rounds - before < 10
        assert (await waiting).content == "answer 1"

    with asyncio.Runner(loop_factory=Counting) as runner:
        runner.run(run())


def test_what_the_answers_lead_to_and_what_stayed_open_is_the_next_wave() -> None:
    def first_half(waiting: Sequence[Request]) -> dict[str, Reply]:
        return everything(waiting[: (len(waiting) + 1) // 2])

    async def run() -> None:
        model = Recorder(first_half)
        parking = Parking(model, Motion())

        async def two_steps(number: int) -> None:
            await parking.reply(request(number))
            await turns(30)
            await parking.reply(request(number + 100))

        await asyncio.gather(*map(two_steps, range(4)))
        asked = [sorted(int(one.messages[0].content.split()[1]) for one in wave) for wave in model.waves]
        assert asked[:2] == [[0, 1, 2, 3], [2, 3, 100, 101]]
        assert {number for wave in asked for number in wave} == {0, 1, 2, 3, 100, 101, 102, 103}

    asyncio.run(run())


def test_a_question_that_comes_during_an_exchange_waits_for_the_next() -> None:
    class Slow(Recorder):
        def __init__(self) -> None:
            super().__init__()
            self.begun, self.go_on = asyncio.Event(), asyncio.Event()

        async def exchange(self, waiting: Sequence[Request]) -> Mapping[str, Reply]:
            replies = await super().exchange(waiting)
            self.begun.set()
            await self.go_on.wait()
            return replies

    async def run() -> None:
        model = Slow()
        parking = Parking(model, Motion())
        early = asyncio.create_task(parking.reply(request(1)))
        await model.begun.wait()
        late = asyncio.create_task(parking.reply(request(2)))
        await turns(200)
        assert len(model.waves) == 1
        model.go_on.set()
        assert [(await early).content, (await late).content] == ["answer 1", "answer 2"]
        assert [[one.messages[0].content for one in wave] for wave in model.waves] == [["question 1"], ["question 2"]]

    asyncio.run(run())


def test_an_answer_that_has_come_in_is_given_without_an_exchange() -> None:
    async def run() -> None:
        model = Recorder()
        model.answered[request(1).key()] = Reply("here")
        assert (await Parking(model, Motion()).reply(request(1))).content == "here"
        assert model.waves == []

    asyncio.run(run())


def test_an_exchange_that_raises_ends_every_caller_now_and_later_but_not_what_is_answered() -> None:
    async def run() -> None:
        model = Recorder(refuse)
        model.answered[request(90).key()] = Reply("here")
        parking = Parking(model, Motion())
        ends = await asyncio.gather(*(parking.reply(request(n)) for n in range(50)), return_exceptions=True)
        assert {type(end) for end in ends} == {Waiting}
        assert str(ends[0]) == "waiting for 50"
        with pytest.raises(Waiting, match="waiting for 50"):
            await parking.reply(request(77))
        assert (await parking.reply(request(90))).content == "here"
        assert len(model.waves) == 1, "a second exchange would overwrite what the first wrote"

    asyncio.run(run())


def test_a_model_that_answers_nothing_is_an_error_and_no_endless_loop() -> None:
    async def run() -> None:
        parking = Parking(Recorder(lambda _: {"k1-other": Reply("?")}), Motion())
        with pytest.raises(ModelError, match="none of the 1 answers"):
            await parking.reply(request(1))

    asyncio.run(run())


def test_a_caller_that_was_cancelled_is_not_handed_over_and_others_stay() -> None:
    async def run() -> None:
        model = Recorder()
        parking = Parking(model, Motion())
        callers = [asyncio.create_task(parking.reply(request(n))) for n in (1, 2, 2)]
        await asyncio.sleep(0)
        callers[0].cancel()
        callers[1].cancel()
        assert (await callers[2]).content == "answer 2"
        assert [[one.messages[0].content for one in wave] for wave in model.waves] == [["question 2"]]

    asyncio.run(run())


def test_stopping_ends_the_callers_and_the_exchange() -> None:
    async def run() -> None:
        cancelled = asyncio.Event()
        begun = asyncio.Event()

        class Endless(Recorder):
            async def exchange(self, waiting: Sequence[Request]) -> Mapping[str, Reply]:
                del waiting
                begun.set()
                try:
                    return await asyncio.Future()
                finally:
                    cancelled.set()

        parking = Parking(Endless(), Motion())
        waiting = asyncio.create_task(parking.reply(request(1)))
        await begun.wait()
        parking.stop(Interrupted("stopped"))
        with pytest.raises(Interrupted):
            await waiting
        await cancelled.wait()
        with pytest.raises(Interrupted):
            await parking.reply(request(2))

    asyncio.run(run())


def test_two_models_wait_for_each_other_to_be_still() -> None:
    async def run() -> None:
        motion = Motion()
        first, second = Recorder(), Recorder()
        one, other = Parking(first, motion), Parking(second, motion)

        async def alternating() -> None:
            for number in range(10):
                await (other if number % 2 else one).reply(request(number))

        await asyncio.gather(alternating(), one.reply(request(100)), other.reply(request(200)))
        assert [len(first.waves), len(second.waves)] == [5, 5]

    asyncio.run(run())
