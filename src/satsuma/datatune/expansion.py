"""DataTune's task expansion (arXiv 2404.14361, section 3.2): from a description and demonstrations to requirements.

A description of a sentence leaves open what demonstrations show: how long and how formal texts are, what makes an
output right, how a wrong option looks. Made explicit once, it is what every later question goes by. Every field has
its form: where the model leaves one out, the card's own description stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from satsuma.datatune.asking import Asks
from satsuma.datatune.naming import known
from satsuma.datatune.telling import demonstrations, fields_of, told
from satsuma.llm.request import Message
from satsuma.sources.show import shown_value
from satsuma.targen.asking import form
from satsuma.task.card import Card
from satsuma.task.templates import built_in

MOST = 20
"""Requirements at most."""

_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]


@dataclass(frozen=True, slots=True)
class Expanded:
    """A task made explicit.

    requirements: what an instance has to fulfil, a line each. form: how each field is written, a line each. keys: of
    the requests.
    """

    requirements: str
    form: str
    keys: tuple[str, ...] = ()


class FieldForm(BaseModel):
    """How one field is written."""

    model_config = ConfigDict(extra="ignore")

    name: _Text = Field(description="the name of a field, or of what is to be found")
    form: _Text = Field(description="what it holds and how it is written: length, wording, capitals, punctuation")


class Expansion(BaseModel):
    """What the model answers."""

    model_config = ConfigDict(extra="ignore")

    requirements: list[_Text] = Field(min_length=1, max_length=100, description="one requirement, in one sentence")
    fields: list[FieldForm] = Field(max_length=100)


def expansion_question(card: Card) -> tuple[Message, ...]:
    """The question that makes a task explicit.

    Raises:
        CardError: the prompt cannot be rendered.
    """
    return built_in("expand").render(
        task=told(card), demonstrations=list(demonstrations(card)), name=card.output.name, kind=card.output.kind,
        options=bool(card.option_fields), answer=form(Expansion),
    )  # fmt: skip


async def expand(asks: Asks, card: Card) -> Expanded:
    """The task, made explicit: one question for all datasets.

    Raises:
        Unanswered: there is no valid answer.
        CardError: the prompt cannot be rendered.
    """
    answered = await asks("expand", "expand", expansion_question(card), Expansion)
    value = answered.value
    described = {name: card.inputs[name].description for name in fields_of(card)} | {card.output.name: ""}
    said = {known(one.name, described): one.form for one in value.fields}
    forms = {name: said.get(name) or description for name, description in described.items()}
    return Expanded(
        requirements="\n".join(f"- {_line(one)}" for one in value.requirements[:MOST]),
        form="\n".join(f"- {shown_value(name)}: {_line(text)}" for name, text in forms.items() if text),
        keys=answered.keys,
    )


def _line(text: str) -> str:
    return " ".join(text.split())
