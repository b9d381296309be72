"""Plain generation, as a baseline: one prompt asks for `BATCH` instances of a label, from the task's description alone.

The candidates that are asked for one label are counted in index order, and each `BATCH` of them share a question; so a
candidate's content depends on the card, the seed and the labels that were asked for before it, which depend on nothing
else. What varies besides the label (inputs with a closed list of values) is given with the question, instance by
instance. An instance that is missing from the answer, or that a validator refuses, is a reject; it is not repaired.

Not covered: what earlier answers said. Repeats are dropped as duplicates, and made up for.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from functools import lru_cache
from typing import Annotated

from pydantic import BaseModel, Field

from satsuma.llm.ask import Answered, Unanswered
from satsuma.stream import shared
from satsuma.targen.instances import Design, Drafts, Tools, Varied, Wish, meant, wish_told
from satsuma.task.outputs import Asked, Draft, Mistake
from satsuma.task.outputs.kind import answer_model

BATCH = 8
KEPT = 4096
"""Questions whose answers are kept in memory; every candidate that is on its way has its own among them."""
_ORDERED = ("choice", "choices")
"""Outputs of which the program decides something that nobody is asked for: the order of options."""

_Reply = Answered[BaseModel] | Unanswered


@lru_cache(maxsize=256)
def _batch_of(item: type[BaseModel]) -> type[BaseModel]:
    several = Annotated[list[item], Field(min_length=1)]  # type: ignore[valid-type]
    return answer_model("Instances", f"{BATCH} instances.", {"instances": (several, f"{BATCH} instances")})


class OnePrompt:
    """Writes instances, several with one question."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._drafts = Drafts(tools.card, tools.output)
        self._design = Design(tools.card, tools.seed, tools.focus)
        self._labels = list(tools.output.weights())
        self._counts: Counter[str] = Counter()
        self._turns: dict[int, int] = {}
        self._batches: OrderedDict[tuple[str, int], asyncio.Task[_Reply]] = OrderedDict()

    def expect(self, index: int, asked: str) -> None:
        """Candidate `index` is the next one of this label."""
        self._turns[index] = self._counts[asked]
        self._counts[asked] += 1

    async def write(self, path: str, wish: Wish) -> tuple[Draft, Answered[BaseModel]]:  # noqa: ARG002 - of a batch
        """The candidate's instance among those of its question.

        Raises:
            Unanswered: the model gave none, or what it gave does not make one.
        """
        label = wish.asked.label
        number, slot = divmod(self._turns.pop(wish.asked.index), BATCH)
        said = await asyncio.shield(self._batch(label, number))
        if isinstance(said, Unanswered):
            raise Unanswered(said.reason, said.keys, said.raw)
        given: list[BaseModel] = getattr(said.value, "instances")  # noqa: B009 - the model is made at run time
        if slot >= len(given):
            raise Unanswered(f"the model gave {len(given)} of {BATCH} instances", said.keys, said.raw)
        own = wish.asked if self._tools.output.kind in _ORDERED else self._asked(label, number)
        try:
            draft = self._drafts.made(wish._replace(asked=own, drawn=self._given(label, number, slot)), given[slot])
        except Mistake as mistake:
            raise Unanswered(str(mistake), said.keys, said.raw) from mistake
        return draft, said

    def problem(self, draft: Draft) -> str:
        """What the card's validators find wrong with an instance; empty if nothing."""
        return self._drafts.problem(draft)

    def _draw(self, label: str, number: int) -> int:
        return number * len(self._labels) + self._labels.index(label)

    def _asked(self, label: str, number: int) -> Asked:
        """What a question asks for: all of its instances have the same labels, and as many options."""
        return Asked(label, self._tools.seed, self._draw(label, number))

    def _given(self, label: str, number: int, slot: int) -> Varied:
        at = self._draw(label, number) * BATCH + slot
        return self._design.point(at)

    def _batch(self, label: str, number: int) -> asyncio.Task[_Reply]:
        if (label, number) not in self._batches:
            self._batches[label, number] = shared(self._ask(label, number))
            while len(self._batches) > KEPT:
                self._batches.popitem(last=False)
        return self._batches[label, number]

    async def _ask(self, label: str, number: int) -> _Reply:
        tools, asked = self._tools, self._asked(label, number)
        item = tools.output.instance_answer(asked)
        answer = _batch_of(item)
        slots = [self._given(label, number, slot).given for slot in range(BATCH)]
        told = wish_told(tools.card, tools.output, Wish(asked, Varied({}, {}), "", ""), item)
        told |= {"count": BATCH, "given": [meant(tools.card, each) for each in slots] if any(slots) else []}
        messages = tools.prompts.render_built_in("one_prompt", answer, told)
        try:
            return await tools.asks("instance", f"{label}, batch {number}", messages, answer, asked.index)
        except Unanswered as unanswered:
            return unanswered
