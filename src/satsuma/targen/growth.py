"""What a run's candidates grow from: its contexts and seeds, asked for, given by the user, or left out.

A step that is left out (`without`, for ablations) leaves the others as they are: without contexts, seeds are asked for
without a setting; without seeds, an instance grows from its setting alone, and writes the input too that the seed would
have been; without correction, an instance keeps the label it was asked for. Seeds of the user's own need no contexts;
those that the user gives as well take turns.

`units` counts what so many candidates need; it mirrors the orders of `places.py` and `contexts.py`.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

from satsuma.targen.asking import Asks, Prompts, Step
from satsuma.targen.contexts import ContextTree
from satsuma.targen.focus import EVENLY, Focus
from satsuma.targen.places import GivenContexts, GivenTexts, Places
from satsuma.targen.repeats import Likeness
from satsuma.targen.seeds import GivenSeeds, NoSeeds, SeedPool, SeedSource
from satsuma.task.card import Card
from satsuma.task.card_steps import Contexts, Seed


@dataclass(frozen=True, slots=True)
class Growth:
    """What candidates grow from. card: as the steps see it. contexts, seeds: whether there are any."""

    card: Card
    contexts: bool
    seeds: bool

    @classmethod
    def of(cls, card: Card, without: Collection[str]) -> Growth:
        """What a card's candidates grow from, without some of the steps."""
        contexts, seeds = "contexts" not in without, "seeds" not in without
        changed: dict[str, object] = {}
        if not contexts:
            changed["contexts"] = Contexts()
        if not seeds:
            changed["seed"] = Seed(per_context=card.seed_spec.per_context)
        return cls(card.model_copy(update=changed) if changed else card, contexts, seeds)

    @property
    def uses(self) -> int:
        """Candidates that grow from the same."""
        return self.card.seed_spec.uses

    @property
    def most(self) -> float:
        """How many candidates there can be."""
        given = self.card.seed_spec.given
        return len(given) * self.uses if given else math.inf

    @property
    def asks_contexts(self) -> bool:
        """Whether a model is asked for contexts."""
        return self.contexts and not self.card.contexts.given and not self.card.seed_spec.given

    @property
    def asks_seeds(self) -> bool:
        """Whether a model is asked for seeds."""
        return self.seeds and not self.card.seed_spec.given

    def places(self, asks: Asks, prompts: Prompts, focus: Focus = EVENLY, likeness: Likeness | None = None) -> Places:
        """Where candidates grow. likeness: what decides on repeats among contexts that a model gives."""
        card, texts = self.card, self.card.seed_spec.given
        if texts:
            return GivenTexts(len(texts), card.contexts.given, self.uses)
        if self.asks_contexts:
            return ContextTree(asks, prompts, card, seeded=self.seeds, likeness=likeness)
        given = card.contexts.given
        return GivenContexts(given, self.uses, self.seeds, focus.of_contexts(given))

    def seed_source(self, asks: Asks, prompts: Prompts) -> SeedSource:
        """Where seeds come from."""
        if not self.seeds:
            return NoSeeds()
        return GivenSeeds(self.card) if self.card.seed_spec.given else SeedPool(asks, prompts, self.card)

    def setting(self, asked: str) -> str:
        """A context as a prompt shows it. asked: one that a model was asked for."""
        if self.asks_contexts:
            return asked
        return self.card.contexts.given[0] if self.card.contexts.given else ""


def units(card: Card, candidates: float, without: Collection[str] = ()) -> dict[Step, float]:
    """How many questions of each step so many candidates need, none asked twice and one vote each.

    contexts: blocks. seeds: rounds of a context.
    """
    growth = Growth.of(card, without)
    candidates = min(candidates, growth.most)
    across = growth.card.contexts.per_block if growth.asks_contexts else max(1, len(growth.card.contexts.given))
    seeds = candidates if growth.uses == 1 else math.ceil(candidates / growth.uses)
    blocks, rest = divmod(seeds, across * growth.card.seed_spec.per_context)
    return {
        "contexts": blocks + (rest > 0) if growth.asks_contexts else 0.0,
        "seeds": blocks * across + min(rest, across) if growth.asks_seeds else 0.0,
        "instance": candidates,
        "correction": 0.0 if "correction" in without else candidates,
    }
