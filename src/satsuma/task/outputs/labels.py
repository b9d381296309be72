"""Output: one of a closed set of labels, which may be the steps of a scale."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

from pydantic import BaseModel

from satsuma.selecting.shares import even, weights
from satsuma.task.card_output import Output
from satsuma.task.instance import Value
from satsuma.task.outputs.kind import Asked, Draft, Judgement, Text, answer_model, taken, texts


class LabelOutput:
    """Shares are counted per label, by the card's proportions."""

    kind = "labels"

    def __init__(self, output: Output, written: Mapping[str, str]) -> None:
        self.name = output.name
        self._weights = weights(output.proportions) if output.proportions else even(tuple(output.labels or {}))
        self._written = dict(written)
        self._label: object = Literal[tuple(output.labels or {})]
        self._answer = lru_cache(maxsize=1024)(self._answer_for)
        self._correction = answer_model(
            "Correction",
            "The label of an instance.",
            {
                "reason": (Text, "one sentence that says why"),
                self.name: (self._label, "the label that holds"),
            },
        )

    def weights(self) -> Mapping[str, int]:
        """Label → weight of its share."""
        return self._weights

    def wanted(self, asked: Asked) -> tuple[str, ...]:
        """The label."""
        return (asked.label,)

    def instance_answer(self, asked: Asked) -> type[BaseModel]:
        """The inputs that are still to be written."""
        return self._answer(asked.label)

    def _answer_for(self, label: str) -> type[BaseModel]:
        return answer_model("Instance", f'An instance whose {self.name} is "{label}".', texts(self._written))

    def draft(self, given: Mapping[str, Value], answer: BaseModel, asked: Asked) -> Draft:
        """The given and the written fields, with the label that was asked for."""
        return Draft({**given, **taken(answer, tuple(self._written))}, asked.label, asked.label, asked.label)

    def row_fields(self) -> dict[str, tuple[object, str]]:
        """The label."""
        return {self.name: (self._label, "the label that holds")}

    def row_draft(self, fields: Mapping[str, Value], answer: BaseModel, asked: Asked) -> Draft:  # noqa: ARG002
        """The fields, with the label that the row has."""
        label = str(getattr(answer, self.name))
        return Draft(fields, label, label, label)

    def correction_answer(self, fields: Mapping[str, Value]) -> type[BaseModel]:  # noqa: ARG002
        """A reason and one of the labels."""
        return self._correction

    def judgement(self, draft: Draft, answer: BaseModel) -> Judgement:  # noqa: ARG002
        """The label itself."""
        label = str(getattr(answer, self.name))
        return Judgement(label, label, label)

    def options(self, fields: Mapping[str, Value]) -> dict[str, str]:  # noqa: ARG002
        """None."""
        return {}

    def shown(self, fields: Mapping[str, Value], output: object) -> str:  # noqa: ARG002
        """The label itself."""
        return str(output)

    def read(self, fields: Mapping[str, Value], value: object) -> str:  # noqa: ARG002
        """The label itself."""
        return str(value)

    def example(self, fields: Mapping[str, Value], asked: Asked) -> str:  # noqa: ARG002
        """The asked label."""
        return asked.label
