"""TarGEN's four steps, joined: one candidate, from its place in the tree of contexts to its corrected label.

There is no barrier between steps: a candidate asks for its instance as soon as its seed is there and for the
correction as soon as its instance is. A candidate's content depends on the card, the seed, its index and the label it
is asked for.
"""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from dataclasses import dataclass

from pydantic import BaseModel

from satsuma.errors import Exhausted
from satsuma.llm.ask import Answered, Unanswered
from satsuma.llm.turns import TURN
from satsuma.selecting.ballots import Ballot
from satsuma.selecting.selection import Outcome, Selection
from satsuma.settings import TARGEN, Policy, RecipeName, Settings
from satsuma.targen.asking import Asks, Prompts
from satsuma.targen.correction import Corrected, ballot, correct, correction_question
from satsuma.targen.decided import DecidedNames
from satsuma.targen.focus import EVENLY, Focus
from satsuma.targen.growth import Growth
from satsuma.targen.instances import Design, Tools, Varied, Wish
from satsuma.targen.parts import Part, part_of
from satsuma.targen.places import Ended, Place
from satsuma.targen.recipes import Writer, as_told, writer_of
from satsuma.task.card import Card
from satsuma.task.instance import Instance, Provenance, Reject, Value
from satsuma.task.outputs import Asked, Draft, OutputKind, output_of
from satsuma.task.verbalize import Verbalizer


