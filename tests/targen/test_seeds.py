"""Instance seeds: rounds, repeats, and the user's own."""

from __future__ import annotations

import asyncio

import pytest

from satsuma.targen import seeds as seeds_module
from satsuma.targen.asking import Prompts
from satsuma.targen.places import Context, Place
from satsuma.targen.seeds import GivenSeeds, NoSeeds, SeedPool, seeds_question
from satsuma.task.card import Card
from satsuma.task.card_steps import Seed
from satsuma.task.loader import load_card
from satsuma.task.outputs import output_of
from tests.targen.conftest import SMALL
from tests.targen.scripted import Script, Scripted, wanted

HOME = Context(0, ("home",))


def pool(card: Card, prompts: Prompts, script: Script) -> tuple[SeedPool, Scripted]:
    asks = Scripted({"seeds": script})
    return SeedPool(asks, prompts, card), asks


def seed_at(seeds: SeedPool, slot: int, context: Context | None = HOME) -> tuple[str | None, str]:
    async def one() -> tuple[str | None, str]:
        text, round_ = await seeds.seed(Place(context, slot))
        return text, round_.reason

    return asyncio.run(one())


def numbered(path: str, text: str, draw: int) -> object:
    """Seeds that no other round has."""
    return {"seeds": [f"{path} text{draw}x{i}" for i in range(wanted(text))]}


def test_a_round_of_seeds_is_asked_for_once(small: Card, prompts: Prompts) -> None:
    seeds, asks = pool(small, prompts, lambda *_: {"seeds": ["one", "two"]})

    async def both() -> list[str | None]:
        at = [seeds.seed(Place(HOME, slot)) for slot in (0, 1, 0)]
        return [text for text, _ in await asyncio.gather(*at)]

    assert asyncio.run(both()) == ["one", "two", "one"]
    assert len(asks.asked) == 1
    assert "The setting: home" in asks.asked[0][2]


def test_missing_seeds_are_asked_for_once_more_and_then_rejected(small: Card, prompts: Prompts) -> None:
    seeds, asks = pool(small, prompts, lambda *_: {"seeds": ["one", "One."]})
    assert seed_at(seeds, 0) == ("one", "the model gave 1 of 2 different seeds")
    assert seed_at(pool(small, prompts, lambda *_: {"seeds": ["one", "One."]})[0], 1)[0] is None
    assert [wanted(text) for text in asks.texts("seeds")] == [2, 1]
    assert "- one\n- One." in asks.texts("seeds")[1]


def test_a_round_that_became_whole_has_no_reason(small: Card, prompts: Prompts) -> None:
    answers = iter([["one", "One."], ["two"]])
    assert seed_at(pool(small, prompts, lambda *_: {"seeds": next(answers)})[0], 1) == ("two", "")


def test_dropped_seeds_are_told_once_by_the_first_candidate_of_their_round(small: Card, prompts: Prompts) -> None:
    answers = iter([["one", "One."], ["two"]])
    seeds, _ = pool(small, prompts, lambda *_: {"seeds": next(answers)})

    async def told() -> list[list[tuple[str, int, str]]]:
        every = []
        for index, place in enumerate([Place(HOME, 0, 0, 2), Place(HOME, 0, 1, 2), Place(HOME, 1, 0, 2)]):
            _, round_ = await seeds.seed(place)
            every.append([(r.id, r.index, r.reason) for r in round_.rejects(place, index)])
        return every

    assert asyncio.run(told()) == [[("context 0", 0, "repeats an earlier seed: One.")], [], []]


def test_later_rounds_see_the_seeds_of_earlier_ones(small: Card, prompts: Prompts) -> None:
    answers = iter([["one", "two"], ["three", "four"]])
    seeds, asks = pool(small, prompts, lambda *_: {"seeds": next(answers)})
    assert seed_at(seeds, 3) == ("four", "")
    assert "- one\n- two" in asks.texts("seeds")[1]


def test_a_seed_that_repeats_one_of_an_early_round_is_found_and_a_near_one_among_the_latest(
    small: Card, prompts: Prompts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seeds_module, "SHOWN", 2)
    rounds = [
        ["the cat sat down on the old red mat today", "second"],
        ["third", "fourth"],
        ["The cat sat down on the old red mat today!", "the fifth cat sat down on all the old red mats today"],
        ["sixth"],
        ["sixth, and the fifth cat sat down on all the old red mats today", "seventh"],
        ["the fifth cat sat down on all the old red mats today, sixth"],
        ["last"],
    ]
    answers = iter(rounds)
    seeds, asks = pool(small, prompts, lambda *_: {"seeds": next(answers)})
    assert seed_at(seeds, 5) == ("sixth", "")
    assert [draw for *_, draw in asks.asked] == [0, 2, 4, 5]


