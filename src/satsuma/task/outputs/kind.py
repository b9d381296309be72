"""What a kind of output has to know, and the small values that pass between it and the steps."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol

from pydantic import BaseModel, Field, StringConstraints, create_model

from satsuma.task.instance import Value

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


@dataclass(frozen=True, slots=True)
class Draft:
    """An instance before correction.

    output: as the dataset stores it. label: what shares are counted for. shown: the label as people see it.
    """

    fields: Mapping[str, Value]
    output: str | int
    label: str
    shown: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one corrector's answer means, in the terms of `Draft`."""

    output: str | int
    label: str
    shown: str


class OutputKind(Protocol):
    """A closed label set, a choice, free text, or whatever comes next."""

    kind: str
    name: str

    def weights(self) -> Mapping[str, int]:
        """Label → weight of its share."""
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

    def correction_answer(self, fields: Mapping[str, Value]) -> type[BaseModel]:
        """What the corrector answers about an instance with these fields."""
        ...

    def judgement(self, draft: Draft, answer: BaseModel) -> Judgement:
        """What the corrector's answer means."""
        ...

    def options(self, fields: Mapping[str, Value]) -> dict[str, str]:
        """Name → text of an instance's options; empty where the output is not a choice."""
        ...

    def shown(self, fields: Mapping[str, Value], output: object) -> str:
        """The output of a finished instance as people see it."""
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


def taken(answer: BaseModel, names: Sequence[str]) -> dict[str, Value]:
    """The values of those fields in an answer."""
    return {name: str(getattr(answer, name)) for name in names}
