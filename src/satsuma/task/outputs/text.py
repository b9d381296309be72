"""Output: free text. There are no labels; the corrector keeps the text or replaces it."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel

from satsuma.task.instance import Value
from satsuma.task.outputs.kind import ALL, Asked, Draft, Judgement, Text, answer_model, taken, texts

KEPT, REPLACED = "kept", "replaced"


class TextOutput:
    """Free text, with one share of everything."""

    kind = "text"

    def __init__(self, name: str, description: str, written: Mapping[str, str]) -> None:
        self.name = name
        self._written = dict(written)
        self._description = description or f"the {name}"
        self._answer = answer_model(
            "Instance", "An instance with its output.", {**texts(written), name: (Text, description)}
        )
        self._correction = answer_model(
            "Correction",
            "Whether the output of an instance is right, and the right one.",
            {
                "reason": (Text, "one sentence that says why"),
                "correct": (bool, f"whether the given {name} is right"),
                name: (Text, f"the right {name}: the given one, unchanged, if it is right"),
            },
        )

    def weights(self) -> Mapping[str, int]:
        """One share of everything."""
        return {ALL: 1}

    def wanted(self, asked: Asked) -> tuple[str, ...]:  # noqa: ARG002
        """None."""
        return ()

    def instance_answer(self, asked: Asked) -> type[BaseModel]:  # noqa: ARG002
        """The inputs that are still to be written, and the output."""
        return self._answer

    def draft(self, given: Mapping[str, Value], answer: BaseModel, asked: Asked) -> Draft:
        """The given and the written fields, with the written output."""
        return self.row_draft({**given, **taken(answer, tuple(self._written))}, answer, asked)

    def row_fields(self) -> dict[str, tuple[object, str]]:
        """The text."""
        return {self.name: (Text, self._description)}

    def row_draft(self, fields: Mapping[str, Value], answer: BaseModel, asked: Asked) -> Draft:  # noqa: ARG002
        """The fields, with the text that was made of the row."""
        return Draft(fields, str(getattr(answer, self.name)), ALL, KEPT)

    def correction_answer(self, fields: Mapping[str, Value]) -> type[BaseModel]:  # noqa: ARG002
        """A reason, a verdict, and the right text."""
        return self._correction

    def judgement(self, draft: Draft, answer: BaseModel) -> Judgement:
        """The text as it was, or the corrector's."""
        text = str(getattr(answer, self.name))
        if getattr(answer, "correct") or text == draft.output:  # noqa: B009
            return Judgement(draft.output, ALL, KEPT)
        return Judgement(text, ALL, REPLACED)

    def options(self, fields: Mapping[str, Value]) -> dict[str, str]:  # noqa: ARG002
        """None."""
        return {}

    def shown(self, fields: Mapping[str, Value], output: object) -> str:  # noqa: ARG002
        """The text itself."""
        return str(output)

    def read(self, fields: Mapping[str, Value], value: object) -> str:  # noqa: ARG002
        """The text itself."""
        return str(value)

    def example(self, fields: Mapping[str, Value], asked: Asked) -> str:  # noqa: ARG002
        """The name of the output."""
        return self.name
