"""TarGEN step 2, instance seeds: for a context, the material that instances grow from.

Asked for in rounds of `per_context`. A seed that says the same words as an earlier one of its context is dropped, and
the missing ones are asked for once more with what exists in view; a place that still has no seed is a reject. Later
rounds (of a user's own contexts) see the latest seeds of the rounds before.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
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
from satsuma.targen.contexts import Context, Place
from satsuma.task.card import Card
from satsuma.task.outputs.kind import Text, answer_model

KEPT = 512
"""Rounds of seeds kept in memory; an older one that is needed again comes from the journal."""
SHOWN = 60
"""Existing seeds that a question shows at most, the latest."""


@dataclass(frozen=True, slots=True)
class Seeds:
    """The seeds of one round, and why there are fewer than asked for."""

    texts: tuple[str, ...]
    keys: tuple[str, ...]
    model: str = ""
    reason: str = ""
    raw: str = ""


@lru_cache
def seeds_answer(count: int) -> type[BaseModel]:
    """The answer to a question for that many seeds."""
    several = Annotated[list[Text], Field(min_length=1)]
    return answer_model("Seeds", "Material that instances grow from.", {"seeds": (several, f"{count} texts")})


def seeds_question(
    prompts: Prompts, card: Card, context: str, count: int, existing: Sequence[str] = ()
) -> tuple[tuple[Message, ...], type[BaseModel]]:
    """The question for `count` seeds in a context."""
    seed, answer = card.seed_spec, seeds_answer(count)
    described = card.inputs[seed.field].description if seed.field else ""
    variables = {
        "context": context,
        "count": count,
        "field": seed.field or "",
        "description": seed.description or described,
        "existing": list(existing),
    }
    return prompts.render("seeds", answer, variables), answer


class SeedPool:
    """Seeds by context and round, each round asked for once."""

    def __init__(self, asks: Asks, prompts: Prompts, card: Card) -> None:
        self._asks = asks
        self._prompts = prompts
        self._card = card
        self._per_context = card.seed_spec.per_context
        self._rounds: OrderedDict[tuple[int, int], asyncio.Task[Seeds]] = OrderedDict()

    async def seed(self, place: Place) -> tuple[str | None, Seeds]:
        """The seed at a place, None if its round has none there; and the round."""
        number, slot = divmod(place.slot, self._per_context)
        task = self._round(place.context, number)
        seeds = task.result() if task.done() else await asyncio.shield(task)
        return (seeds.texts[slot] if slot < len(seeds.texts) else None), seeds

    def _round(self, context: Context, number: int) -> asyncio.Task[Seeds]:
        at = (context.index, number)
        task = self._rounds.get(at)
        if task is None:
            task = self._rounds[at] = shared(self._ask_round(context, number))
            if len(self._rounds) > KEPT:
                self._rounds.popitem(last=False)
        else:
            self._rounds.move_to_end(at)
        return task

    async def _ask_round(self, context: Context, number: int) -> Seeds:
        earlier: tuple[str, ...] = ()
        for before in range(number):
            earlier += (await asyncio.shield(self._round(context, before))).texts
        first = await self._ask(context, self._per_context, earlier)
        fresh = _fresh(first.texts, earlier)
        missing = self._per_context - len(fresh)
        if first.reason or missing == 0:
            return Seeds(fresh, first.keys, first.model, first.reason, first.raw)
        second = await self._ask(context, missing, (*earlier, *fresh))
        fresh += _fresh(second.texts, (*earlier, *fresh))
        reason = second.reason or f"the model gave {len(fresh)} of {self._per_context} different seeds"
        return Seeds(fresh, (*first.keys, *second.keys), first.model, reason, second.raw)

    async def _ask(self, context: Context, count: int, existing: Sequence[str]) -> Seeds:
        messages, answer = seeds_question(self._prompts, self._card, context.name, count, existing[-SHOWN:])
        try:
            got = await self._asks("seeds", f"context {context.index}", messages, answer)
        except Unanswered as unanswered:
            return Seeds((), unanswered.keys, reason=unanswered.reason, raw=unanswered.raw)
        texts = tuple(getattr(got.value, "seeds"))[:count]  # noqa: B009 - the model is made at run time
        return Seeds(texts, got.keys, got.model, raw=got.raw)


def _fresh(texts: Sequence[str], earlier: Sequence[str]) -> tuple[str, ...]:
    """The texts that are not among the earlier ones, each once."""
    seen = {normalized(text) for text in earlier}
    fresh = []
    for text in texts:
        words = normalized(text)
        if words not in seen:
            seen.add(words)
            fresh.append(text)
    return tuple(fresh)
