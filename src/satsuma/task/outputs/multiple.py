"""Output: several labels of a closed set at once.

Shares are counted for one label of each instance: the one it was asked for, if that holds after correction, else the
first that does. The other labels that an instance is asked to have are drawn by the seed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Literal

from pydantic import BaseModel

from satsuma.selecting.shares import even, weights
from satsuma.task.card_output import NONE, Output
from satsuma.task.instance import OutputValue, Value
from satsuma.task.outputs.kind import (
    Asked,
    Draft,
    Judgement,
    Text,
    answer_model,
    drawn_together,
    several,
    shared_label,
    taken,
    texts,
)


class MultipleOutput:
    """A set of labels, in the card's order."""

    kind = "multiple"

    def __init__(self, output: Output, written: Mapping[str, str]) -> None:
        self.name = output.name
        self._labels = tuple(output.labels or {})
        self._together = output.together
        self._weights = weights(output.proportions) if output.proportions else even(output.shared)
        self._written = dict(written)
        self._answer = lru_cache(maxsize=1024)(self._answer_for)
        self._correction = answer_model(
            "Correction",
            "The labels of an instance.",
            {
                "reason": (Text, "one sentence that says why"),
                self.name: (several(Literal[self._labels], 0, len(self._labels)), "every label that holds"),
            },
        )

    def weights(self) -> Mapping[str, int]:
        """Label → weight of its share."""
        return self._weights

    def wanted(self, asked: Asked) -> tuple[str, ...]:
        """The asked label, and others by chance."""
        return drawn_together(asked, self._labels, self._together)

    def instance_answer(self, asked: Asked) -> type[BaseModel]:
        """The inputs that are still to be written."""
        return self._answer(self.wanted(asked))

    def _answer_for(self, wanted: tuple[str, ...]) -> type[BaseModel]:
        said = " and ".join(f'"{label}"' for label in wanted)
        verb = "are" if len(wanted) > 1 else "is"
        doc = f"An instance whose {self.name} {verb} {said}." if wanted else "An instance to which no label applies."
        return answer_model("Instance", doc, texts(self._written))

    def draft(self, given: Mapping[str, Value], answer: BaseModel, asked: Asked) -> Draft:
        """The given and the written fields, with the labels that were asked for."""
        wanted = self.wanted(asked)
        return Draft({**given, **taken(answer, tuple(self._written))}, wanted, asked.label, self._said(wanted))

    def row_fields(self) -> dict[str, tuple[object, str]]:
        """Every label that holds, at least as many as the card says."""
        held = several(Literal[self._labels], self._together[0], len(self._labels))
        return {self.name: (held, "every label that holds")}

    def row_draft(self, fields: Mapping[str, Value], answer: BaseModel, asked: Asked) -> Draft:
        """The fields, with the labels that the row has, in the card's order."""
        held = self._held(getattr(answer, self.name))
        return Draft(fields, held, shared_label(asked.label, held, NONE), self._said(held))

    def correction_answer(self, fields: Mapping[str, Value]) -> type[BaseModel]:  # noqa: ARG002
        """A reason and every label that holds."""
        return self._correction

    def judgement(self, draft: Draft, answer: BaseModel) -> Judgement:
        """The labels that hold, in the card's order."""
        held = self._held(getattr(answer, self.name))
        return Judgement(held, shared_label(draft.label, held, NONE), self._said(held))

    def options(self, fields: Mapping[str, Value]) -> dict[str, str]:  # noqa: ARG002
        """None."""
        return {}

    def shown(self, fields: Mapping[str, Value], output: OutputValue | object) -> str:  # noqa: ARG002
        """The labels, with commas between them."""
        return self._said(self._held(output))

    def read(self, fields: Mapping[str, Value], value: object) -> tuple[str, ...]:  # noqa: ARG002
        """The labels among a list of texts, in the card's order."""
        return self._held(value)

    def _held(self, value: object) -> tuple[str, ...]:
        named = {str(one) for one in value} if isinstance(value, Iterable) and not isinstance(value, str) else {value}
        return tuple(label for label in self._labels if label in named)

    def _said(self, labels: tuple[str, ...]) -> str:
        return ", ".join(labels) or NONE

    def example(self, fields: Mapping[str, Value], asked: Asked) -> tuple[str, ...]:  # noqa: ARG002
        """The labels that were asked for."""
        return self.wanted(asked)
