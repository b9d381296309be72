"""The four steps, each with a model that answers from a script of the test."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import pytest
from pydantic import BaseModel

from satsuma.llm.ask import Answered, Unanswered
from satsuma.llm.request import Message
from satsuma.targen.asking import Prompts, Step
from satsuma.targen.contexts import AGAIN, Context, ContextTree, GivenContexts, Place
from satsuma.targen.correction import Corrected, correct, correction_question
from satsuma.targen.seeds import SeedPool
from satsuma.task.card import Card
from satsuma.task.loader import load_card
from satsuma.task.outputs import Draft, output_of

A = TypeVar("A", bound=BaseModel)
Script = Callable[[str, str, int], object]
"""Path, text of the user message, draw → the answer's fields, or a text: the reason why there is none."""


@dataclass
class Scripted:
    """Answers by step."""

    scripts: dict[str, Script]
    asked: list[tuple[Step, str, str, int]] = field(default_factory=list)

    async def __call__(
        self, step: Step, path: str, messages: tuple[Message, ...], answer: type[A], draw: int = 0
    ) -> Answered[A]:
        self.asked.append((step, path, messages[-1].content, draw))
        key = f"{step}-{len(self.asked)}"
        given = self.scripts[step](path, messages[-1].content, draw)
        if isinstance(given, str):
            raise Unanswered(given, (key,), "raw")
        return Answered(answer.model_validate(given), (key,), "test", "raw")

    def texts(self, step: Step) -> list[str]:
        """The user messages of a step, in the order of asking."""
        return [text for asked, _, text, _ in self.asked if asked == step]


def wanted(text: str) -> int:
    """The number that a prompt asks for."""
    found = re.search(r"with (\d+) (?:settings|texts) in it", text)
    assert found is not None
    return int(found[1])


@pytest.fixture
def small() -> Card:
    """A card whose blocks are small: 3 contexts to a block, 2 seeds to a context."""
    return load_card(
        {
            "name": "small",
            "task": "Route a message.",
            "inputs": {"message": "A message."},
            "output": {"labels": {"yes": "it is", "no": "it is not"}},
            "contexts": {"per_block": 3},
            "seed": {"per_context": 2},
        }
    )


@pytest.fixture
def prompts(small: Card) -> Prompts:
    return Prompts(small, output_of(small))


def tree(card: Card, prompts: Prompts, script: Script, per_context: int = 2) -> tuple[ContextTree, Scripted]:
    asks = Scripted({"contexts": script})
    return ContextTree(asks, prompts, card, per_context), asks


def numbered(path: str, text: str, draw: int) -> object:  # noqa: ARG001
    """Names that no other block has."""
    return {"contexts": [f"{path} name {i}" for i in range(wanted(text))]}


def places(made: ContextTree, count: int) -> list[str]:
    async def every() -> list[str]:
        found = await asyncio.gather(*(made.place(i) for i in range(count)))
        return [f"{p.id}: {p.context.name}" for p in found if p is not None]

    return asyncio.run(every())


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


def test_the_tree_grows_in_breadth_each_block_inside_the_next_context(small: Card, prompts: Prompts) -> None:
    made, asks = tree(small, prompts, numbered)
    got = places(made, 30)
    assert got[6].startswith("context 3 / seed 0: context block 0 name 0 › context block 1 name 0")
    assert got[12].startswith("context 6 / seed 0: context block 0 name 1 › context block 2 name 0")
    assert len(asks.asked) == 5


def test_a_place_is_the_same_whatever_is_asked_for_first(small: Card, prompts: Prompts) -> None:
    async def backwards(made: ContextTree) -> list[str]:
        found = [await made.place(i) for i in reversed(range(20))]
        return [p.id for p in reversed(found) if p is not None]

    forwards, _ = tree(small, prompts, numbered)
    other, _ = tree(small, prompts, numbered)
    assert [p.split(":")[0] for p in places(forwards, 20)] == asyncio.run(backwards(other))


def test_repeats_are_dropped_told_and_asked_for_again_with_what_exists_in_view(small: Card, prompts: Prompts) -> None:
    answers = iter([["a", "A!", "b"], ["c"]])
    made, asks = tree(small, prompts, lambda *_: {"contexts": next(answers)})
    assert [p.split(": ")[1] for p in places(made, 3)] == ["a", "b", "c"]
    assert "- a\n- A!\n- b" in asks.texts("contexts")[1]
    assert wanted(asks.texts("contexts")[1]) == 1
    assert [(r.step, r.reason) for r in made.rejects(0)] == [("contexts", "repeats an earlier context: A!")]
    assert made.rejects(0) == ()


def test_a_model_without_more_ideas_ends_the_tree_instead_of_being_asked_for_ever(
    small: Card, prompts: Prompts
) -> None:
    made, asks = tree(small, prompts, lambda *_: {"contexts": ["a", "b", "c"]})
    assert len(places(made, 50)) == 6
    assert len(asks.asked) == 1 + 3 * (AGAIN + 1)


def test_a_block_that_cannot_be_read_is_a_reject_and_the_next_goes_on(small: Card, prompts: Prompts) -> None:
    def script(path: str, text: str, draw: int) -> object:
        return "not JSON" if path == "context block 1" else numbered(path, text, draw)

    made, _ = tree(small, prompts, script)
    got = places(made, 8)
    assert got[6].startswith("context 3 / seed 0: context block 0 name 1 › context block 2 name 0")
    assert [(r.id, r.reason) for r in made.rejects(6)] == [("context block 1", "not JSON")] * (AGAIN + 1)


