"""The tree of contexts: its order, what its questions show, its repeats, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from satsuma.llm.schema import schema_of
from satsuma.targen.asking import Prompts, form
from satsuma.targen.contexts import AGAIN, AHEAD, FRUITLESS, ContextTree, contexts_answer, contexts_question
from satsuma.targen.places import Ended, Place
from satsuma.targen.repeats import NAMES, likeness, stems
from satsuma.task.card import Card
from satsuma.task.card_steps import Contexts, Seed
from satsuma.testing.answers import Asking, maker_of
from satsuma.testing.words import Draw
from tests.targen.scripted import Script, Scripted, wanted


def tree(card: Card, prompts: Prompts, script: Script) -> tuple[ContextTree, Scripted]:
    asks = Scripted({"contexts": script})
    return ContextTree(asks, prompts, card), asks


def numbered(path: str, text: str, draw: int) -> object:
    """Names that no other block has."""
    block = path.removeprefix("context block ")
    return {"contexts": [f"name {block}x{i}d{draw} of{block}" for i in range(wanted(text))]}


def found(made: ContextTree, count: int) -> list[Place | Ended]:
    async def every() -> list[Place | Ended]:
        return list(await asyncio.gather(*(made.place(i) for i in range(count))))

    return asyncio.run(every())


def places(made: ContextTree, count: int) -> list[str]:
    return [f"{p.id}: {p.setting}" for p in found(made, count) if isinstance(p, Place)]


def asked_of(asks: Scripted, block: int) -> list[str]:
    """The questions of a block, in the order of asking."""
    return [text for _, path, text, _ in asks.asked if path == f"context block {block}"]


def test_a_block_uses_every_context_once_before_any_twice(small: Card, prompts: Prompts) -> None:
    made, _ = tree(small, prompts, numbered)
    assert [p.split(":")[0] for p in places(made, 6)] == [
        "context 0 / seed 0",
        "context 1 / seed 0",
        "context 2 / seed 0",
        "context 0 / seed 1",
        "context 1 / seed 1",
        "context 2 / seed 1",
    ]


def test_all_uses_of_a_seed_stand_next_to_each_other(small: Card, prompts: Prompts) -> None:
    card = small.model_copy(update={"seed": Seed(per_context=2, uses=2)})
    made, asks = tree(card, prompts, numbered)
    got = [p.split(":")[0] for p in places(made, 14)]
    assert got[:4] == [f"context {c} / seed 0 / use {u}" for c in (0, 1) for u in (0, 1)]
    assert got[12] == "context 3 / seed 0 / use 0"
    assert len(asks.asked) == 2


def test_the_tree_grows_in_breadth_each_block_inside_the_next_context(small: Card, prompts: Prompts) -> None:
    made, asks = tree(small, prompts, numbered)
    got = places(made, 30)
    assert got[6] == "context 3 / seed 0: name 0x0d0 of0 › name 1x0d0 of1"
    assert got[12] == "context 6 / seed 0: name 0x1d0 of0 › name 2x0d0 of2"
    assert len(asks.asked) == 5


def test_a_place_is_the_same_whatever_is_asked_for_first(small: Card, prompts: Prompts) -> None:
    async def backwards(made: ContextTree) -> list[str]:
        every = [await made.place(i) for i in reversed(range(20))]
        return [f"{p.id}: {p.setting}" for p in reversed(every) if isinstance(p, Place)]

    forwards, _ = tree(small, prompts, numbered)
    other, _ = tree(small, prompts, numbered)
    assert places(forwards, 20) == asyncio.run(backwards(other))


def test_a_question_shows_the_way_to_its_context_and_what_stands_beside_it(small: Card, prompts: Prompts) -> None:
    made, asks = tree(small, prompts, numbered)
    places(made, 30)
    assert "Beside it" not in asked_of(asks, 0)[0]
    first, below = asked_of(asks, 2)[0], asked_of(asks, 4)[0]
    assert "This is one of them: name 0x1d0 of0\n" in first
    assert "Beside it there are others: name 0x0d0 of0; name 0x2d0 of0. " in first
    assert "This is one of them: name 0x0d0 of0 › name 1x0d0 of1\n" in below
    assert "Beside it there are others: name 1x1d0 of1; name 1x2d0 of1. " in below


def test_what_is_asked_does_not_depend_on_how_far_ahead_it_is_asked(small: Card, prompts: Prompts) -> None:
    async def one_by_one(made: ContextTree) -> None:
        for index in range(60):
            await made.place(index)

    def repeating(path: str, text: str, draw: int) -> object:
        """Half of the names of a block are those of another one."""
        block = int(path.removeprefix("context block "))
        return {"contexts": [f"thing {(block + i * 7) // 2}x{i} d{draw}" for i in range(wanted(text))]}

    slow, slowly = tree(small, prompts, repeating)
    asyncio.run(one_by_one(slow))
    fast, at_once = tree(small, prompts, repeating)
    places(fast, 60)
    assert sorted(at_once.asked) == sorted(slowly.asked)
    assert len(slowly.asked) > 10


def test_no_more_than_a_few_blocks_are_asked_for_at_once(small: Card, prompts: Prompts) -> None:
    in_flight: list[str] = []
    most: list[int] = []

    async def count(path: str, draw: int) -> None:  # noqa: ARG001
        in_flight.append(path)
        most.append(len(in_flight))
        await asyncio.sleep(0)
        in_flight.remove(path)

    card = small.model_copy(update={"contexts": Contexts(per_block=10)})
    places(ContextTree(Scripted({"contexts": numbered}, before=count), prompts, card), 600)
    assert max(most) == AHEAD


def test_repeats_are_dropped_told_and_asked_for_again_with_what_was_named_in_view(
    small: Card, prompts: Prompts
) -> None:
    answers = iter([["a", "A!", "b"], ["c"]])
    made, asks = tree(small, prompts, lambda *_: {"contexts": next(answers)})
    assert [p.split(": ")[1] for p in places(made, 3)] == ["a", "b", "c"]
    assert "- a\n- A!\n- b" in asks.texts("contexts")[1]
    assert wanted(asks.texts("contexts")[1]) == 1
    assert [(r.step, r.reason) for r in made.rejects(0)] == [("contexts", "repeats an earlier context: A! (as a)")]
    assert made.rejects(0) == ()


def test_near_repeats_are_found_across_blocks_and_so_is_what_says_no_more_than_its_parent(
    small: Card, prompts: Prompts
) -> None:
    blocks = {
        "context block 0": ["Bakeries", "a farmers' market", "night shifts on the ward"],
        "context block 1": ["the weekend farmers market", "the bakery", "Egg stalls"],
    }
    made, _ = tree(small, prompts, lambda path, *_: {"contexts": blocks[path]})
    got = places(made, 7)
    assert got[6] == "context 3 / seed 0: Bakeries › Egg stalls"
    told = [r.reason for r in made.rejects(6)]
    assert told[:2] == [
        "repeats an earlier context: the weekend farmers market (as a farmers' market)",
        "says no more than what it is inside of: the bakery",
    ]


def test_more_names_than_asked_for_stand_in_for_the_repeats_among_them(small: Card, prompts: Prompts) -> None:
    made, asks = tree(small, prompts, lambda *_: {"contexts": ["a", "A", "b", "c", "d"]})
    assert [p.split(": ")[1] for p in places(made, 3)] == ["a", "b", "c"]
    assert len(asks.asked) == 1


def test_a_place_stays_the_same_while_the_next_block_is_still_growing(small: Card, prompts: Prompts) -> None:
    """The next block has taken some names and asks again for others when a place of this block is wanted."""
    again, reached = asyncio.Event(), asyncio.Event()

    async def hold(path: str, draw: int) -> None:
        if path == "context block 1" and draw:
            reached.set()
            await again.wait()

    def script(path: str, text: str, draw: int) -> object:
        return {"contexts": ["x", "x", "y"]} if path == "context block 1" and not draw else numbered(path, text, draw)

    async def meanwhile() -> list[str]:
        made = ContextTree(Scripted({"contexts": script}, before=hold), prompts, small)
        waiting = asyncio.ensure_future(made.place(6))
        await reached.wait()
        got = [await made.place(i) for i in range(6)]
        again.set()
        await waiting
        return [p.id for p in got]

    assert asyncio.run(meanwhile()) == [f"context {c} / seed {s}" for s in (0, 1) for c in (0, 1, 2)]


def test_a_model_without_more_ideas_ends_the_tree_instead_of_being_asked_for_ever(
    small: Card, prompts: Prompts
) -> None:
    made, asks = tree(small, prompts, lambda *_: {"contexts": ["a", "b", "c"]})
    got = found(made, 50)
    assert sum(isinstance(p, Place) for p in got) == 6
    assert len(asks.asked) == 1 + 3 * 2
    assert isinstance(got[6], Ended)
    assert (got[6].id, got[6].reason) == (
        "context 3 / seed 0",
        "the model has no more contexts: every one has been expanded and nothing new came",
    )
    assert len(made.rejects(6)) == 3 * 2 * 3


def test_many_blocks_in_a_row_without_anything_new_end_the_tree(small: Card, prompts: Prompts) -> None:
    card = small.model_copy(update={"contexts": Contexts(per_block=100)})
    first = [f"thing {i}" for i in range(100)]
    made, asks = tree(card, prompts, lambda *_: {"contexts": first})
    got = found(made, 500)
    assert sum(isinstance(p, Place) for p in got) == 200
    assert len(asks.asked) <= 1 + FRUITLESS * 2 + AHEAD
    assert isinstance(got[200], Ended)
    assert got[200].reason == f"the model has no more contexts: {FRUITLESS} blocks in a row gave nothing new"


def test_one_new_name_in_a_while_keeps_the_tree_growing(small: Card, prompts: Prompts) -> None:
    card = small.model_copy(update={"contexts": Contexts(per_block=80), "seed": Seed(per_context=1)})
    first = [f"thing {i}" for i in range(80)]

    def script(path: str, text: str, draw: int) -> object:  # noqa: ARG001
        block = int(path.removeprefix("context block "))
        return {"contexts": [*first, f"new {block}"] if block % 40 == 39 else first}

    made, _ = tree(card, prompts, script)
    assert sum(isinstance(p, Place) for p in found(made, 90)) == 82


def test_missing_names_are_asked_for_again_as_long_as_that_gives_something(small: Card, prompts: Prompts) -> None:
    answers = iter([["a", "A", "A"], ["a", "b"], ["b"], ["c", "d", "e"]])
    made, asks = tree(small, prompts, lambda *_: {"contexts": next(answers)})
    assert [p.split(": ")[1] for p in places(made, 2)] == ["a", "b"]
    assert [draw for *_, draw in asks.asked] == [0, 1, 2]
    assert len(asks.asked) == AGAIN + 1


def test_a_block_that_cannot_be_read_is_a_reject_and_the_next_goes_on(small: Card, prompts: Prompts) -> None:
    def script(path: str, text: str, draw: int) -> object:
        return "not JSON" if path == "context block 1" else numbered(path, text, draw)

    made, _ = tree(small, prompts, script)
    got = places(made, 8)
    assert got[6] == "context 3 / seed 0: name 0x1d0 of0 › name 2x0d0 of2"
    assert [(r.id, r.reason) for r in made.rejects(6)] == [("context block 1", "not JSON")] * (AGAIN + 1)


def test_a_first_block_that_cannot_be_read_is_asked_for_again_with_another_draw(small: Card, prompts: Prompts) -> None:
    def script(path: str, text: str, draw: int) -> object:
        return numbered(path, text, draw) if draw else "not JSON"

    made, asks = tree(small, prompts, script)
    assert len(places(made, 6)) == 6
    assert [draw for _, path, _, draw in asks.asked if path == "context block 0"] == [0, 1]


def test_something_else_than_words_may_decide_what_a_repeat_is(small: Card, prompts: Prompts) -> None:
    class FirstLetter:
        """Takes names for alike that begin alike."""

        def __init__(self) -> None:
            self.known: dict[str, str] = {}

        def repeated(self, name: str, within: Sequence[str]) -> str | None:  # noqa: ARG002
            earlier = self.known.setdefault(name[0], name)
            return None if earlier == name else earlier

    answers = iter([["apples", "ants", "bees"], ["cats"]])
    asks = Scripted({"contexts": lambda *_: {"contexts": next(answers)}})
    made = ContextTree(asks, prompts, small, likeness=FirstLetter())
    assert [p.split(": ")[1] for p in places(made, 3)] == ["apples", "bees", "cats"]


def test_a_model_that_varies_few_ideas_by_a_word_ends_the_tree(small: Card, prompts: Prompts) -> None:
    def script(path: str, text: str, draw: int) -> object:
        asking = Asking(Draw(path, text, draw), ideas=30, stock="0/contexts")
        return maker_of(schema_of(contexts_answer(wanted(text))))(asking)

    card = small.model_copy(update={"contexts": Contexts(per_block=20)})
    made, asks = tree(card, prompts, script)
    got = {p.context.index: p.context.path[-1] for p in found(made, 400) if isinstance(p, Place) and p.context}
    words = [stems(name) for name in got.values()]
    again = sum(any(likeness(one, other) >= NAMES for other in words[:at]) for at, one in enumerate(words))
    assert 20 < len(got) < 100
    assert again < len(got) / 3
    assert len(asks.asked) < 3 * len(got)


@pytest.mark.parametrize(
    ("parents", "asks_for"),
    [
        ((), "Name 3 broad settings."),
        (("a town",), "Name 3 narrower settings inside it"),
        (("a town", "its market"), "Name 3 particular situations inside it"),
    ],
)
def test_broad_settings_then_narrower_ones_then_situations(
    small: Card, prompts: Prompts, parents: tuple[str, ...], asks_for: str
) -> None:
    messages, _ = contexts_question(prompts, small, 3, parents)
    assert asks_for in messages[-1].content


def test_the_form_of_the_answer_reads_as_a_person_would_write_it() -> None:
    assert form(contexts_answer(20)) == '{\n  "contexts": ["<a setting>", "<another>", …]\n}'
