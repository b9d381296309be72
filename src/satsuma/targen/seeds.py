"""TarGEN step 2, instance seeds: for a context, the material that instances grow from.

Asked for in rounds of `per_context`, one after the other within a context (or without any context), each with the
latest seeds of the rounds before in view. A seed that says the same words as an earlier one of its context, or nearly
the same as one of the latest (`repeats.py`), is dropped, and so is one for which a validator of the card that looks at
the seed's field alone does not hold. The missing ones are asked for once more; a place that still has no seed is a
reject.

A user's own texts stand in for all of that (`GivenSeeds`), and `NoSeeds` for leaving the step out.

Not covered: repeats among the seeds of different contexts. What grows from them is compared in `curate`.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Annotated, Protocol

from pydantic import BaseModel, Field

from satsuma.llm.ask import Unanswered
from satsuma.llm.request import Message
from satsuma.selecting.duplicates import ExactDuplicates
from satsuma.stream import shared
from satsuma.targen.asking import Asks, Prompts
from satsuma.targen.places import Context, Place
from satsuma.targen.repeats import TEXTS, likeness, stems
from satsuma.task.card import Card
from satsuma.task.instance import Reject
from satsuma.task.outputs.kind import Text, answer_model
from satsuma.task.validators import seed_validator_of

KEPT = 4096
"""Rounds of seeds kept in memory; an older one that is needed again comes from the journal."""
SHOWN = 60
"""Existing seeds that a question shows at most, and that near repeats are looked for among: the latest."""


@dataclass(frozen=True, slots=True)
class _Dropped:
    """A seed that was dropped. problem: what a validator found, empty for a repeat."""

    text: str
    problem: str = ""

    @property
    def reason(self) -> str:
        return f"{self.problem} ({self.text})" if self.problem else f"repeats an earlier seed: {self.text}"


@dataclass(frozen=True, slots=True)
class Seeds:
    """The seeds of one round, and why there are fewer than asked for. dropped: what was dropped, and why.

    path: whose seeds they are. start: the number of the first of them among those of their context.
    """

    texts: tuple[str, ...]
    keys: tuple[str, ...] = ()
    model: str = ""
    reason: str = ""
    raw: str = ""
    path: str = ""
    start: int = 0
    dropped: tuple[_Dropped, ...] = ()

    def rejects(self, place: Place, index: int) -> tuple[Reject, ...]:
        """What was dropped on the way to candidate `index`: told by the first that grows from the round."""
        if place.slot != self.start or place.use:
            return ()
        return tuple([Reject(self.path, index, "seeds", one.reason, requests=self.keys) for one in self.dropped])


class SeedSource(Protocol):
    """Where seeds come from."""

    async def seed(self, place: Place) -> tuple[str | None, Seeds]:
        """The seed at a place, None if there is none; and the round that it is of."""
        ...


class GivenSeeds:
    """The user's own texts. Needs no model."""

    def __init__(self, card: Card) -> None:
        self._texts = card.seed_spec.given
        self._problem = seed_validator_of(card)

    async def seed(self, place: Place) -> tuple[str | None, Seeds]:
        """The text at a place, if the card's validators hold for it."""
        text = self._texts[place.slot]
        problem = self._problem(text)
        return (None, Seeds((), reason=problem, raw=text)) if problem else (text, Seeds((text,)))


class NoSeeds:
    """For runs that leave the step out: instances grow from their context alone."""

    async def seed(self, place: Place) -> tuple[str, Seeds]:  # noqa: ARG002
        """Nothing."""
        return "", Seeds(())


@lru_cache
def seeds_answer(count: int) -> type[BaseModel]:
    """The answer to a question for that many seeds."""
    text = Annotated[Text, Field(description="a text")]
    several = Annotated[list[text], Field(min_length=1)]
    return answer_model("Seeds", "Material that instances grow from.", {"seeds": (several, f"{count} texts")})


def seeds_question(
    prompts: Prompts, card: Card, context: str, count: int, existing: Sequence[str] = ()
) -> tuple[tuple[Message, ...], type[BaseModel]]:
    """The question for `count` seeds in a context; without one if it is empty."""
    seed, answer = card.seed_spec, seeds_answer(count)
    described = card.inputs[seed.field].description if seed.field else ""
    variables = {
        "context": context,
        "count": count,
        "field": seed.field or "",
        "description": seed.description or described,
        "existing": list(existing),
        "uses": seed.uses,
    }
    return prompts.render("seeds", answer, variables), answer