def test_a_first_block_that_cannot_be_read_is_asked_for_again_with_another_draw(small: Card, prompts: Prompts) -> None:
    def script(path: str, text: str, draw: int) -> object:
        return numbered(path, text, draw) if draw else "not JSON"

    made, asks = tree(small, prompts, script)
    assert len(places(made, 6)) == 6
    assert [draw for _, path, _, draw in asks.asked if path == "context block 0"] == [0, 1]


def test_a_list_of_ones_own_is_used_as_it_is_in_rounds() -> None:
    async def some() -> list[str]:
        given = GivenContexts(["x", "y"])
        return [f"{p.context.name}{p.slot}" for p in [await given.place(i) for i in range(5)]]

    assert asyncio.run(some()) == ["x0", "y0", "x1", "y1", "x2"]


def pool(card: Card, prompts: Prompts, script: Script) -> tuple[SeedPool, Scripted]:
    asks = Scripted({"seeds": script})
    return SeedPool(asks, prompts, card), asks


def seed_at(seeds: SeedPool, slot: int) -> tuple[str | None, str]:
    async def one() -> tuple[str | None, str]:
        text, round_ = await seeds.seed(Place(Context(0, ("home",)), slot))
        return text, round_.reason

    return asyncio.run(one())


def test_a_round_of_seeds_is_asked_for_once(small: Card, prompts: Prompts) -> None:
    seeds, asks = pool(small, prompts, lambda *_: {"seeds": ["one", "two"]})

    async def both() -> list[str | None]:
        at = [seeds.seed(Place(Context(0, ("home",)), slot)) for slot in (0, 1, 0)]
        return [text for text, _ in await asyncio.gather(*at)]

    assert asyncio.run(both()) == ["one", "two", "one"]
    assert len(asks.asked) == 1
    assert "The setting: home" in asks.asked[0][2]


def test_missing_seeds_are_asked_for_once_more_and_then_rejected(small: Card, prompts: Prompts) -> None:
    seeds, asks = pool(small, prompts, lambda *_: {"seeds": ["one", "One."]})
    assert seed_at(seeds, 0) == ("one", "the model gave 1 of 2 different seeds")
    assert seed_at(pool(small, prompts, lambda *_: {"seeds": ["one", "One."]})[0], 1)[0] is None
    assert [wanted(text) for text in asks.texts("seeds")] == [2, 1]


def test_later_rounds_see_the_seeds_of_earlier_ones(small: Card, prompts: Prompts) -> None:
    answers = iter([["one", "two"], ["three", "four"]])
    seeds, asks = pool(small, prompts, lambda *_: {"seeds": next(answers)})
    assert seed_at(seeds, 3) == ("four", "")
    assert "- one\n- two" in asks.texts("seeds")[1]


def vote(card: Card, prompts: Prompts, answers: list[object], votes: int) -> tuple[Corrected, Scripted]:
    output = output_of(card)
    draft = Draft({"message": "hello"}, "yes", "yes", "yes")
    given = iter(answers)
    asks = Scripted({"correction": lambda *_: next(given)})
    question = correction_question(prompts, card, output, draft, blind=True)
    return asyncio.run(correct(asks, output, draft, question, votes, "here")), asks


def said(*labels: str) -> list[object]:
    return [{"reason": f"because {i}", "label": label} for i, label in enumerate(labels)]


def test_the_majority_of_the_votes_counts(small: Card, prompts: Prompts) -> None:
    got, _ = vote(small, prompts, said("yes", "no", "no"), 3)
    assert (got.judgement.label, got.votes, round(got.agreement, 3), got.reason) == ("no", 3, 0.667, "because 1")


def test_no_vote_is_taken_that_cannot_change_the_outcome(small: Card, prompts: Prompts) -> None:
    got, asks = vote(small, prompts, said("no", "no", "no"), 5)
    assert (got.votes, got.agreement, len(asks.asked)) == (3, 1.0, 3)
    assert [draw for *_, draw in asks.asked] == [0, 1, 2]


def test_on_a_tie_the_asked_label_stays(small: Card, prompts: Prompts) -> None:
    got, _ = vote(small, prompts, said("no", "yes"), 2)
    assert got.judgement.label == "yes"


def test_votes_that_cannot_be_read_abstain(small: Card, prompts: Prompts) -> None:
    got, asks = vote(small, prompts, ["not JSON", *said("no"), "not JSON"], 3)
    assert (got.judgement.label, got.votes, got.agreement) == ("no", 1, 1.0)
    assert len(got.keys) == len(asks.asked) == 3


def test_without_a_single_vote_there_is_no_correction(small: Card, prompts: Prompts) -> None:
    with pytest.raises(Unanswered, match="not JSON"):
        vote(small, prompts, ["not JSON"] * 3, 3)


def test_the_corrector_is_blind_unless_the_card_says_otherwise(small: Card, prompts: Prompts) -> None:
    draft = Draft({"message": "hello"}, "yes", "yes", "yes")

    def text(*, blind: bool) -> str:
        return correction_question(prompts, small, output_of(small), draft, blind=blind)[0][-1].content

    assert "was written to have" not in text(blind=True)
    assert 'It was written to have the label "yes".' in text(blind=False)
