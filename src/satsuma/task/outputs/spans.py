"""Output: labelled parts of an input's text, such as the named entities of a sentence.

The model names the words of each span and its label; where they stand is found in the text: the words that it names
first are the first of their kind, the same words named again are the next ones. Spans that overlap, and words that
are not in the text, are mistakes. Shares are counted for one label of each instance, as for several labels at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from pydantic import BaseModel

from satsuma.selecting.shares import even, weights
from satsuma.task.card_output import NONE, Output
from satsuma.task.instance import Span, Value
from satsuma.task.outputs.kind import (
    Asked,
    Draft,
    Judgement,
    Mistake,
    Text,
    answer_model,
    drawn_together,
    several,
    shared_label,
    taken,
    texts,
)

MOST_SPANS = 64
"""Spans that one instance has at most."""


class SpansOutput:
    """Spans of a text, each with a label, in the order of the text."""

    kind = "spans"

    def __init__(self, output: Output, field: str, written: Mapping[str, str]) -> None:
        self.name = output.name
        self._field = field
        self._labels = tuple(output.labels or {})
        self._together = output.together
        self._weights = weights(output.proportions) if output.proportions else even(output.shared)
        self._written = dict(written)
        self._answer = lru_cache(maxsize=1024)(self._answer_for)
        self._correction = answer_model(
            "Correction",
            "The spans of an instance.",
            {"reason": (Text, "one sentence that says why"), self.name: self._spans(0)},
        )

    def _spans(self, least: int) -> tuple[object, str]:
        span = answer_model(
            "Span",
            "A span.",
            {
                "text": (Text, f"words of {self._field}, exactly as they stand there"),
                "label": (Literal[self._labels], "what they are"),
            },
        )
        return several(span, least, MOST_SPANS), f"every span of {self._field}, in the order in which they stand there"

    def weights(self) -> Mapping[str, int]:
        """Label → weight of its share."""
        return self._weights

    def wanted(self, asked: Asked) -> tuple[str, ...]:
        """The labels of which the text is to have at least one span each."""
        return drawn_together(asked, self._labels, self._together)

    def instance_answer(self, asked: Asked) -> type[BaseModel]:
        """The inputs that are still to be written, and their spans."""
        return self._answer(self.wanted(asked))

    def _answer_for(self, wanted: tuple[str, ...]) -> type[BaseModel]:
        said = " and ".join(f'"{label}"' for label in wanted)
        doc = f"An instance with spans of the kind {said}." if wanted else "An instance without any span."
        fields = texts(self._written)
        if wanted:
            fields[self.name] = self._spans(len(wanted))
        return answer_model("Instance", doc, fields)

    def draft(self, given: Mapping[str, Value], answer: BaseModel, asked: Asked) -> Draft:
        """The given and the written fields, with the spans.

        Raises:
            Mistake: words are not in the text, spans overlap, or a wanted label has none.
        """
        fields = {**given, **taken(answer, tuple(self._written))}
        spans = self._placed(fields, getattr(answer, self.name, ()))
        if lacking := [label for label in self.wanted(asked) if label not in {span.label for span in spans}]:
            raise Mistake(f"there is no span of the label {lacking[0]}")
        return Draft(fields, spans, asked.label, self._said(spans))

    def _placed(self, fields: Mapping[str, Value], named: Iterable[object]) -> tuple[Span, ...]:
        text = str(fields[self._field])
        after: dict[str, int] = {}
        placed: list[Span] = []
        for one in named:
            words, label = self._parts(one)
            start = text.find(words, after.get(words, 0))
            if start < 0:
                often = "as often as it is named" if words in after else "word for word"
                raise Mistake(f"a span does not stand in {self._field} {often}: {words}")
            after[words] = start + len(words)
            placed.append(Span(start, start + len(words), label, words))
        placed.sort()
        for before, behind in pairwise(placed):
            if behind.start < before.end:
                raise Mistake(f"two spans overlap: {before.text} and {behind.text}")
        return tuple(placed)

    def _parts(self, one: object) -> tuple[str, str]:
        """The words and the label of a span of an answer, a row, or an example (`label: words`)."""
        if isinstance(one, Mapping):
            words, label = str(one.get("text", "")), str(one.get("label", ""))
        elif isinstance(one, str):
            label, _, words = (part.strip() for part in one.partition(":"))
        else:
            words, label = str(getattr(one, "text", "")), str(getattr(one, "label", ""))
        if not words or label not in self._labels:
            raise Mistake(f"a span needs words and one of the labels, written as label: words; this one is {one}")
        return words, label

    def row_fields(self) -> dict[str, tuple[object, str]]:
        """Every span, at least one unless the card says that there can be none."""
        return {self.name: self._spans(min(1, self._together[0]))}

    def row_draft(self, fields: Mapping[str, Value], answer: BaseModel, asked: Asked) -> Draft:
        """The fields, with the spans that the row has.

        Raises:
            Mistake: words are not in the text, or spans overlap.
        """
        spans = self._placed(fields, getattr(answer, self.name))
        return Draft(fields, spans, self._counted(asked.label, spans), self._said(spans))

    def _counted(self, asked: str, spans: tuple[Span, ...]) -> str:
        """The label that an instance with these spans counts for."""
        held = {span.label for span in spans}
        return shared_label(asked, tuple(label for label in self._labels if label in held), NONE)

    def correction_answer(self, fields: Mapping[str, Value]) -> type[BaseModel]:  # noqa: ARG002
        """A reason and every span."""
        return self._correction

    def judgement(self, draft: Draft, answer: BaseModel) -> Judgement:
        """The spans that hold.

        Raises:
            Mistake: words are not in the text, or spans overlap.
        """
        spans = self._placed(draft.fields, getattr(answer, self.name))
        return Judgement(spans, self._counted(draft.label, spans), self._said(spans))

    def options(self, fields: Mapping[str, Value]) -> dict[str, str]:  # noqa: ARG002
        """None."""
        return {}

    def shown(self, fields: Mapping[str, Value], output: object) -> str:
        """`label: words`, with semicolons between them."""
        return self._said(self.read(fields, output))

    def read(self, fields: Mapping[str, Value], value: object) -> tuple[Span, ...]:
        """The spans among spans, rows of the dataset, or texts of the form `label: words`.

        Raises:
            Mistake: they are not in the text, or overlap.
        """
        return self._placed(fields, value if isinstance(value, Iterable) and not isinstance(value, str) else ())

    def _said(self, spans: tuple[Span, ...]) -> str:
        return "; ".join(f"{span.label}: {span.text}" for span in spans) or NONE

    def example(self, fields: Mapping[str, Value], asked: Asked) -> tuple[Span, ...]:
        """The whole text as one span, or none."""
        text = str(fields[self._field])
        return tuple(Span(0, len(text), label, text) for label in self.wanted(asked)[:1])