@dataclass(slots=True)
class _Known:
    """The seeds of one context so far, round after round."""

    context: Context | None
    begun: int = 0
    last: asyncio.Task[Seeds] | None = None
    words: ExactDuplicates = field(default_factory=ExactDuplicates)
    taken: int = 0
    latest: deque[tuple[str, frozenset[str]]] = field(default_factory=lambda: deque(maxlen=SHOWN))

    def shown(self) -> list[str]:
        """The latest seeds."""
        return [text for text, _ in self.latest]

    def take(
        self, texts: Sequence[str], most: int, problem: Callable[[str], str]
    ) -> tuple[tuple[str, ...], tuple[_Dropped, ...]]:
        """At most so many texts that repeat none, which are known from now on; and what was dropped before those."""
        fresh: list[str] = []
        dropped: list[_Dropped] = []
        for text in texts:
            if len(fresh) == most:
                break
            if wrong := problem(text):
                dropped.append(_Dropped(text, wrong))
            elif self._is_new(text):
                fresh.append(text)
            else:
                dropped.append(_Dropped(text))
        return tuple(fresh), tuple(dropped)

    def _is_new(self, text: str) -> bool:
        words = stems(text)
        if any(likeness(words, other) >= TEXTS for _, other in self.latest):
            return False
        if self.words.first(text, self.taken) is not None:
            return False
        self.taken += 1
        self.latest.append((text, words))
        return True


class SeedPool:
    """Seeds by context and round, each round asked for once."""

    def __init__(self, asks: Asks, prompts: Prompts, card: Card) -> None:
        self._asks = asks
        self._prompts = prompts
        self._card = card
        self._per_context = card.seed_spec.per_context
        self._problem = seed_validator_of(card)
        self._known: OrderedDict[int, _Known] = OrderedDict()
        self._rounds: OrderedDict[tuple[int, int], asyncio.Task[Seeds]] = OrderedDict()

    async def seed(self, place: Place) -> tuple[str | None, Seeds]:
        """The seed at a place, None if its round has none there; and the round."""
        number, slot = divmod(place.slot, self._per_context)
        task = self._round(place.context, number)
        seeds = task.result() if task.done() else await asyncio.shield(task)
        return (seeds.texts[slot] if slot < len(seeds.texts) else None), seeds

    def _round(self, context: Context | None, number: int) -> asyncio.Task[Seeds]:
        """A round, after those before it, which it shows."""
        index = context.index if context else -1
        if (index, number) not in self._rounds:
            known = self._known.get(index)
            if known is None or known.begun > number:  # what is not kept any more is made again, from the first round
                known = self._known[index] = _Known(context)
            while known.begun <= number:
                known.last = self._rounds[index, known.begun] = shared(self._ask_round(known, known.begun, known.last))
                known.begun += 1
            self._forget()
        self._known.move_to_end(index)
        self._rounds.move_to_end((index, number))
        return self._rounds[index, number]

    def _forget(self) -> None:
        while len(self._rounds) > KEPT:
            self._rounds.popitem(last=False)
        while len(self._known) > KEPT:
            self._known.popitem(last=False)

    async def _ask_round(self, known: _Known, number: int, before: asyncio.Task[Seeds] | None) -> Seeds:
        if before is not None:
            await asyncio.shield(before)
        said = await self._ask(known, number, 0, self._per_context, known.shown())
        fresh, dropped = known.take(said.texts, self._per_context, self._problem)
        keys, missing = said.keys, self._per_context - len(fresh)
        if missing and not said.reason:
            repeats = [one.text for one in dropped if not one.problem]
            said = await self._ask(known, number, 1, missing, [*known.shown(), *repeats])
            more, again = known.take(said.texts, missing, self._problem)
            fresh, dropped, keys = fresh + more, dropped + again, keys + said.keys
        lacking = f"the model gave {len(fresh)} of {self._per_context} different seeds"
        reason = said.reason or (lacking if len(fresh) < self._per_context else "")
        path, start = _path(known, number), number * self._per_context
        return Seeds(fresh, keys, said.model, reason, said.raw, path, start, dropped)

    async def _ask(self, known: _Known, number: int, again: int, count: int, existing: Sequence[str]) -> Seeds:
        """One question; each is a draw of its own, lest a round that gave nothing new be asked in the same words."""
        name = known.context.name if known.context else ""
        messages, answer = seeds_question(self._prompts, self._card, name, count, existing[-SHOWN:])
        try:
            got = await self._asks("seeds", _path(known, number), messages, answer, 2 * number + again)
        except Unanswered as unanswered:
            return Seeds((), unanswered.keys, reason=unanswered.reason, raw=unanswered.raw)
        texts = tuple(getattr(got.value, "seeds"))  # noqa: B009 - the model is made at run time
        return Seeds(texts, got.keys, got.model, raw=got.raw)


def _path(known: _Known, number: int) -> str:
    """`context 3`, `context 3, round 2`; `seeds` where there is no context."""
    where = f"context {known.context.index}" if known.context else "seeds"
    return f"{where}, round {number}" if number else where
