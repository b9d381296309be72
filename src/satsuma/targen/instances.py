"""TarGEN step 3, label-constrained instances: for a seed and a given label, the remaining fields.

What is varied besides the label (the card's attributes, and inputs with a closed list of values) comes from a
low-discrepancy design over their product, by the candidate's index, so that small sets cover it evenly. What the
model wrote is put together, computed fields are added, and the card's validators look at it; what they find wrong is
told to the model, which writes the instance once more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

from pydantic import BaseModel

from satsuma import chance
from satsuma.llm.ask import Answered, Unanswered
from satsuma.llm.request import Message
from satsuma.targen.asking import Asks, Prompts
from satsuma.targen.focus import EVENLY, Focus
from satsuma.task.card import Card
from satsuma.task.completing import Completion
from satsuma.task.instance import Value
from satsuma.task.outputs import Asked, Draft, Mistake, OutputKind
from satsuma.task.templates import built_in

MOST_OTHERS = 40
"""Other labels whose meanings an instance's prompt shows at most; with more, only the asked one."""
AGAIN = 1
"""How often an instance is asked for again with what was wrong with it."""


class Varied(NamedTuple):
    """What was drawn for a candidate: values of inputs, and attributes."""

    given: Mapping[str, str]
    attributes: Mapping[str, str]


class Design:
    """The design of what is varied in a card's instances. seed, focus: of the run."""

    def __init__(self, card: Card, seed: int, focus: Focus = EVENLY) -> None:
        self._axes = tuple(card.varied.items())
        self._weights = [tuple(focus.of_values(*axis)) for axis in self._axes]
        self._inputs = frozenset(card.inputs)
        self._seed = seed

    def point(self, index: int) -> Varied:
        """The values of candidate `index`."""
        given: dict[str, str] = {}
        attributes: dict[str, str] = {}
        places = chance.weighted_spread(index, self._weights, self._seed)
        for (name, values), at in zip(self._axes, places, strict=True):
            (given if name in self._inputs else attributes)[name] = values[at]
        return Varied(given, attributes)


class Wish(NamedTuple):
    """What an instance is to be made of: what it is asked to become, what was drawn, its context and its seed.

    use: which of the `uses` instances that grow from that seed, from 0. draw: which of the instances that may be asked
    for in the same words.
    """

    asked: Asked
    drawn: Varied
    context: str
    seed: str
    use: int = 0
    uses: int = 1
    draw: int = 0


def instance_question(
    prompts: Prompts, card: Card, output: OutputKind, wish: Wish
) -> tuple[tuple[Message, ...], type[BaseModel]]:
    """The question for one instance."""
    answer = output.instance_answer(wish.asked)
    return prompts.render("instance", answer, wish_told(card, output, wish, answer), wish.asked.label), answer


def wish_told(card: Card, output: OutputKind, wish: Wish, answer: type[BaseModel]) -> dict[str, object]:
    """What a prompt is told of a wish."""
    asked, drawn = wish.asked, wish.drawn
    labels = card.output.labels or {}
    wanted = output.wanted(asked)
    others = {name: label.description for name, label in labels.items() if name not in wanted}
    return {
        "context": wish.context,
        "seed": wish.seed,
        "use": wish.use + 1,
        "uses": wish.uses,
        "field": card.seed_spec.field or "",
        "given": meant(card, drawn.given),
        "attributes": {name: _meant(card.attributes[name], value) for name, value in drawn.attributes.items()},
        "label": asked.label if labels else "",
        "labels": {name: label.description for name, label in labels.items()},
        "description": _description(card, asked),
        "wanted": {name: labels[name].description if name in labels else "" for name in wanted},
        "others": others if len(others) <= MOST_OTHERS else {},
        "ordinal": card.output.ordinal,
        "of": card.output.spans or (card.output.span.field if card.output.span else ""),
        "right": _how_many(answer, "correct"),
        "wrong": _how_many(answer, "wrong"),
    }


