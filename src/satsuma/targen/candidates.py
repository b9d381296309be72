"""TarGEN's four steps, joined: one candidate, from its place in the tree of contexts to its corrected label.

There is no barrier between steps: a candidate asks for its instance as soon as its seed is there and for the
correction as soon as its instance is. A candidate's content depends on the card, the seed, its index and the label it
is asked for.
"""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from dataclasses import dataclass

from pydantic import BaseModel

from satsuma.curate.selection import Outcome, Selection
from satsuma.llm.ask import Answered, Unanswered
from satsuma.llm.turns import TURN
from satsuma.settings import Policy, Settings
from satsuma.stream import END, End
from satsuma.targen.asking import Asks, Prompts
from satsuma.targen.contexts import ContextTree, GivenContexts, Place
from satsuma.targen.correction import Corrected, correct, correction_question
from satsuma.targen.instances import Varied, varied, write_instance
from satsuma.targen.seeds import SeedPool
from satsuma.task.card import Card
from satsuma.task.instance import Instance, Provenance, Reject, Value
from satsuma.task.outputs import Asked, Draft, OutputKind, output_of
from satsuma.task.verbalize import Verbalizer


@dataclass(frozen=True, slots=True)
class Recipe:
    """What decides a generation run besides n: the card, the seed, and how it is corrected."""

    card: Card
    seed: int
    votes: int
    blind: bool
    policy: Policy

    @classmethod
    def of(cls, card: Card, settings: Settings) -> Recipe:
        """The settings where they are given, the card's own otherwise."""
        own = card.correction
        return cls(
            card,
            settings.seed,
            own.votes if settings.votes is None else settings.votes,
            own.blind if settings.blind is None else settings.blind,
            settings.policy or own.policy,
        )


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where a candidate comes from, for its provenance."""

    place: Place
    index: int
    asked: str
    seed: str
    drawn: Varied
    keys: tuple[str, ...]


class Targen:
    """Makes candidates. `make(i)` has to be called in index order; what it returns may run in any."""

    def __init__(self, recipe: Recipe, asks: Asks, selection: Selection) -> None:
        card = recipe.card
        self._recipe = recipe
        self._card = card
        self._asks = asks
        self._selection = selection
        self._output: OutputKind = output_of(card)
        self._prompts = Prompts(card, self._output)
        self._verbalize = Verbalizer(card, self._output)
        self._seeds = SeedPool(asks, self._prompts, card)
        given = card.contexts.given
        self._contexts: GivenContexts | ContextTree = (
            GivenContexts(given) if given else ContextTree(asks, self._prompts, card, card.seed_spec.per_context)
        )

    def make(self, index: int) -> Coroutine[object, object, Outcome | End]:
        """Candidate `index`, with the label that is its turn."""
        return self._candidate(index, self._selection.ask())

    async def _candidate(self, index: int, asked: str) -> Outcome | End:
        TURN.set(index)
        place = await self._contexts.place(index)
        if place is None:
            return END
        notes = tuple(self._contexts.rejects(index))
        text, seeds = await self._seeds.seed(place)
        if text is None:
            reject = Reject(place.id, index, "seeds", seeds.reason, asked, raw=seeds.raw, requests=seeds.keys)
            return Outcome(asked, reject=reject, notes=notes)
        drawn = varied(self._card, self._recipe.seed, index)
        origin = _Origin(place, index, asked, text, drawn, seeds.keys)
        asking = Asked(asked, self._recipe.seed, index)
        at = (place.id, place.context.name, text)
        try:
            draft, written = await write_instance(
                self._asks, self._prompts, self._card, self._output, asking, drawn, at
            )
        except Unanswered as no:
            return Outcome(asked, reject=_unanswered(origin, "instance", no), notes=notes)
        question = correction_question(self._prompts, self._card, self._output, draft, blind=self._recipe.blind)
        try:
            corrected = await correct(self._asks, self._output, draft, question, self._recipe.votes, place.id)
        except Unanswered as no:
            return Outcome(asked, reject=_unanswered(origin, "correction", no, draft.fields, written.keys), notes=notes)
        return self._decided(origin, draft, written, corrected, notes)

    def _decided(
        self,
        origin: _Origin,
        draft: Draft,
        written: Answered[BaseModel],
        corrected: Corrected,
        notes: tuple[Reject, ...],
    ) -> Outcome:
        """The policy, applied."""
        judged, keys = corrected.judgement, (*origin.keys, *written.keys, *corrected.keys)
        flow = (draft.shown, judged.shown)
        if self._recipe.policy == "drop" and judged.output != draft.output:
            reason = f"the label {draft.shown} did not hold, but {judged.shown}: {corrected.reason}"
            reject = Reject(
                origin.place.id, origin.index, "correction", reason, origin.asked, draft.fields, written.raw, keys
            )
            return Outcome(origin.asked, reject=reject, notes=notes, flow=flow)
        keep = self._recipe.policy == "keep"
        output, label = (draft.output, draft.label) if keep else (judged.output, judged.label)
        text, target = self._verbalize(draft.fields, output)
        provenance = Provenance(
            method="targen",
            context=origin.place.context.name,
            seed=origin.seed,
            attributes=origin.drawn.attributes,
            asked=draft.shown,
            corrected=judged.shown,
            votes=corrected.votes,
            agreement=corrected.agreement,
            reason=corrected.reason,
            model=written.model,
            corrector=corrected.model,
            requests=keys,
        )
        instance = Instance(origin.place.id, origin.index, draft.fields, output, text, target, provenance)
        return Outcome(origin.asked, instance, label, self._content(draft.fields), notes=notes, flow=flow)

    def _content(self, fields: Mapping[str, Value]) -> str:
        """The words that duplicates are judged by: what was written, whatever the order of the options."""
        options = self._output.options(fields)
        own = [v for name, v in fields.items() if isinstance(v, str) and name not in options]
        return "\n".join([*own, *sorted(options.values())])


def _unanswered(
    origin: _Origin, step: str, no: Unanswered, fields: Mapping[str, Value] | None = None, keys: tuple[str, ...] = ()
) -> Reject:
    requests = (*origin.keys, *keys, *no.keys)
    return Reject(origin.place.id, origin.index, step, no.reason, origin.asked, fields or {}, no.raw, requests)
