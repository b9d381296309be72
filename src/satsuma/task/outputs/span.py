"""Output: a part of an input's text, word for word, or none where the card says that there can be none.

The words are found in the text as the model wrote them, or in another case; they are kept as the text has them. A
corrector's words count as the same span if one is part of the other or they differ in articles, case or punctuation
only (the normalization of SQuAD, Rajpurkar et al. 2016).
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping

from pydantic import BaseModel

from satsuma.selecting.shares import even, weights
from satsuma.task.card_output import ANSWERABLE, UNANSWERABLE, Output
from satsuma.task.card_output import Span as SpanOf
from satsuma.task.instance import Value
from satsuma.task.outputs.kind import ALL, Asked, Draft, Judgement, Mistake, Text, answer_model, taken, texts

KEPT, REPLACED, NO_SPAN = "kept", "replaced", "none"
_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalized_answer(text: str) -> str:
    """Lower case, without punctuation and English articles, single spaces: as SQuAD compares answers."""
    return " ".join(_ARTICLES.sub(" ", text.casefold().translate(_PUNCTUATION)).split())


def found(words: str, text: str) -> str | None:
    """The words as the text has them; None if it has them in no case."""
    if words in text:
        return words
    hit = re.search(re.escape(words), text, re.IGNORECASE)
    return hit[0] if hit else None


class SpanOutput:
    """One span; empty text where there is none."""

    kind = "span"

    def __init__(self, output: Output, span: SpanOf, written: Mapping[str, str]) -> None:
        self.name = output.name
        self._field = span.field
        self._none = span.none
        self._weights = self._shares(output)
        self._written = dict(written)
        self._what = what = span.description or f"the {self.name}"
        with_span = (Text, f"{what}: words of {span.field}, exactly as they stand there")
        self._with = answer_model("Instance", "An instance with its span.", {**texts(written), self.name: with_span})
        self._without = answer_model("Instance", f"An instance that has no {self.name}.", texts(written))
        self._correction = self._correction_answer(what)

    def _shares(self, output: Output) -> Mapping[str, int]:
        if not self._none:
            return {ALL: 1}
        return weights(output.proportions) if output.proportions else even(output.shared)

    def _correction_answer(self, what: str) -> type[BaseModel]:
        fields: dict[str, tuple[object, str]] = {"reason": (Text, "one sentence that says why")}
        end = ", or an empty text if there is none" if self._none else ""
        fields[self.name] = (str, f"{what}: words of {self._field}, exactly as they stand there{end}")
        return answer_model("Correction", "The span of an instance.", fields)

    def weights(self) -> Mapping[str, int]:
        """One share of everything, or one of the instances with a span and one of those without."""
        return self._weights

    def wanted(self, asked: Asked) -> tuple[str, ...]:
        """Whether there is to be a span, where there can be none."""
        return (asked.label,) if self._none else ()

    def instance_answer(self, asked: Asked) -> type[BaseModel]:
        """The inputs that are still to be written, and the span unless there is to be none."""
        return self._without if asked.label == UNANSWERABLE else self._with

    def draft(self, given: Mapping[str, Value], answer: BaseModel, asked: Asked) -> Draft:
        """The given and the written fields, with the span.

        Raises:
            Mistake: the span is not in the text.
        """
        fields = {**given, **taken(answer, tuple(self._written))}
        if asked.label == UNANSWERABLE:
            return Draft(fields, "", asked.label, NO_SPAN)
        return Draft(fields, self._in_text(fields, str(getattr(answer, self.name))), asked.label, KEPT)

    def _in_text(self, fields: Mapping[str, Value], words: str) -> str:
        held = found(words.strip(), str(fields[self._field]))
        if not held:
            raise Mistake(f"the {self.name} does not stand in {self._field} word for word: {words}")
        return held

    def row_fields(self) -> dict[str, tuple[object, str]]:
        """The span, which may be empty where there can be none."""
        end = ", or an empty text if there is none" if self._none else ""
        exactly = f"{self._what}: words of {self._field}, exactly as they stand there{end}"
        return {self.name: (str if self._none else Text, exactly)}

    def row_draft(self, fields: Mapping[str, Value], answer: BaseModel, asked: Asked) -> Draft:  # noqa: ARG002
        """The fields, with the span that the row has.

        Raises:
            Mistake: the span is not in the text.
        """
        words = str(getattr(answer, self.name)).strip()
        if not words:
            return Draft(fields, "", UNANSWERABLE, NO_SPAN)
        return Draft(fields, self._in_text(fields, words), ANSWERABLE if self._none else ALL, KEPT)

    def correction_answer(self, fields: Mapping[str, Value]) -> type[BaseModel]:  # noqa: ARG002
        """A reason and the span."""
        return self._correction

    def judgement(self, draft: Draft, answer: BaseModel) -> Judgement:
        """The span as it was if the corrector's is the same in essence, else the corrector's.

        Raises:
            Mistake: the corrector's span is not in the text, or is empty where there has to be one.
        """
        given, words = str(draft.output), str(getattr(answer, self.name)).strip()
        one, other = normalized_answer(given), normalized_answer(words)
        if one == other or (one and other and (one in other or other in one)):
            return Judgement(draft.output, draft.label, draft.shown)
        if not words and self._none:
            return Judgement("", UNANSWERABLE, NO_SPAN)
        return Judgement(self._in_text(draft.fields, words), ANSWERABLE if self._none else ALL, REPLACED)

    def options(self, fields: Mapping[str, Value]) -> dict[str, str]:  # noqa: ARG002
        """None."""
        return {}

    def shown(self, fields: Mapping[str, Value], output: object) -> str:  # noqa: ARG002
        """The words, or what stands for none."""
        return str(output) or NO_SPAN

    def read(self, fields: Mapping[str, Value], value: object) -> str:
        """The words as the text has them.

        Raises:
            Mistake: they are not in the text.
        """
        words = str(value)
        return self._in_text(fields, words) if words.strip() or not self._none else ""

    def example(self, fields: Mapping[str, Value], asked: Asked) -> str:
        """The whole text, or none."""
        return "" if asked.label == UNANSWERABLE else str(fields[self._field])
