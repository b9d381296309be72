"""TarGEN step 3, label-constrained instances: for a seed and a given label, the remaining fields.

What is varied besides the label (the card's attributes, and inputs with a closed list of values) comes from a
low-discrepancy design over their product, by the candidate's index, so that small sets cover it evenly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel

from satsuma import chance
from satsuma.llm.ask import Answered, Unanswered
from satsuma.llm.request import Message
from satsuma.targen.asking import Asks, Prompts
from satsuma.task.card import Card
from satsuma.task.instance import Value
from satsuma.task.outputs import Asked, Draft, Mistake, OutputKind

MOST_OTHERS = 40
"""Other labels whose meanings an instance's prompt shows at most; with more, only the asked one."""


@dataclass(frozen=True, slots=True)
class Varied:
    """What was drawn for a candidate: values of inputs, and attributes."""

    given: Mapping[str, str]
    attributes: Mapping[str, str]


def varied(card: Card, seed: int, index: int) -> Varied:
    """The values of candidate `index`."""
    axes = card.varied
    point = chance.spread(index, [len(values) for values in axes.values()], seed)
    drawn = {name: tuple(values)[at] for (name, values), at in zip(axes.items(), point, strict=True)}
    given = {name: value for name, value in drawn.items() if name in card.inputs}
    return Varied(given, {name: value for name, value in drawn.items() if name not in given})


def instance_question(
    prompts: Prompts, card: Card, output: OutputKind, asked: Asked, drawn: Varied, context: str, seed: str
) -> tuple[tuple[Message, ...], type[BaseModel]]:
    """The question for one instance."""
    answer = output.instance_answer(asked)
    labels = card.output.labels or {}
    others = {name: label.description for name, label in labels.items() if name != asked.label}
    wrong = answer.model_fields.get("wrong")
    variables = {
        "context": context,
        "seed": seed,
        "field": card.seed_spec.field or "",
        "given": {name: _meant(card.inputs[name].values, value) for name, value in drawn.given.items()},
        "attributes": {name: _meant(card.attributes[name], value) for name, value in drawn.attributes.items()},
        "label": asked.label if labels else "",
        "description": labels[asked.label].description if labels else card.output.text or "",
        "others": others if len(others) <= MOST_OTHERS else {},
        "wrong": _how_many(wrong.metadata) if wrong else 0,
    }
    return prompts.render("instance", answer, variables, asked.label), answer


def _meant(values: Mapping[str, str], value: str) -> dict[str, str]:
    return {"value": value, "meaning": values[value]}


def _how_many(metadata: list[object]) -> int:
    """The number of wrong options that an answer's field asks for: 1 unless it is a list of a fixed length."""
    return next((int(m.min_length) for m in metadata if hasattr(m, "min_length")), 1)


async def write_instance(
    asks: Asks,
    prompts: Prompts,
    card: Card,
    output: OutputKind,
    asked: Asked,
    drawn: Varied,
    place: tuple[str, str, str],
) -> tuple[Draft, Answered[BaseModel]]:
    """Ask for the instance at a place: its id, its context, its seed.

    Raises:
        Unanswered: the model gave none, or what it gave does not make one.
    """
    path, context, seed = place
    messages, answer = instance_question(prompts, card, output, asked, drawn, context, seed)
    answered = await asks("instance", path, messages, answer)
    given: dict[str, Value] = dict(drawn.given)
    if card.seed_spec.field:
        given[card.seed_spec.field] = seed
    try:
        draft = output.draft(given, answered.value, asked)
    except Mistake as mistake:
        raise Unanswered(str(mistake), answered.keys, answered.raw) from mistake
    ordered = {name: draft.fields[name] for name in card.inputs}
    return Draft(ordered, draft.output, draft.label, draft.shown), answered