@dataclass(frozen=True, slots=True)
class Recipe:
    """What decides a generation run besides n: the card, the seed, what it grows from and how it is corrected.

    votes: 0 without correction. focus: what is asked for more often. name: who writes the instances.
    """

    growth: Growth
    seed: int
    votes: int
    blind: bool
    policy: Policy
    part: Part
    focus: Focus = EVENLY
    name: RecipeName = TARGEN

    @classmethod
    def of(cls, card: Card, settings: Settings, focus: Focus = EVENLY) -> Recipe:
        """The settings where they are given, the card's own otherwise."""
        own = card.correction
        votes = own.votes if settings.votes is None else settings.votes
        return cls(
            Growth.of(as_told(card, settings.recipe), settings.without),
            settings.seed,
            0 if "correction" in settings.without else votes,
            own.blind if settings.blind is None else settings.blind,
            settings.policy or own.policy,
            part_of(settings.part, card),
            focus,
            settings.recipe,
        )


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where a candidate comes from, for its provenance. notes: what was dropped on the way to it."""

    path: str
    place: Place
    index: int
    asked: str
    seed: str
    drawn: Varied
    keys: tuple[str, ...]
    notes: tuple[Reject, ...]


class Targen:
    """Makes candidates. `make(i)` has to be called in index order; what it returns may run in any.

    decided: what was decided on the names of contexts.
    """

    def __init__(self, recipe: Recipe, asks: Asks, selection: Selection) -> None:
        card = recipe.growth.card
        self._recipe = recipe
        self._card = card
        self._asks = asks
        self._selection = selection
        self._output: OutputKind = output_of(card)
        self._prompts = Prompts(card, self._output)
        self._verbalize = Verbalizer(card, self._output)
        self._design = Design(card, recipe.seed, recipe.focus)
        self._told = frozenset(card.shown_inputs)
        self._columns = card.columns
        self._shared_field = card.seed_spec.field
        tools = Tools(asks, self._prompts, card, self._output, recipe.seed, recipe.focus)
        self._writer: Writer = writer_of(recipe.name, tools)
        self.decided = DecidedNames()
        self._places = recipe.growth.places(asks, self._prompts, recipe.focus, self.decided)
        self._seeds = recipe.growth.seed_source(asks, self._prompts)

    def make(self, index: int) -> Coroutine[object, object, Outcome]:
        """Candidate `index` of its part, with the label that is its turn."""
        at, asked = self._recipe.part.index(index), self._selection.ask()
        self._writer.expect(at, asked)
        return self._candidate(at, asked)

    async def _candidate(self, index: int, asked: str) -> Outcome:
        TURN.set(index)
        place = await self._places.place(index)
        notes = tuple(self._places.rejects(index))
        if isinstance(place, Ended):
            return _ended(place, index, asked, notes)
        text, seeds = await self._seeds.seed(place)
        notes += seeds.rejects(place, index)
        if text is None:
            reject = Reject(place.id, index, "seeds", seeds.reason, asked, raw=seeds.raw, requests=seeds.keys)
            return Outcome(asked, reject=reject, notes=notes)
        drawn = self._design.point(index)
        origin = _Origin(place.id, place, index, asked, text, drawn, seeds.keys, notes)
        wish = Wish(
            Asked(asked, self._recipe.seed, index), drawn, place.setting, text, place.use, place.uses, place.draw
        )
        try:
            draft, written = await self._writer.write(origin.path, wish)
        except Unanswered as no:
            return Outcome(asked, reject=_unanswered(origin, "instance", no), notes=notes)
        if self._recipe.votes == 0:
            return self._decided(origin, draft, written, None)
        question = correction_question(self._prompts, self._card, self._output, draft, blind=self._recipe.blind)
        try:
            corrected = await correct(self._asks, self._output, draft, question, self._recipe.votes, origin.path)
        except Unanswered as no:
            return Outcome(asked, reject=_unanswered(origin, "correction", no, draft.fields, written.keys), notes=notes)
        return self._decided(origin, draft, written, corrected)

    def _decided(
        self, origin: _Origin, draft: Draft, written: Answered[BaseModel], corrected: Corrected | None
    ) -> Outcome:
        """The policy, applied; without correction the label is the one that was asked for."""
        judged = corrected.judgement if corrected else draft
        final = draft if self._recipe.policy == "keep" else judged
        flow = (draft.shown, judged.shown) if corrected else None
        said = self._ballot(draft, corrected) if corrected else None
        keys = (*origin.keys, *written.keys, *(corrected.keys if corrected else ()))
        if corrected and judged.output != draft.output and (problem := self._problem(draft, corrected)):
            reject = Reject(
                origin.path, origin.index, "correction", problem, origin.asked, draft.fields, written.raw, keys
            )
            return Outcome(origin.asked, reject=reject, notes=origin.notes, flow=flow, ballot=said)
        text, target = self._verbalize(draft.fields, final.output)
        fields = {name: draft.fields[name] for name in self._columns}
        provenance = Provenance(
            method=self._recipe.name,
            context=origin.place.setting,
            seed=origin.seed,
            attributes=origin.drawn.attributes,
            asked=draft.shown,
            corrected=judged.shown,
            votes=corrected.votes if corrected else 0,
            agreement=corrected.agreement if corrected else None,
            reason=corrected.reason if corrected else "",
            model=written.model,
            corrector=corrected.model if corrected else "",
            requests=keys,
        )
        instance = Instance(origin.path, origin.index, fields, final.output, text, target, provenance)
        content, own = self._content(draft.fields), self._own_content(origin.place, draft.fields)
        return Outcome(origin.asked, instance, final.label, content, own, None, origin.notes, flow, said)

    def _ballot(self, draft: Draft, corrected: Corrected) -> Ballot:
        final = corrected.judgement if self._recipe.policy == "relabel" else draft
        return ballot(self._output, draft, corrected, final)

    def _problem(self, draft: Draft, corrected: Corrected) -> str:
        """Why an instance is dropped whose label the correction replaces; empty if it is not."""
        judged = corrected.judgement
        if self._recipe.policy == "drop":
            return f"the label {draft.shown} did not hold, but {judged.shown}: {corrected.reason}"
        if self._recipe.policy == "keep":
            return ""
        return self._writer.problem(Draft(draft.fields, judged.output, judged.label, judged.shown))

    def _content(self, fields: Mapping[str, Value]) -> str:
        """The words that duplicates are judged by: what was written, whatever the order of the options."""
        options = self._output.options(fields)
        said = [v for name, v in fields.items() if isinstance(v, str) and name not in options and name in self._told]
        return "\n".join([*said, *sorted(options.values())])

    def _own_content(self, place: Place, fields: Mapping[str, Value]) -> str:
        """The part of it that no other instance has, where several grow from one seed."""
        shared = self._shared_field
        if not shared or place.uses == 1:
            return ""
        return self._content({name: value for name, value in fields.items() if name != shared})


def _ended(place: Ended, index: int, asked: str, notes: tuple[Reject, ...]) -> Outcome:
    """The end of the candidates; if there is something left to tell, it is a candidate that finds no place."""
    if not notes:
        raise Exhausted(place.reason, place.hint)
    return Outcome(asked, reject=Reject(place.id, index, "contexts", place.reason, asked), notes=notes)


def _unanswered(
    origin: _Origin, step: str, no: Unanswered, fields: Mapping[str, Value] | None = None, keys: tuple[str, ...] = ()
) -> Reject:
    requests = (*origin.keys, *keys, *no.keys)
    return Reject(origin.path, origin.index, step, no.reason, origin.asked, fields or {}, no.raw, requests)