def _description(card: Card, asked: Asked) -> str:
    labels = card.output.labels or {}
    if asked.label in labels:
        return labels[asked.label].description
    return card.output.span.description if card.output.span else card.output.text or ""


def meant(card: Card, given: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Given values of inputs with what each means."""
    return {name: _meant(card.inputs[name].values, value) for name, value in given.items()}


def _meant(values: Mapping[str, str], value: str) -> dict[str, str]:
    return {"value": value, "meaning": values[value]}


@lru_cache(maxsize=1024)
def _how_many(answer: type[BaseModel], name: str) -> int:
    """The number of options that a field of an answer asks for: 1 unless it is a list; 0 if there is no such field."""
    field = answer.model_fields.get(name)
    if field is None:
        return 0
    return next((int(m.min_length) for m in field.metadata if hasattr(m, "min_length")), 1)


Question = tuple[tuple[Message, ...], type[BaseModel]]


@dataclass(frozen=True, slots=True)
class Tools:
    """What it takes to write instances. seed, focus: of what is varied besides the label."""

    asks: Asks
    prompts: Prompts
    card: Card
    output: OutputKind
    seed: int = 0
    focus: Focus = EVENLY


class InstanceWriter:
    """Writes instances of a card and holds its validators to them."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._drafts = Drafts(tools.card, tools.output)

    async def write(self, path: str, wish: Wish) -> tuple[Draft, Answered[BaseModel]]:
        """Ask for the instance at a path.

        Raises:
            Unanswered: the model gave none, or what it gave does not make one, twice.
        """
        tools = self._tools
        return await self.answered(path, wish, instance_question(tools.prompts, tools.card, tools.output, wish))

    async def answered(self, path: str, wish: Wish, question: Question) -> tuple[Draft, Answered[BaseModel]]:
        """The instance that the answer to a question makes.

        Raises:
            Unanswered: the model gave none, or what it gave does not make one, twice.
        """
        messages, answer = question
        keys: tuple[str, ...] = ()
        for again in range(AGAIN + 1):
            answered = await self._tools.asks("instance", path, messages, answer, wish.draw)
            keys += answered.keys
            try:
                draft = self._drafts.made(wish, answered.value)
                return draft, replace(answered, keys=keys) if again else answered
            except Mistake as mistake:
                if again == AGAIN:
                    raise Unanswered(str(mistake), keys, answered.raw) from mistake
                messages = (*messages, Message("assistant", answered.raw), _repair(str(mistake)))
        raise AssertionError  # the loop returns or raises

    def expect(self, index: int, asked: str) -> None:
        """Candidate `index` is asked for this label; told in index order. What is written here needs nothing of it."""

    def problem(self, draft: Draft) -> str:
        """What the card's validators find wrong with an instance after correction; empty if nothing."""
        return self._drafts.problem(draft)


class Drafts:
    """Instances, put together: the model's answer, what was given, what is computed; validated."""

    def __init__(self, card: Card, output: OutputKind) -> None:
        self._seed_field = card.seed_spec.field
        self._output = output
        self._completion = Completion(card, output)

    def made(self, wish: Wish, answer: BaseModel) -> Draft:
        """The instance that an answer makes, its fields in the card's order.

        Raises:
            Mistake: it makes none, or a validator does not hold.
        """
        draft = self.put_together(wish, answer)
        if problem := self.problem(draft):
            raise Mistake(problem)
        return draft

    def put_together(self, wish: Wish, answer: BaseModel) -> Draft:
        """The instance that an answer makes, before it is validated.

        Raises:
            Mistake: the answer makes none, or a computed field has no value for it.
        """
        given: dict[str, Value] = dict(wish.drawn.given)
        if self._seed_field:
            given[self._seed_field] = wish.seed
        return self._completion(self._output.draft(given, answer, wish.asked))

    def problem(self, draft: Draft) -> str:
        """What is wrong with it; empty if nothing is."""
        return self._completion.problem(draft)


def _repair(reason: str) -> Message:
    return Message("user", built_in("repair").render_text(reason=reason))
