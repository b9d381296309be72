"""Generation as in Self-Instruct (Wang et al. 2023), as a baseline: each instance from a sample of earlier ones.

A prompt shows up to `HUMAN` of the card's demonstrations and up to `GROWN` instances that this run wrote, drawn by the
seed and the candidate's index, and asks for one more of the given label: the label comes first, as the paper has it for
classification. The pool of what was written are the valid instances of the blocks of `BLOCK` candidates before the
candidate's own, the latest `POOL` of them; so what is drawn is known by the index, whatever is answered first, and up
to a block of candidates wait for no other.

What differs from the paper: the task is given and no new tasks are thought up; the pool has every valid instance, where
the paper's has those that differ from all others, because whether a candidate is a duplicate is judged later, in order.
"""

from __future__ import annotations

import asyncio
from typing import TypeAlias

from pydantic import BaseModel

from satsuma import chance
from satsuma.errors import SatsumaError
from satsuma.llm.ask import Answered, Unanswered
from satsuma.targen.instances import InstanceWriter, Question, Tools, Wish, meant, wish_told
from satsuma.task.outputs import Draft
from satsuma.task.verbalize import displayed

HUMAN = 6
"""Demonstrations that a prompt shows at most."""
GROWN = 2
"""Instances of the run that a prompt shows at most."""
BLOCK = 32
POOL = 1024

Written: TypeAlias = "asyncio.Future[Draft | None]"


class SelfInstruct:
    """Writes instances from demonstrations and from what it wrote."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._plain = InstanceWriter(tools)
        self._pool: dict[int, Written] = {}
        self._grown: dict[int, list[Written]] = {}

    def expect(self, index: int, asked: str) -> None:  # noqa: ARG002 - which are shown does not depend on it
        """Candidate `index` will be in the pool, and is shown some of what is."""
        self._grown[index] = [self._pool[at] for at in self._drawn(index)]
        self._pool[index] = asyncio.get_running_loop().create_future()
        self._pool[index].add_done_callback(_seen)
        self._pool.pop(index - POOL - BLOCK, None)

    def _drawn(self, index: int) -> list[int]:
        """The places of the pool that a candidate is shown, each once."""
        end = index - index % BLOCK
        pool = range(max(0, end - POOL), end)
        return sorted({chance.choose(pool, self._tools.seed, "grown", index, k) for k in range(GROWN)}) if pool else []

    async def write(self, path: str, wish: Wish) -> tuple[Draft, Answered[BaseModel]]:
        """One more instance, after those that it is shown.

        Raises:
            Unanswered: the model gave none, or what it gave does not make one, twice.
        """
        own = self._pool[wish.asked.index]
        try:
            draft, answered = await self._plain.answered(path, wish, self._question(wish, await self._shown(wish)))
        except Unanswered:
            own.set_result(None)
            raise
        except SatsumaError as stopped:  # what it stopped for stops those that wait for it
            own.set_exception(stopped)
            raise
        own.set_result(draft)
        return draft, answered

    async def _shown(self, wish: Wish) -> list[dict[str, str]]:
        tools, index = self._tools, wish.asked.index
        human = tools.prompts.examples
        order = sorted(range(len(human)), key=lambda at: chance.number(tools.seed, "human", index, at))
        grown = [await asyncio.shield(each) for each in self._grown.pop(index)]
        return [*(human[at] for at in order[:HUMAN]), *(self._told(draft) for draft in grown if draft is not None)]

    def _told(self, draft: Draft) -> dict[str, str]:
        """An instance in the form of a demonstration."""
        card, output = self._tools.card, self._tools.output
        fields = displayed(card, draft.fields, output)
        return {**fields, **output.options(draft.fields), output.name: draft.shown}

    def _question(self, wish: Wish, shown: list[dict[str, str]]) -> Question:
        tools = self._tools
        answer = tools.output.instance_answer(wish.asked)
        told = wish_told(tools.card, tools.output, wish, answer)
        told |= {"count": 1, "shown": shown, "given": meant(tools.card, wish.drawn.given)}
        return tools.prompts.render_built_in("self_instruct", answer, told), answer

    def problem(self, draft: Draft) -> str:
        """What the card's validators find wrong with an instance; empty if nothing."""
        return self._plain.problem(draft)


def _seen(written: Written) -> None:
    """An exception that nobody waits for counts as seen."""
    if not written.cancelled():
        written.exception()
