"""How the four steps ask: the card's prompts, rendered, sent to the step's model under the run's settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from types import NoneType
from typing import Any, Literal, Protocol, TypeVar, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from satsuma.llm.ask import Answered, Question, ask
from satsuma.llm.client import Client
from satsuma.llm.request import Message, Sampling
from satsuma.settings import Settings
from satsuma.task.card import Card
from satsuma.task.instance import Value
from satsuma.task.outputs import OutputKind
from satsuma.task.prompting import card_template
from satsuma.task.templates import built_in
from satsuma.task.verbalize import displayed

Step = Literal["contexts", "seeds", "instance", "correction"]
STEPS: tuple[Step, ...] = get_args(Step)
ANSWER_TOKENS = 4096
"""The limit on the tokens of one answer: ten times what the longest answers of these prompts need."""
MOST_NAMED = 12
"""Closed sets up to this size are spelled out where an answer's form is shown."""

A = TypeVar("A", bound=BaseModel)


class Asks(Protocol):
    """Asks one question of one step."""

    async def __call__(
        self, step: Step, path: str, messages: tuple[Message, ...], answer: type[A], draw: int = 0
    ) -> Answered[A]:
        """The validated answer.

        Raises:
            Unanswered: there is none, with the reason.
        """
        ...


class Asking:
    """The models of a run. Correction is sampled at temperature 0 unless several votes are taken."""

    def __init__(self, client: Client, settings: Settings, votes: int) -> None:
        self._client = client
        warm = Sampling(temperature=settings.temperature, max_tokens=ANSWER_TOKENS, seed=settings.seed)
        cold = votes == 1 and settings.temperature is not None
        self._sampling = dict.fromkeys(STEPS, warm)
        if cold:
            self._sampling["correction"] = replace(warm, temperature=0.0)

    async def __call__(
        self, step: Step, path: str, messages: tuple[Message, ...], answer: type[A], draw: int = 0
    ) -> Answered[A]:
        """Ask the step's model."""
        question = Question(messages, answer, step, path, self._sampling[step], draw)
        return await ask(self._client, self._client.model_for(step), question)


class Prompts:
    """The compiled prompts of a card. What every prompt sees is set here; each step adds its own."""

    def __init__(self, card: Card, output: OutputKind) -> None:
        self.examples = [_shown_example(card, example, output) for example in card.examples]
        self.shown_inputs = card.shown_inputs
        self._common: dict[str, object] = {
            "task": card.task,
            "language": card.language,
            "inputs": {name: {"description": card.inputs[name].description} for name in self.shown_inputs},
            "kind": output.kind,
            "name": output.name,
            "examples": self.examples,
        }
        self._templates = {step: card_template(card, "prompts", step) or built_in(step) for step in STEPS}
        own = {name: card_template(card, "output", "labels", name, "prompt") for name in own_prompts(card)}
        self._per_label = {name: template for name, template in own.items() if template is not None}

    def render(
        self, step: Step, answer: type[BaseModel], variables: Mapping[str, object], label: str = ""
    ) -> tuple[Message, ...]:
        """The messages of a step.

        Raises:
            CardError: the template cannot be rendered.
        """
        template = self._per_label.get(label) if step == "instance" else None
        return (template or self._templates[step]).render(**self._common, **variables, answer=form(answer))

    def render_built_in(
        self, name: str, answer: type[BaseModel], variables: Mapping[str, object]
    ) -> tuple[Message, ...]:
        """The messages of a prompt that no card overrides; what it asks for stands in `wanted.jinja`."""
        asked_for = built_in("wanted").render_text(**self._common, **variables)
        return built_in(name).render(**self._common, **variables, asked_for=asked_for, answer=form(answer))


def own_prompts(card: Card) -> list[str]:
    """The labels that have an instance prompt of their own."""
    return [name for name, label in (card.output.labels or {}).items() if label.prompt is not None]


def _shown_example(card: Card, example: Mapping[str, object], output: OutputKind) -> dict[str, str]:
    fields: dict[str, Value] = {
        name: tuple(map(str, value)) if isinstance(value, Sequence) and not isinstance(value, str) else str(value)
        for name, value in example.items()
        if name != output.name
    }
    return {
        **displayed(card, fields, output),
        **output.options(fields),
        output.name: output.shown(fields, output.read(fields, example[output.name])),
    }


@lru_cache(maxsize=1024)
def form(answer: type[BaseModel], indent: str = "") -> str:
    """The form of an answer, as a person would sketch it: JSON with what each value is in angle brackets."""
    lines = (f'{indent}  "{name}": {_value(field, indent + "  ")}' for name, field in answer.model_fields.items())
    return "{\n" + ",\n".join(lines) + f"\n{indent}}}"


def _value(field: FieldInfo, indent: str = "") -> str:
    kind: Any = field.annotation
    if NoneType in get_args(kind) and isinstance(inner := get_args(kind)[0], type) and issubclass(inner, BaseModel):
        return f"{form(inner, indent)} or null"
    if get_origin(kind) is Literal:
        values = get_args(kind)
        return f'"<{" or ".join(values)}>"' if len(values) <= MOST_NAMED else f'"<{field.description}>"'
    if get_origin(kind) is list:
        return f"[{_item(get_args(kind)[0], field.description or '')}, …]"
    return f"<true or false: {field.description}>" if kind is bool else f'"<{field.description}>"'


def _item(kind: Any, description: str) -> str:  # noqa: ANN401 - what a list is of: any type
    """One item of a list, as a person would sketch it, or two where the items have a description of their own."""
    if own := next((m.description for m in getattr(kind, "__metadata__", ()) if isinstance(m, FieldInfo)), None):
        return f'"<{own}>", "<another>"'
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return "{" + ", ".join(f'"{name}": {_value(field)}' for name, field in kind.model_fields.items()) + "}"
    if get_origin(kind) is Literal and len(get_args(kind)) <= MOST_NAMED:
        return f'"<{" or ".join(get_args(kind))}>"'
    return f'"<{description}>"'
