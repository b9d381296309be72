"""TarGEN step 1, contexts: an endless sequence of settings, grown as a tree in fixed blocks.

Block 0 asks for broad domains. Block b > 0 asks for what is inside context b - 1, so the sequence is the tree in
breadth-first order: with 20 to a block, 20 domains, then 400 settings, then 8,000 situations. What a block contains
depends on the replies alone, never on n.

What a question shows is fixed before any reply that it could be late for: the way from the root to its context, and
the other settings of that one's block, which are there since it is there itself. So a model keeps out of its
neighbours' ground, and the next blocks can be asked for at the same time (`AHEAD`) without what they ask depending on
which reply came first.

What repeats an earlier context (`repeats.py`), or says no more than what it is inside of, is dropped in the order of
the blocks. The missing names are asked for again with what was said in view, at most `AGAIN` times and not after an
answer to that which had nothing new; this is the only part of a block that waits for the blocks before it. The sequence
ends when every context has been expanded, or when `FRUITLESS` blocks in a row gave nothing new.
"""

from __future__ import annotations

import asyncio
import bisect
from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated

from pydantic import BaseModel, Field

from satsuma.llm.ask import Unanswered
from satsuma.llm.request import Message
from satsuma.llm.turns import TURN
from satsuma.stream import shared
from satsuma.targen.asking import Asks, Prompts
from satsuma.targen.places import Context, Ended, Place
from satsuma.targen.repeats import Likeness, Names
from satsuma.task.card import Card
from satsuma.task.instance import Reject
from satsuma.task.outputs.kind import Text, answer_model

AGAIN = 2
"""How often a block asks for the names that turned out to be repeats."""
AHEAD = 16
"""Blocks that may be asked for at the same time."""
FRUITLESS = 64
"""Blocks in a row without anything new after which the model has no more ideas: as a rule 128 questions."""
SHOWN = 60
"""Settings beside the one that is expanded that a question shows at most."""
_HINT = "What there is by now is in place. A card with `contexts` of its own, or another model, gives more."


@lru_cache
def contexts_answer(count: int) -> type[BaseModel]:
    """The answer to a question for that many contexts."""
    name = Annotated[Text, Field(description="a setting")]
    several = Annotated[list[name], Field(min_length=1)]
    return answer_model(
        "Contexts", "Settings in which instances take place.", {"contexts": (several, f"{count} settings")}
    )


def contexts_question(
    prompts: Prompts,
    card: Card,
    count: int,
    parents: Sequence[str] = (),
    siblings: Sequence[str] = (),
    existing: Sequence[str] = (),
) -> tuple[tuple[Message, ...], type[BaseModel]]:
    """The question for `count` contexts inside `parents`, beside which there are `siblings`."""
    answer = contexts_answer(count)
    variables = {
        "count": count,
        "parents": list(parents),
        "siblings": list(siblings),
        "existing": list(existing),
        "description": card.contexts.description,
    }
    return prompts.render("contexts", answer, variables), answer


