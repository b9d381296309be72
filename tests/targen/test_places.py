"""Where candidates grow when no model is asked where."""

from __future__ import annotations

import asyncio

from satsuma.targen.places import Context, Ended, GivenContexts, GivenTexts, Place, Places


def ids(places: Places, count: int) -> list[str]:
    async def every() -> list[str]:
        return [place.id for place in [await places.place(i) for i in range(count)] if isinstance(place, Place)]

    return asyncio.run(every())


def test_a_list_of_ones_own_is_used_as_it_is_in_rounds() -> None:
    assert ids(GivenContexts(["x", "y"]), 5) == [
        "context 0 / seed 0",
        "context 1 / seed 0",
        "context 0 / seed 1",
        "context 1 / seed 1",
        "context 0 / seed 2",
    ]


def test_the_uses_of_a_seed_stand_next_to_each_other() -> None:
    assert ids(GivenContexts(["x", "y"], uses=2), 5) == [
        "context 0 / seed 0 / use 0",
        "context 0 / seed 0 / use 1",
        "context 1 / seed 0 / use 0",
        "context 1 / seed 0 / use 1",
        "context 0 / seed 1 / use 0",
    ]


def test_without_contexts_there_are_seeds_and_without_seeds_instances() -> None:
    assert ids(GivenContexts(()), 2) == ["seed 0", "seed 1"]
    assert ids(GivenContexts((), seeded=False), 2) == ["instance 0", "instance 1"]
    assert ids(GivenContexts(["x", "y"], seeded=False), 3)[2] == "context 0 / instance 1"


def test_texts_of_ones_own_end_and_contexts_take_turns_with_them() -> None:
    assert ids(GivenTexts(3), 9) == ["seed 0", "seed 1", "seed 2"]
    assert ids(GivenTexts(2, uses=2), 9) == ["seed 0 / use 0", "seed 0 / use 1", "seed 1 / use 0", "seed 1 / use 1"]
    assert ids(GivenTexts(3, ["x", "y"]), 9) == ["context 0 / seed 0", "context 1 / seed 1", "context 0 / seed 2"]


def test_the_end_of_the_texts_says_how_many_there_were() -> None:
    async def end(places: Places) -> tuple[str, str]:
        place = await places.place(99)
        assert isinstance(place, Ended)
        return place.reason, place.hint

    assert asyncio.run(end(GivenTexts(1)))[0] == "the one text that was given as a seed has been used"
    reason, hint = asyncio.run(end(GivenTexts(12, uses=2)))
    assert reason == "all 12 texts given as seeds have been used 2 times"
    assert "`uses: 3`" in hint


def test_instances_that_may_be_asked_for_in_the_same_words_are_different_draws() -> None:
    home = Context(0, ("home",))
    assert [Place(home, 4, use, 3).draw for use in range(3)] == [0, 1, 2]
    assert [Place(home, slot).draw for slot in range(3)] == [0, 0, 0]
    assert [Place(home, slot, seeded=False).draw for slot in range(3)] == [0, 1, 2]


def test_contexts_with_weights_come_up_in_proportion_and_never_use_a_seed_twice() -> None:
    got = ids(GivenContexts(["x", "y"], weights=(3, 1)), 40)
    assert sum(one.startswith("context 0") for one in got) == 30
    assert all(sum(one.startswith("context 1") for one in got[at : at + 4]) == 1 for at in range(0, 40, 4))
    assert sorted(one for one in got if "context 1" in one) == sorted(f"context 1 / seed {n}" for n in range(10))
    assert len(set(got)) == 40
    assert set(ids(GivenContexts(["x", "y"], weights=(1, 1)), 10)) == set(ids(GivenContexts(["x", "y"]), 10))
