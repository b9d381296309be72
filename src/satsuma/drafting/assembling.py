"""From what the model answered to the data of a card, and what is wrong with the answer itself.

Texts are put on one line and lose what nobody can see; names that no field can have become the nearest that it can
(`text` → `input_text`), wherever they are mentioned. Where rows say what the fields are, the answer only describes
them. Nothing else is repaired: everything that does not fit together is told, for the model to do it again. What a
card's parts have to do with each other is judged by the card's own rules (`satsuma.checking`).
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from satsuma.drafting.answer import DraftedCard, DraftedInput, DraftedLabel, DraftedOutput, Value
from satsuma.drafting.fields import Fields, OutputKind
from satsuma.drafting.names import all_legal, known_as, legal
from satsuma.task.builtin import prompt_text
from satsuma.task.flaw import quoted
from satsuma.task.languages import code_of

LONGEST_NAME = 100
"""Characters of a label, a value or an attribute: more is a description."""
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co"})
_JOINERS = "\u200c\u200d"
_NONCHARACTERS = "\ufffe\uffff"
_LABELLED: tuple[OutputKind, ...] = ("labels", "scale", "multiple", "spans")
_WORDED: tuple[OutputKind, ...] = ("labels", "scale", "multiple")

Data = dict[str, object]


@dataclass(frozen=True, slots=True)
class Assembled:
    """data: of the card, as its file would hold it. mistakes: of the answer, as `field: what`."""

    data: Data
    mistakes: tuple[str, ...]


def assembled(answer: DraftedCard, name: str, fields: Fields | None = None, language: str = "") -> Assembled:
    """The card that an answer makes.

    name: of the card. fields: what rows say. language: what the user says; the answer's where it is empty.
    """
    making = _Making(answer, fields)
    data: Data = {"name": name, "task": clean(answer.task), "language": clean(language or answer.language) or "English"}
    data["inputs"] = making.inputs()
    data["output"] = making.output()
    if contexts := clean(answer.contexts):
        data["contexts"] = contexts
    else:
        making.mistakes.append("contexts: is empty; say in a noun phrase what a setting of instances is")
    data |= {"seed": making.seed(), "attributes": making.attributes()}
    if making.kind != "text" and code_of(str(data["language"])) not in ("", "en"):
        data["validators"] = ["language"]  # a text that is written may be a translation
    data["verbalize"] = making.verbalization()
    data["metric"] = _metric(making.kind, len(making.labels))
    kept = {key: value for key, value in data.items() if value not in ({}, "") or key == "inputs"}
    return Assembled(kept, tuple(dict.fromkeys(making.mistakes)))


def clean(text: str) -> str:
    """A text on one line, without what nobody can see."""
    shown = "".join(c if _shows(c) else " " if c.isspace() or unicodedata.category(c) == "Cc" else "" for c in text)
    return " ".join(shown.split())


def _shows(char: str) -> bool:
    return char in _JOINERS or not (unicodedata.category(char) in _INVISIBLE or char in _NONCHARACTERS)


@dataclass(slots=True)
class _Making:
    """A card in the making."""

    answer: DraftedCard
    fields: Fields | None
    names: dict[str, str] = field(default_factory=dict)
    labels: dict[str, DraftedLabel] = field(default_factory=dict)
    mistakes: list[str] = field(default_factory=list)

    @property
    def kind(self) -> OutputKind:
        return self.fields.kind if self.fields else self.answer.output.kind

    def inputs(self) -> Data:
        """Name → description, or description and values."""
        self._tell_twice("inputs", [one.name for one in self.answer.inputs])
        return self._described(self.fields) if self.fields else self._proposed()

    def _proposed(self) -> Data:
        self.names = all_legal([one.name for one in self.answer.inputs])
        return {self.names[one.name]: _input(one, _meanings(one.values)) for one in self.answer.inputs}

    def _described(self, fields: Fields) -> Data:
        """The inputs that rows have, in their order; what the model does not describe is left out."""
        self.names = {one.column.name: one.name for one in fields.inputs}
        told = {known_as(self.names, one.name): one for one in self.answer.inputs}
        for one in self.answer.inputs:
            if not known_as(self.names, one.name):
                self.mistakes.append(f"inputs: the rows have no column {quoted(one.name)} that is an input")
        made: Data = {}
        for given in fields.inputs:
            if given.name in told:
                one = told[given.name]
                meanings = _meanings(one.values)
                made[given.name] = _input(one, {value: meanings.get(clean(value), "") for value in given.values})
            elif given.name in {*fields.options, fields.within}:
                self.mistakes.append(f"inputs: {given.name} is needed for the output; describe it")
        return made

    def output(self) -> Data:
        """The output in the form of its kind."""
        said, fields = self.answer.output, self.fields
        name = fields.name if fields else legal(said.name, self.names.values(), "output")
        self.labels = self._labels(said)
        made: Data = {"name": name}
        if self.kind in _LABELLED:
            made["labels"] = {label: clean(one.meaning) for label, one in self.labels.items()}
        return made | self._of_kind(said, fields)

    def _of_kind(self, said: DraftedOutput, fields: Fields | None) -> Data:
        least, most = fields.together if fields else (said.least, said.most)
        text = clean(said.text)
        if self.kind == "scale":
            return {"ordinal": True}
        if self.kind == "multiple":
            return {"multiple": [least, most]}
        if self.kind == "choice":
            options = list(fields.options) if fields else self._inputs_named("output.options", said.options)
            return {"choice": {"field": options[0], "count": [least, most]} if len(options) == 1 else options}
        if self.kind == "spans":
            return {"spans": self._input_named("output.within", said.within)}
        if self.kind == "span":
            within = fields.within if fields else self._input_named("output.within", said.within)
            return {"span": {"field": within, "none": fields.none if fields else said.none, "description": text}}
        return {"text": text} if self.kind == "text" else {}

    def _labels(self, said: DraftedOutput) -> dict[str, DraftedLabel]:
        """The labels: those of the rows, or those that the model names."""
        if self.kind not in _LABELLED:
            return {}
        self._tell_twice("output.labels", [one.name for one in said.labels])
        told = {clean(one.name): one for one in said.labels}
        self._tell_long("output.labels", told)
        if self.fields is None:
            return told
        wanted = {clean(label): label for label in self.fields.labels}
        if unknown := [quoted(name) for name in told if name not in wanted]:
            self.mistakes.append(f"output.labels: the rows do not have {', '.join(unknown[:5])}; describe theirs only")
        if missing := [quoted(label) for name, label in wanted.items() if name not in told]:
            self.mistakes.append(f"output.labels: say what {', '.join(missing[:20])} means")
        return {label: told[name] for name, label in wanted.items() if name in told}

    def seed(self) -> Data:
        """The seed: its field, if it is one, and what it is."""
        made: Data = {}
        if self.answer.seed_field.strip():
            made["field"] = self._input_named("seed_field", self.answer.seed_field)
        if description := clean(self.answer.seed):
            made["description"] = description
        return made

    def attributes(self) -> Data:
        """Name → value → meaning."""
        told = [(clean(one.name), one.values) for one in self.answer.attributes]
        self._tell_twice("attributes", [name for name, _ in told])
        self._tell_long("attributes", [name for name, _ in told])
        for name, values in told:
            self._tell_twice(f"attributes.{name}", [value.name for value in values])
            self._tell_long(f"attributes.{name}", [value.name for value in values])
        return {name: _meanings(values) for name, values in told}

    def verbalization(self) -> Data:
        """The question under the inputs, and words for labels where they differ from them."""
        made: Data = {}
        if question := clean(self.answer.question):
            made["text"] = f"{(prompt_text('text.jinja') or '').rstrip()}\n{_template(question)}\n"
        words = {label: clean(one.word) or label for label, one in self.labels.items()}
        if self.kind in _WORDED and any(word != label for label, word in words.items()):
            made["labels"] = words
        return made

    def _input_named(self, where: str, raw: str) -> str:
        name = known_as(self.names, raw.strip()) or known_as(self.names, raw)
        if not name:
            self.mistakes.append(f"{where}: {quoted(raw)} is not one of the inputs")
        return name or raw

    def _inputs_named(self, where: str, raws: Sequence[str]) -> list[str]:
        if not raws:
            self.mistakes.append(f"{where}: names no inputs; a choice is among options that are inputs")
        return [self._input_named(where, raw) for raw in raws]

    def _tell_twice(self, where: str, names: Iterable[str]) -> None:
        self.mistakes += [f"{where}: {quoted(name)} stands there twice" for name in _twice(names)]

    def _tell_long(self, where: str, names: Iterable[str]) -> None:
        self.mistakes += [
            f"{where}: {quoted(name)} is longer than {LONGEST_NAME} characters; make it short, and put the rest into "
            "its meaning" for name in names if len(name) > LONGEST_NAME
        ]  # fmt: skip


def _input(one: DraftedInput, values: Mapping[str, str]) -> object:
    description = clean(one.description)
    return {"description": description, "values": dict(values)} if values else description


def _meanings(values: Iterable[Value]) -> dict[str, str]:
    return {clean(value.name): clean(value.meaning) for value in values}


def _twice(names: Iterable[str]) -> Iterator[str]:
    yield from (name for name, count in Counter(map(clean, names)).items() if count > 1)


def _template(sentence: str) -> str:
    """A sentence as a part of a template: itself, or as a quoted text where it has what templates are made of."""
    if "{" not in sentence:
        return sentence
    escaped = sentence.replace("\\", "\\\\").replace('"', '\\"')
    return f'{{{{ "{escaped}" }}}}'


def _metric(kind: OutputKind, labels: int) -> str:
    if kind == "labels":
        return "accuracy" if labels == 2 else "macro-f1"
    return _METRICS[kind]


_METRICS: Mapping[OutputKind, str] = {
    "scale": "quadratic-kappa", "multiple": "micro-f1", "choice": "accuracy", "span": "token-f1", "spans": "span-f1",
    "text": "rouge-l",
}  # fmt: skip
