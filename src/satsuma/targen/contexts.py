"""TarGEN step 1, contexts: an endless sequence of settings, grown as a tree in fixed blocks.

Block 0 asks for broad settings. Block b > 0 asks for narrower ones inside context b - 1, so the sequence is the tree
in breadth-first order: with 20 to a block, 20 domains, then 400 settings, then 8,000 situations. A name that an
earlier block or the block itself has already (same words) is a repeat: it is dropped, and the missing names are asked
for again, at most `AGAIN` times, with what exists in view. What a block contains depends on the replies alone, never
on n. When every context has been expanded and nothing new came, the sequence ends.

A list of the user's own is used as it is, in rounds: each round asks every context for further seeds.
"""

from __future__ import annotations

import asyncio
import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated

from pydantic import BaseModel, Field

from satsuma.curate.duplicates import normalized
from satsuma.llm.ask import Unanswered
from satsuma.llm.request import Message
from satsuma.stream import shared
from satsuma.targen.asking import Asks, Prompts
from satsuma.task.card import Card
from satsuma.task.instance import Reject
from satsuma.task.outputs.kind import Text, answer_model

AGAIN = 2
"""How often a block asks for the names that turned out to be repeats."""
AHEAD = 4
"""Blocks that may be asked for at the same time."""


@dataclass(frozen=True, slots=True)
class Context:
    """A setting. path: from the root of the tree to it, its own name last."""

    index: int
    path: tuple[str, ...]

    @property
    def name(self) -> str:
        """The setting and what it is inside of, the widest first."""
        return " › ".join(self.path)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a candidate grows: seed number `slot` of a context."""

    context: Context
    slot: int

    @property
    def id(self) -> str:
        """The candidate's path."""
        return f"context {self.context.index} / seed {self.slot}"


@lru_cache
def contexts_answer(count: int) -> type[BaseModel]:
    """The answer to a question for that many contexts."""
    several = Annotated[list[Text], Field(min_length=1)]
    return answer_model(
        "Contexts", "Settings in which instances take place.", {"contexts": (several, f"{count} settings")}
    )


def contexts_question(
    prompts: Prompts, card: Card, count: int, parents: Sequence[str] = (), existing: Sequence[str] = ()
) -> tuple[tuple[Message, ...], type[BaseModel]]:
    """The question for `count` contexts inside `parents`."""
    answer = contexts_answer(count)
    variables = {
        "count": count,
        "parents": list(parents),
        "existing": list(existing),
        "description": card.contexts.description,
    }
    return prompts.render("contexts", answer, variables), answer


class GivenContexts:
    """The user's own list, in rounds. Needs no model and never ends."""

    def __init__(self, names: Sequence[str]) -> None:
        self._contexts = [Context(i, (name,)) for i, name in enumerate(names)]

    async def place(self, index: int) -> Place:
        """The place of candidate `index`: every context once, then every context's next seed."""
        slot, context = divmod(index, len(self._contexts))
        return Place(self._contexts[context], slot)

    def rejects(self, index: int) -> Sequence[Reject]:  # noqa: ARG002
        """None: the list is used as it is."""
        return ()


class ContextTree:
    """The tree, grown as far as candidates are asked for."""

    def __init__(self, asks: Asks, prompts: Prompts, card: Card, per_context: int) -> None:
        self._asks = asks
        self._prompts = prompts
        self._card = card
        self._per_block = card.contexts.per_block
        self._per_context = per_context
        self._contexts: list[Context] = []
        self._seen: set[str] = set()
        self._starts: list[int] = []
        self._firsts: list[int] = []
        self._blocks = 0
        self._end = 0
        self._wanted = 0
        self._rejects: dict[int, list[Reject]] = {}
        self._early: dict[int, asyncio.Task[list[str] | Unanswered]] = {}
        self._growing: asyncio.Task[bool] | None = None

    async def place(self, index: int) -> Place | None:
        """The place of candidate `index`; None if the tree ends before it.

        Within a block every context is used once before any is used twice.
        """
        self._wanted = max(self._wanted, index)
        while index >= self._end:
            if not await self._grow():
                return None
        block = bisect.bisect_right(self._starts, index) - 1
        first = self._firsts[block]
        after = self._firsts[block + 1] if block + 1 < len(self._firsts) else len(self._contexts)
        slot, offset = divmod(index - self._starts[block], after - first)
        return Place(self._contexts[first + offset], slot)

    def rejects(self, index: int) -> Sequence[Reject]:
        """What was dropped on the way to candidate `index`, handed out once."""
        return self._rejects.pop(index, ())

    async def _grow(self) -> bool:
        if self._growing is None or self._growing.done():
            self._growing = shared(self._add_block())
        return await asyncio.shield(self._growing)

    async def _add_block(self) -> bool:
        block = self._blocks
        if not self._expandable(block):
            return False
        self._ask_ahead(block)
        names = await self._early.pop(block)
        first = len(self._contexts)
        await self._fill(block, names)
        self._blocks += 1
        if added := len(self._contexts) - first:
            self._starts.append(self._end)
            self._firsts.append(first)
            self._end += added * self._per_context
        return True

    def _expandable(self, block: int) -> bool:
        return block == 0 or block - 1 < len(self._contexts)

    def _ask_ahead(self, block: int) -> None:
        """Ask for this block, and for those after it that the candidates wanted so far will need."""
        missing = -(-(self._wanted + 1 - self._end) // (self._per_block * self._per_context))
        for b in range(block, block + max(1, min(missing, AHEAD))):
            if self._expandable(b) and b not in self._early:
                self._early[b] = shared(self._ask(b, self._per_block, ()))

    def _parents(self, block: int) -> tuple[str, ...]:
        return self._contexts[block - 1].path if block else ()

    async def _ask(self, block: int, count: int, existing: Sequence[str], draw: int = 0) -> list[str] | Unanswered:
        messages, answer = contexts_question(self._prompts, self._card, count, self._parents(block), existing)
        try:
            answered = await self._asks("contexts", f"context block {block}", messages, answer, draw)
        except Unanswered as unanswered:
            return unanswered
        return list(getattr(answered.value, "contexts"))[:count]  # noqa: B009 - the model is made at run time

    async def _fill(self, block: int, names: list[str] | Unanswered) -> None:
        """Take the new names of a block; ask again for those that are missing, and where there was no answer at all."""
        mine: list[str] = []
        shown: list[str] = []
        for again in range(AGAIN + 1):
            if isinstance(names, Unanswered):
                self._drop(block, names.reason, names.raw, names.keys)
            else:
                mine += [name for name in names if self._take(block, name)]
                shown += names
            missing = self._per_block - len(mine)
            if missing == 0 or again == AGAIN:
                return
            names = await self._ask(block, missing, shown, again + 1)

    def _take(self, block: int, name: str) -> bool:
        words = normalized(name)
        if words in self._seen:
            self._drop(block, f"repeats an earlier context: {name}")
            return False
        self._seen.add(words)
        self._contexts.append(Context(len(self._contexts), (*self._parents(block), name)))
        return True

    def _drop(self, block: int, reason: str, raw: str = "", keys: tuple[str, ...] = ()) -> None:
        reject = Reject(f"context block {block}", self._end, "contexts", reason, raw=raw, requests=keys)
        self._rejects.setdefault(self._end, []).append(reject)
