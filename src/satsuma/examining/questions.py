"""One instance as a question to a model, and what the model's answer means.

Two forms. `fields`: the task, the meaning of its labels, the inputs by name, and an answer whose type is the kind of
output: one label, several, the name of an option, words of the text, labelled spans, free text. `text`: the verbalized
pair, as a student reads it and as BIG-bench presents it; the answer is what comes next, and is compared with the
targets but for case, space, quotes and a final stop. By default BIG-bench's cards are asked as `text`, all others as
`fields`. The right answer is never in a question; the corrector's prompt, which may show it, is another one.

Words that do not stand in the text are an answer, and a wrong one; words that are none of the choices are none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

from pydantic import BaseModel

from satsuma.errors import SettingsError
from satsuma.examining.shots import of_the_suite
from satsuma.llm.ask import Question
from satsuma.llm.request import Message, Sampling
from satsuma.students.labelled import Labelled, Reader
from satsuma.targen.asking import form as sketched
from satsuma.task.card import Card
from satsuma.task.instance import OutputValue, Span, Value
from satsuma.task.outputs import Draft, Mistake, OutputKind
from satsuma.task.outputs.kind import Text, answer_model
from satsuma.task.outputs.span import found
from satsuma.task.templates import built_in
from satsuma.task.verbalize import displayed

Form = Literal["fields", "text"]
FORMS: tuple[Form, ...] = get_args(Form)
STEP = "score"
ANSWER = "answer"
"""The field of an answer to a text."""
ANSWER_TOKENS = 4096
AS_TEXT = frozenset({"labels", "choice", "text"})
"""Kinds of output whose target is a text that an answer can be compared with."""
_REASON = (Text, "why, in a few sentences")


@dataclass(frozen=True, slots=True)
class Said:
    """What a model said of an instance. output: None where it is nothing that the instance could have."""

    output: OutputValue | None
    words: str


def form_of(card: Card, wanted: Form | None) -> Form:
    """The form in which a card's instances are asked.

    Raises:
        SettingsError: its output cannot be asked in the form that is wanted.
    """
    if wanted == "text" and card.output.kind not in AS_TEXT:
        raise SettingsError(
            f"the card {card.name} cannot be asked as text: its output is {card.output.kind}", "Use --form fields."
        )
    return wanted or ("text" if of_the_suite(card) and card.output.kind in AS_TEXT else "fields")


class Examiner:
    """Makes the questions of a card, and reads the answers."""

    def __init__(self, card: Card, form: Form, shots: Sequence[Labelled], *, reason: bool, sampling: Sampling) -> None:
        self._card = card
        self._reader = Reader(card)
        self._output: OutputKind = self._reader.output
        self._form = form
        self._reason = reason
        self._sampling = sampling
        self._template = built_in("score")
        self._shots = tuple(shots)

    def question(self, instance: Labelled) -> Question[BaseModel]:
        """The question about an instance.

        Raises:
            CardError: the prompt cannot be rendered.
        """
        answer = self._answer(instance)
        return Question(self.messages(instance), answer, STEP, f"{STEP} {instance.id}", self._sampling)

    def messages(self, instance: Labelled) -> tuple[Message, ...]:
        """What the model reads."""
        card, span = self._card, self._card.output.span
        as_text = self._as_text(instance)
        return self._template.render(
            task=card.task,
            kind=card.output.kind,
            name=card.output.name,
            labels={} if as_text else {name: one.description for name, one in (card.output.labels or {}).items()},
            ordinal=card.output.ordinal,
            shots=[self._shot(one, as_text=as_text) for one in self._shots],
            text=instance.text.strip() if as_text else "",
            fields=displayed(card, instance.fields, self._output),
            options={} if as_text else self._output.options(instance.fields),
            description=(span.description if span else card.output.text) or "",
            of=card.output.spans or (span.field if span else ""),
            optional=span.none if span else card.output.together[0] == 0,
            reason=self._reason,
            answer=sketched(self._answer(instance)),
        )

    def said(self, instance: Labelled, answer: BaseModel) -> Said:
        """What an answer means."""
        if self._as_text(instance):
            words = str(getattr(answer, ANSWER))
            return Said(self._named(instance, words), words)
        output = self._read(instance.fields, answer)
        return Said(output, self.shown(instance, output))

    def shown(self, instance: Labelled, output: OutputValue | None) -> str:
        """An output as people read it."""
        if output is None:
            return ""
        if isinstance(output, tuple) and (not output or isinstance(output[0], Span)):
            return "; ".join(f"{one.label}: {one.text}" for one in output if isinstance(one, Span)) or "none"
        if not instance.fields or self._card.output.kind == "text":
            return str(output)
        return self._output.shown(instance.fields, output)

    def _as_text(self, instance: Labelled) -> bool:
        return self._form == "text" or not instance.fields

    def _shot(self, shot: Labelled, *, as_text: bool) -> dict[str, object]:
        if as_text or not shot.fields:
            between = "\n" if self._card.verbalize.strip else " "  # a text of its own form says where the target goes
            whole = f"{shot.text.strip()}{between}{shot.target.strip()}"
            return {"text": whole, "said": "", "fields": {}, "options": {}}
        fields = displayed(self._card, shot.fields, self._output)
        options = self._output.options(shot.fields)
        return {"text": "", "said": self.shown(shot, shot.output), "fields": fields, "options": options}

    def _answer(self, instance: Labelled) -> type[BaseModel]:
        card = self._card
        if self._as_text(instance):
            words = self._words()
            said: object = Literal[tuple(dict.fromkeys(words.values()))] if words else Text
            return _made(ANSWER, said, "the answer alone", self._reason)
        if card.output.kind == "text":
            return _made(self._output.name, Text, card.output.text or f"the {card.output.name}", self._reason)
        field = self._output.correction_answer(instance.fields).model_fields[self._output.name]
        return _made(self._output.name, field.rebuild_annotation(), field.description or "", self._reason)

    def _words(self) -> dict[str, str]:
        """Label → its target; empty where the output is no label."""
        if self._card.output.kind != "labels":
            return {}
        return {name: self._card.verbalize.labels.get(name, name) for name in self._card.output.labels or {}}

    def _named(self, instance: Labelled, words: str) -> OutputValue | None:
        """The output that is said in words."""
        kind, said = self._card.output.kind, _plainly(words)
        if kind == "text":
            return words
        if kind == "labels":
            return next((name for name, target in self._words().items() if said == _plainly(target)), None)
        targets = [self._reader.target_of(instance, at) for at in range(len(instance.options))]
        for texts in (targets, instance.options, tuple(self._output.options(instance.fields))):
            hits = [at for at, text in enumerate(texts) if _plainly(text) == said]
            if hits:
                return hits[0]
        return None

    def _read(self, fields: Mapping[str, Value], answer: BaseModel) -> OutputValue | None:
        output, kind = self._card.output, self._card.output.kind
        value = getattr(answer, self._output.name)
        if kind == "text":
            return str(value)
        if kind == "span":
            words = str(value).strip()
            return (found(words, str(fields[output.span.field if output.span else ""])) if words else "") or words
        if kind == "spans":
            return _placed(str(fields[output.spans or ""]), value)
        try:
            return self._output.judgement(Draft(fields, "", "", ""), answer).output
        except Mistake:
            return None


def _placed(text: str, named: Sequence[object]) -> tuple[Span, ...]:
    """The spans where they stand; one that stands nowhere is put at -1, so that it counts as said and wrong."""
    after: dict[str, int] = {}
    placed = []
    for one in named:
        words, label = str(getattr(one, "text", "")), str(getattr(one, "label", ""))
        start = text.find(words, after.get(words, 0))
        if start >= 0:
            after[words] = start + len(words)
            placed.append(Span(start, start + len(words), label, words))
        else:
            placed.append(Span(-1, -1 - len(placed), label, words))
    return tuple(sorted(placed))


def _plainly(text: str) -> str:
    return " ".join(text.casefold().split()).strip(" .\"'`“”«»")


@lru_cache(maxsize=1024)
def _made(name: str, kind: object, description: str, reason: bool) -> type[BaseModel]:
    fields = {"reason": _REASON} if reason and name != "reason" else {}
    said: dict[str, tuple[object, str]] = {**fields, name: (kind, description)}
    return answer_model("Answer", "The answer to a question.", said)
