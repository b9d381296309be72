"""Who writes the instances of a run: TarGEN's third step, or a baseline that it is compared with.

    satsuma generate CARD --recipe self-instruct        (`self_instruct.py`: from the card's demonstrations)
    satsuma generate CARD --recipe one-prompt           (`one_prompt.py`: several at once, from the description alone)

A baseline has neither contexts nor seeds, no attributes and no correction, and is the same run in all else: labels in
turn, the ordered stream, the journal, validators, duplicates. Its `provenance.method` is its name.
"""

from __future__ import annotations

from typing import Protocol

from pydantic import BaseModel

from satsuma.errors import CardError
from satsuma.llm.ask import Answered
from satsuma.settings import TARGEN, RecipeName
from satsuma.targen.instances import InstanceWriter, Tools, Wish
from satsuma.targen.one_prompt import OnePrompt
from satsuma.targen.self_instruct import SelfInstruct
from satsuma.task.card import Card
from satsuma.task.outputs import Draft


class Writer(Protocol):
    """Writes instances."""

    def expect(self, index: int, asked: str) -> None:
        """Candidate `index` is asked for this label; told in index order, before it is written."""
        ...

    async def write(self, path: str, wish: Wish) -> tuple[Draft, Answered[BaseModel]]:
        """The instance at a path.

        Raises:
            Unanswered: there is none, with the reason.
        """
        ...

    def problem(self, draft: Draft) -> str:
        """What the card's validators find wrong with an instance; empty if nothing."""
        ...


def writer_of(name: RecipeName, tools: Tools) -> Writer:
    """What writes the instances of a recipe."""
    if name == "self-instruct":
        return SelfInstruct(tools)
    return OnePrompt(tools) if name == "one-prompt" else InstanceWriter(tools)


def as_told(card: Card, name: RecipeName) -> Card:
    """The card as a recipe sees it: attributes are TarGEN's.

    Raises:
        CardError: it lacks what the recipe needs.
    """
    if name == TARGEN:
        return card
    if name == "self-instruct" and not card.examples:
        raise CardError(
            f"{card.name}: the recipe self-instruct grows from demonstrations, and the card has no examples",
            "Write some under `examples`, or take --recipe one-prompt.",
        )
    return card.model_copy(update={"attributes": {}})