class ContextTree:
    """The tree, grown as far as candidates are asked for.

    seeded: whether candidates grow from seeds. likeness: what decides on repeats, by words where it is left out.
    """

    def __init__(
        self, asks: Asks, prompts: Prompts, card: Card, *, seeded: bool = True, likeness: Likeness | None = None
    ) -> None:
        self._asks = asks
        self._prompts = prompts
        self._card = card
        self._per_block = card.contexts.per_block
        self._seeded = seeded
        self._uses = card.seed_spec.uses if seeded else 1
        self._per_context = card.seed_spec.per_context * self._uses
        self._likeness = likeness or Names()
        self._contexts: list[Context] = []
        self._starts: list[int] = []
        self._parts: list[tuple[int, int]] = []
        self._blocks = 0
        self._fruitless = 0
        self._end = 0
        self._wanted = 0
        self._rejects: dict[int, list[Reject]] = {}
        self._early: dict[int, asyncio.Task[list[str] | Unanswered]] = {}
        self._growing: asyncio.Task[None] | None = None
        self._waiting: list[tuple[int, asyncio.Future[bool]]] = []

    async def place(self, index: int) -> Place | Ended:
        """The place of candidate `index`, until the tree ends.

        Within a block every context is used once before any is used twice, with all uses of a seed.
        """
        self._wanted = max(self._wanted, index)
        while index >= self._end:
            if not await self._reached(index):
                return self._ended()
        part = bisect.bisect_right(self._starts, index) - 1
        first, after = self._parts[part]
        unit, use = divmod(index - self._starts[part], self._uses)
        slot, offset = divmod(unit, after - first)
        return Place(self._contexts[first + offset], slot, use, self._uses, self._seeded)

    def rejects(self, index: int) -> Sequence[Reject]:
        """What was dropped on the way to candidate `index`, handed out once."""
        return self._rejects.pop(index, ())

    def _ended(self) -> Ended:
        why = "every one has been expanded and nothing new came"
        if self._fruitless == FRUITLESS:
            why = f"{FRUITLESS} blocks in a row gave nothing new"
        next_one = Place(Context(len(self._contexts), ("",)), 0, 0, self._uses, self._seeded)
        return Ended(next_one.id, f"the model has no more contexts: {why}", _HINT)

    async def _reached(self, index: int) -> bool:
        """Wait until the tree reaches an index; False if it ends before."""
        waiter: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((index, waiter))
        if self._growing is None or self._growing.done():
            self._growing = shared(self._grow())
        return await waiter

    async def _grow(self) -> None:
        """Add blocks as long as somebody waits; after each, tell those whom the tree reaches, and no others."""
        while self._waiting:
            TURN.set(min(index for index, _ in self._waiting))
            try:
                grew = await self._add_block()
            except Exception as error:
                told, self._waiting = self._waiting, []
                for _, waiter in told:
                    if not waiter.done():
                        waiter.set_exception(error)
                return
            told = [one for one in self._waiting if not grew or one[0] < self._end]
            self._waiting = [one for one in self._waiting if grew and one[0] >= self._end and not one[1].done()]
            for _, waiter in told:
                if not waiter.done():
                    waiter.set_result(grew)

    async def _add_block(self) -> bool:
        block = self._blocks
        if self._fruitless == FRUITLESS or not self._expandable(block):
            return False
        self._ask_ahead(block)
        names = await self._early.pop(block)
        first = len(self._contexts)
        await self._fill(block, names)
        self._blocks += 1
        added = len(self._contexts) - first
        self._fruitless = 0 if added else self._fruitless + 1
        if added:
            self._starts.append(self._end)
            self._parts.append((first, first + added))
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

    def _siblings(self, block: int) -> list[str]:
        """The names beside the one that a block expands: those of the block that it is of."""
        if block == 0:
            return []
        first, after = self._parts[bisect.bisect_right(self._parts, block - 1, key=lambda part: part[0]) - 1]
        return [context.path[-1] for context in self._contexts[first:after] if context.index != block - 1][:SHOWN]

    async def _ask(self, block: int, count: int, existing: Sequence[str], draw: int = 0) -> list[str] | Unanswered:
        parents, siblings = self._parents(block), self._siblings(block)
        messages, answer = contexts_question(self._prompts, self._card, count, parents, siblings, existing)
        try:
            answered = await self._asks("contexts", f"context block {block}", messages, answer, draw)
        except Unanswered as unanswered:
            return unanswered
        return list(getattr(answered.value, "contexts"))  # noqa: B009 - the model is made at run time

    async def _fill(self, block: int, names: list[str] | Unanswered) -> None:
        """Take the new names of a block; ask again for those that are missing, as long as that is of any use."""
        missing = self._per_block
        said: dict[str, None] = {}
        for again in range(AGAIN + 1):
            if isinstance(names, Unanswered):
                self._drop(block, names.reason, names.raw, names.keys)
                useless = False
            else:
                new = self._take_some(block, names, missing)
                missing -= new
                useless = again > 0 and new == 0
                said |= dict.fromkeys(names)
            if missing == 0 or again == AGAIN or useless:
                return
            names = await self._ask(block, missing, list(said), again + 1)

    def _take_some(self, block: int, names: Sequence[str], most: int) -> int:
        """How many of these names were new, of so many that are wanted."""
        new = 0
        for name in names:
            if new < most:
                new += self._take(block, name)
        return new

    def _take(self, block: int, name: str) -> bool:
        parents = self._parents(block)
        earlier = self._likeness.repeated(name, parents)
        if earlier is not None:
            inside = earlier in parents
            what = "says no more than what it is inside of" if inside else "repeats an earlier context"
            self._drop(block, f"{what}: {name}" if inside else f"{what}: {name} (as {earlier})")
            return False
        self._contexts.append(Context(len(self._contexts), (*parents, name)))
        return True

    def _drop(self, block: int, reason: str, raw: str = "", keys: tuple[str, ...] = ()) -> None:
        reject = Reject(f"context block {block}", self._end, "contexts", reason, raw=raw, requests=keys)
        self._rejects.setdefault(self._end, []).append(reject)
