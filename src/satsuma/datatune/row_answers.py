"""What is made of a row, for any kind of output: its form as an answer, and the way from there to a draft and back.

A model that carries out a plan and a program that does the same both give an `Instance`: the card's inputs but for
computed ones, and what the row says of the output (`OutputKind.row_fields`: the label that it has, the right and the
wrong options, …). Where the right option stands is never theirs to say. So both ways are checked by the same code:
the form, the parts that belong together, computed fields, the card's validators, copied examples.

Not covered: whether the instance is true to its row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Generic, Literal, Self, TypeVar, get_origin

import orjson
from pydantic import BaseModel, Field, model_validator

from satsuma.datatune.demonstrations import Demonstrations, as_fields
from satsuma.llm.parse import Invalid, validate
from satsuma.llm.request import Json
from satsuma.sources.show import cut
from satsuma.targen.asking import form
from satsuma.task.card import Card
from satsuma.task.completing import Completion
from satsuma.task.instance import OutputValue, Span, Value
from satsuma.task.outputs import Asked, Draft, Mistake, OutputKind
from satsuma.task.outputs.kind import Text, answer_model

EXAMPLES = 4
"""Examples of the card that a prompt shows."""
EXAMPLE_TOKENS = 400
"""Tokens of a text of an example that are shown at most."""
LONGEST = 100_000
"""Characters of an instance: rows may be as long as books, and no card that has no validator for it wants that."""

I = TypeVar("I", bound=BaseModel)  # noqa: E741 - an instance


class RowAnswer(BaseModel, Generic[I]):
    """What a model makes of a row."""

    reason: Text = Field(description="one sentence: what of the row becomes what, or why the row is irrelevant")
    irrelevant: bool = Field(description="whether no instance can be made of the row")
    instance: I | None = Field(None, description="the instance, or null if the row is irrelevant")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if not self.irrelevant and self.instance is None:
            raise ValueError("an instance is missing; a row that makes none is irrelevant")
        return self


class RowAnswers:
    """The answers of one card.

    instance: the form of an instance. answer: what a model gives for a row. fields: what a program may return.

    Raises:
        CardError: an expression or a validator of the card cannot be used.
    """

    def __init__(self, card: Card, output: OutputKind) -> None:
        self._output = output
        self._inputs = row_inputs(card)
        self._completion = Completion(card, output)
        self._demonstrations = Demonstrations(card, output)
        made = {name: _input(card, name) for name in self._inputs}
        self.instance = answer_model("Instance", "An instance.", {**made, **output.row_fields()})
        self.answer: type[RowAnswer[BaseModel]] = RowAnswer[self.instance]  # type: ignore[name-defined]
        self.fields: tuple[str, ...] = tuple(self.instance.model_fields)
        self.examples: tuple[str, ...] = tuple(self._example(one) for one in card.examples[:EXAMPLES])

    def form(self) -> str:
        """The form of an instance, as a person would sketch it."""
        return form(self.instance)

    def draft(self, instance: BaseModel, asked: Asked) -> Draft:
        """The finished draft that an instance makes.

        Raises:
            Mistake: its parts contradict each other, a validator does not hold, or it copies an example.
        """
        given: dict[str, Value] = {name: str(getattr(instance, name)) for name in self._inputs}
        draft = self._completion(self._output.row_draft(given, instance, asked))
        if problem := too_long(draft) or self._completion.problem(draft) or self._demonstrations.copied(draft):
            raise Mistake(problem)
        return draft

    def returned(self, value: Mapping[str, Json], asked: Asked) -> Draft:
        """The finished draft that the dict of a program makes.

        Raises:
            Mistake: it has not the form of an instance, or as for `draft`.
        """
        try:
            instance = validate(dict(value), self.instance)
        except Invalid as invalid:
            raise Mistake(invalid.reason) from None
        return self.draft(instance, asked)

    def shown(self, draft: Draft) -> str:
        """A draft as the JSON of an instance, without the order of its options."""
        return _json(self._parts(draft.fields, draft.output))

    def content(self, draft: Draft) -> str:
        """All that a draft says, in one form: two drafts that say the same are the same."""
        return self.shown(draft).casefold()

    def _example(self, example: Mapping[str, object]) -> str:
        fields = as_fields(example, self._output)
        return _json(self._parts(fields, self._output.read(fields, example[self._output.name])), EXAMPLE_TOKENS)

    def _parts(self, fields: Mapping[str, Value], output: OutputValue) -> dict[str, object]:
        """An instance in the form of an answer."""
        parts: dict[str, object] = {name: fields[name] for name in self._inputs if name in fields}
        options = list(self._output.options(fields).values())
        if not options:
            return {**parts, self._output.name: _plain(output)}
        right = {int(str(at)) for at in output} if isinstance(output, tuple) else {int(str(output))}
        correct = [option for at, option in enumerate(options) if at in right]
        wrong = sorted(option for at, option in enumerate(options) if at not in right)
        return {**parts, "correct": self._listed("correct", sorted(correct)), "wrong": self._listed("wrong", wrong)}

    def _listed(self, name: str, texts: list[str]) -> list[str] | str:
        """Options as their field has them: a list, or a text where there is always one."""
        return texts if get_origin(self.instance.model_fields[name].annotation) is list else texts[0]


def too_long(draft: Draft) -> str:
    """What is wrong with an instance that no student could read; empty if nothing is."""
    values = (draft.output, *draft.fields.values())
    length = sum(len(one) for value in values for one in (value if isinstance(value, tuple) else (value,))
                 if isinstance(one, str))  # fmt: skip
    return f"it has {length:,} characters; an instance has at most {LONGEST:,}" if length > LONGEST else ""


def row_inputs(card: Card) -> tuple[str, ...]:
    """The inputs that a row is turned into: all but computed ones and options."""
    return tuple(name for name, one in card.inputs.items() if not one.computed and name not in card.option_fields)


def _input(card: Card, name: str) -> tuple[object, str]:
    one = card.inputs[name]
    kind: object = Literal[tuple(one.values)] if one.values else Text
    return kind, one.description or name


def _plain(output: OutputValue) -> object:
    if isinstance(output, tuple):
        return [{k: v for k, v in asdict(one).items() if k in ("text", "label")} if isinstance(one, Span) else one
                for one in output]  # fmt: skip
    return output


def _json(parts: Mapping[str, object], tokens: int = 0) -> str:
    def short(value: object) -> object:
        if isinstance(value, list):
            return [short(one) for one in value]
        return cut(value, tokens) if tokens and isinstance(value, str) else value

    return orjson.dumps({name: short(value) for name, value in parts.items()}).decode()
