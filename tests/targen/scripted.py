"""A model for tests of single steps: its answers come from a function of the test, step by step."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import BaseModel

from satsuma.llm.ask import Answered, Unanswered
from satsuma.llm.request import Message
from satsuma.targen.asking import Step

A = TypeVar("A", bound=BaseModel)
Script = Callable[[str, str, int], object]
"""Path, text of the user message, draw → the answer's fields, or a text: the reason why there is none."""


@dataclass
class Scripted:
    """Answers by step. before: what an answer waits for, from its path and draw."""

    scripts: dict[str, Script]
    asked: list[tuple[Step, str, str, int]] = field(default_factory=list)
    before: Callable[[str, int], Awaitable[object]] | None = None

    async def __call__(
        self, step: Step, path: str, messages: tuple[Message, ...], answer: type[A], draw: int = 0
    ) -> Answered[A]:
        if self.before:
            await self.before(path, draw)
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
    found = re.search(r"with (\d+) (?:settings?|texts?) in it", text)
    assert found is not None
    return int(found[1])
