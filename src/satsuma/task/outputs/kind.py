"""What a kind of output has to know, and the small values that pass between it and the steps."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple, Protocol

from pydantic import BaseModel, Field, StringConstraints, create_model

from satsuma import chance
from satsuma.task.instance import OutputValue, Value

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
"""Text that the model writes: never blank."""
ALL = "all"
"""The one label that shares are counted for where an output has none."""


class Mistake(ValueError):
    """The model's answer does not make an instance; the message says why."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a candidate is asked to become: the label that shares are counted for, and the path of its chance."""

    label: str
    seed: int
    index: int


class Draft(NamedTuple):
    """An instance before correction.

    output: as the dataset stores it. label: what shares are counted for. shown: the label as people see it.
    """

    fields: Mapping[str, Value]
    output: OutputValue
    label: str
    shown: str


class Judgement(NamedTuple):
    """What one corrector's answer means, in the terms of `Draft`."""

    output: OutputValue
    label: str
    shown: str


class OutputKind(Protocol):
    """One label of a closed set or several, a choice, spans, free text, or whatever comes next."""

    kind: str
    name: str

    def weights(self) -> Mapping[str, int]:
        """Label → weight of its share."""
        ...

    def wanted(self, asked: Asked) -> tuple[str, ...]:
        """The labels that the instance is to have; none where the output has no labels."""
        ...

    def instance_answer(self, asked: Asked) -> type[BaseModel]:
        """What the model writes for an instance with the asked label."""
        ...

    def draft(self, given: Mapping[str, Value], answer: BaseModel, asked: Asked) -> Draft:
        """The instance that the given fields and the answer make.

        Raises:
            Mistake: the answer's parts contradict each other.
        """
        ...

    def row_fields(self) -> dict[str, tuple[object, str]]:
        """What is read off a row of an existing dataset besides the inputs: field → (type, description)."""
        ...

    def row_draft(self, fields: Mapping[str, Value], answer: BaseModel, asked: Asked) -> Draft:
        """The instance that a row makes: its inputs without options, and an answer that has the `row_fields`.

        asked: decides what is the program's to decide, such as where the right option stands; never a label.

        Raises:
            Mistake: the answer's parts contradict each other.
        """
        ...

    def correction_answer(self, fields: Mapping[str, Value]) -> type[BaseModel]:
        """What the corrector answers about an instance with these fields."""
        ...

    def judgement(self, draft: Draft, answer: BaseModel) -> Judgement:
        """What the corrector's answer means.

        Raises:
            Mistake: the answer does not fit the instance; it does not count as a vote.
        """
        ...

    def options(self, fields: Mapping[str, Value]) -> dict[str, str]:
        """Name → text of an instance's options; empty where the output is not a choice."""
        ...

    def shown(self, fields: Mapping[str, Value], output: object) -> str:
        """The output of a finished instance as people see it."""
        ...

    def read(self, fields: Mapping[str, Value], value: object) -> OutputValue:
        """The output of an example or of a row of the dataset, in the form that `Draft` has it.

        Raises:
            Mistake: it is none for these fields.
        """
        ...

    def example(self, fields: Mapping[str, Value], asked: Asked) -> OutputValue:
        """An output that an instance with these fields could have."""
        ...


def answer_model(name: str, doc: str, fields: Mapping[str, tuple[object, str]]) -> type[BaseModel]:
    """A pydantic model of an answer, from field → (type, description)."""
    made = {key: (kind, Field(description=text)) for key, (kind, text) in fields.items()}
    with warnings.catch_warnings():
        # A card may call an input `json` or `copy`: that shadows something of pydantic's which no answer needs.
        warnings.filterwarnings("ignore", message='Field name "', category=UserWarning)
        return create_model(name, __doc__=doc, **made)  # type: ignore[call-overload, no-any-return]


def texts(described: Mapping[str, str]) -> dict[str, tuple[object, str]]:
    """The fields of an answer model for inputs that the model writes."""
    return {name: (Text, description) for name, description in described.items()}


def several(kind: object, least: int, most: int) -> object:
    """The type of a list of `least` to `most` of a kind."""
    return Annotated[list[kind], Field(min_length=least, max_length=most)]  # type: ignore[valid-type]


def drawn_together(asked: Asked, labels: Sequence[str], together: tuple[int, int]) -> tuple[str, ...]:
    """The labels that a candidate is asked to have at once, in the card's order: its own, and others by chance."""
    if asked.label not in labels:
        return ()
    low, high = together
    size = chance.choose(range(max(1, low), high + 1), asked.seed, "together", asked.index)
    others = [name for name in labels if name != asked.label]
    others.sort(key=lambda name: chance.number(asked.seed, "together", asked.index, name))
    chosen = {asked.label, *others[: size - 1]}
    return tuple(name for name in labels if name in chosen)


def shared_label(asked: str, held: Sequence[str], none: str) -> str:
    """The label that an instance with several counts for: the asked one if it holds, else the first that does."""
    return asked if asked in held else next(iter(held), none)


def taken(answer: BaseModel, names: Sequence[str]) -> dict[str, Value]:
    """The values of those fields in an answer."""
    return {name: str(getattr(answer, name)) for name in names}