def test_a_round_that_gave_nothing_is_not_asked_for_again_in_the_same_words_for_ever(
    small: Card, prompts: Prompts
) -> None:
    seeds, asks = pool(small, prompts, lambda *_: "not JSON")
    assert seed_at(seeds, 5) == (None, "not JSON")
    assert [draw for *_, draw in asks.asked] == [0, 2, 4]


def test_without_a_context_there_are_rounds_of_seeds_without_a_setting(small: Card, prompts: Prompts) -> None:
    seeds, asks = pool(small, prompts, numbered)
    assert seed_at(seeds, 5, None) == ("seeds, round 2 text4x1", "")
    assert [path for _, path, *_ in asks.asked] == ["seeds", "seeds, round 1", "seeds, round 2"]
    assert all("setting" not in text for text in asks.texts("seeds"))
    assert "- seeds text0x0\n- seeds text0x1" in asks.texts("seeds")[2]


def test_a_round_that_is_not_kept_any_more_is_made_again_from_the_same_replies(
    small: Card, prompts: Prompts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seeds_module, "KEPT", 2)
    seeds, asks = pool(small, prompts, numbered)

    async def some() -> list[str | None]:
        return [(await seeds.seed(Place(HOME, slot)))[0] for slot in (9, 0, 9)]

    last, first, again = asyncio.run(some())
    assert (first, last) == ("context 0 text0x0", again)
    assert len(asks.asked) > 5
    assert set(asks.asked[5:]) <= set(asks.asked[:5])


def test_many_rounds_of_one_context_are_each_asked_for_once(small: Card, prompts: Prompts) -> None:
    seeds, asks = pool(small, prompts, numbered)

    async def every() -> int:
        at = [seeds.seed(Place(None, slot)) for slot in range(2400)]
        return len({text for text, _ in await asyncio.gather(*at)})

    assert asyncio.run(every()) == 2400
    assert len(asks.asked) == 1200


def test_texts_of_ones_own_are_taken_in_order_and_none_is_asked_for(small: Card) -> None:
    async def some() -> list[str | None]:
        given = GivenSeeds(small.model_copy(update={"seed": Seed(given=("one", "two"))}))
        return [(await given.seed(Place(None, slot, use, 2)))[0] for slot in (0, 1) for use in (0, 1)]

    assert asyncio.run(some()) == ["one", "one", "two", "two"]


def checked(given: tuple[str, ...] = ()) -> Card:
    """A card whose seeds are an input of at least three words."""
    return load_card(
        SMALL
        | {
            "inputs": {"passage": "A passage.", "question": "A question."},
            "seed": {"field": "passage", "per_context": 2, **({"given": given} if given else {})},
            "validators": [{"length": {"field": "passage", "words": [3, 9]}}],
        }
    )


def test_a_seed_that_a_validator_does_not_hold_for_is_asked_for_again_and_told() -> None:
    card = checked()
    answers = iter([["too short", "just long enough"], ["long enough, too"]])
    seeds, asks = pool(card, Prompts(card, output_of(card)), lambda *_: {"seeds": next(answers)})

    async def both() -> tuple[list[str | None], list[str]]:
        at = [Place(HOME, 0), Place(HOME, 1)]
        got = [await seeds.seed(place) for place in at]
        return [text for text, _ in got], [r.reason for r in got[0][1].rejects(at[0], 0)]

    texts, (told,) = asyncio.run(both())
    assert texts == ["just long enough", "long enough, too"]
    assert told.endswith("(too short)")
    assert "words" in told
    assert "too short" not in asks.texts("seeds")[1]


def test_a_text_of_ones_own_that_a_validator_does_not_hold_for_costs_no_request() -> None:
    async def some() -> list[tuple[str | None, bool]]:
        given = GivenSeeds(checked(("one", "one two three")))
        got = [await given.seed(Place(None, slot)) for slot in (0, 1)]
        return [(text, "words" in seeds.reason) for text, seeds in got]

    assert asyncio.run(some()) == [(None, True), ("one two three", False)]


def test_without_seeds_there_is_nothing_to_grow_from_but_the_context() -> None:
    text, seeds = asyncio.run(NoSeeds().seed(Place(HOME, 3, seeded=False)))
    assert (text, seeds.keys, seeds.rejects(Place(HOME, 0, seeded=False), 0)) == ("", (), ())


def test_a_seed_for_several_instances_is_asked_to_hold_enough_for_them(small: Card, prompts: Prompts) -> None:
    def text(uses: int) -> str:
        card = small.model_copy(update={"seed": Seed(uses=uses)})
        return seeds_question(prompts, card, "home", 3)[0][-1].content

    assert "enough for 4 instances" in text(4)
    assert "enough for" not in text(1)
