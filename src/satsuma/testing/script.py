"""Scripted answers: what a card needs its model to say, written by the tester.

Rule: a script is a function (Question → dict, str or None) or a YAML or JSON file that says, for each step and field,
which values to choose from. What it leaves out is answered as without a script. Choices follow from the question
alone.

    instance:                                   # the step; fields of its answer
      lemma: [bank, run, light]                 # one of a list, by hash: a limited stock
      sentence: "{name} saw the {lemma}. {sentence}"
      span: "{span of sentence}"                # some words that occur in another field
      note: "{after Seed:}"                     # what follows these words in the messages
    contexts:
      contexts: ["at a {word}", "in a {word}"]  # every item of a list-valued answer is made so

Placeholders: {word}, {words N}, {phrase}, {sentence}, {sentences N}, {name}, {number LOW HIGH}, {label}, {marker},
{seed text}, {after TEXT}, {FIELD}, {span of FIELD}; {{ and }} are braces. A mapping makes an object, a list is a
choice, and anything that is not text stands for itself. Not covered: conditions; a function can have them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from satsuma.errors import DataError
from satsuma.llm.request import Json
from satsuma.testing import hints, words
from satsuma.testing.question import Question
from satsuma.testing.words import Draw

ScriptFunction = Callable[[Question], "Mapping[str, Json] | str | None"]
_HOLE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")
_WORDLESS = " .,;:!?\"'()"


@dataclass(frozen=True, slots=True)
class Scripted:
    """Fields that a script gives. whole: they are all of the answer, to be left as they are."""

    fields: dict[str, Json]
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Script:
    """Where answers come from before the model is asked: a function or the steps of a file."""

    function: ScriptFunction | None = None
    steps: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)

    def answer(self, question: Question, draw: Draw) -> Scripted | str | None:
        """What the script says, None to leave it to the model."""
        if self.function is not None:
            said = self.function(question)
            return said if said is None or isinstance(said, str) else Scripted(dict(said), whole=True)
        fields = self._fields(question)
        if not fields:
            return None
        properties = question.schema.get("properties") if question.schema is not None else None
        known = properties if isinstance(properties, dict) else {}
        return Scripted(_Writer(question, draw).fields(fields, known))

    def _fields(self, question: Question) -> Mapping[str, Json]:
        """Of the step, or without a step's name of the one with the most fields that the schema has too."""
        if question.step:
            return self.steps.get(question.step, {})
        properties = question.schema.get("properties") if question.schema is not None else None
        names = properties.keys() if isinstance(properties, dict) else set()
        return max((s for s in self.steps.values() if s.keys() <= names), key=len, default={})


class _Writer:
    """Fills in the fields of one object, those first that others speak of."""

    def __init__(self, question: Question, draw: Draw, outer: Mapping[str, Json] | None = None) -> None:
        self.question = question
        self.draw = draw
        self.outer = outer or {}
        self.rules: Mapping[str, Json] = {}
        self.done: dict[str, Json] = {}

    def fields(self, rules: Mapping[str, Json], schema: Mapping[str, Json]) -> dict[str, Json]:
        """The values of an object's fields; `schema` its properties."""
        self.rules, self.done = rules, {}
        for name in rules:
            self._field(name, schema)
        return {name: self.done[name] for name in rules}

    def _field(self, name: str, schema: Mapping[str, Json]) -> None:
        if name in self.done:
            return
        part = schema.get(name)
        properties = part if isinstance(part, dict) else {}
        rule = self.rules[name]
        for other in _mentioned(rule):
            if other in self.rules and other != name:
                self._field(other, schema)
        chosen = self._chosen(rule)
        listed = properties.get("type") == "array"
        self.done[name] = self._list(chosen, rule, name, properties) if listed else self._value(chosen, properties)

    def _chosen(self, rule: Json) -> Json:
        return self.draw.pick(rule) if isinstance(rule, list) else rule

    def _list(self, chosen: Json, rule: Json, name: str, schema: Mapping[str, Json]) -> Json:
        if isinstance(chosen, list):
            return chosen
        items = schema.get("items")
        low, high = (
            value if isinstance(value := schema.get(bound), int) else None for bound in ("minItems", "maxItems")
        )
        said = schema.get("description")
        number = hints.count(said if isinstance(said, str) else "", name, low, high)
        stock = list(rule) if isinstance(rule, list) else [rule]
        left = list(stock)
        values: list[Json] = []
        for _ in range(number):
            left = left or list(stock)
            values.append(self._value(left.pop(self.draw.below(len(left))), items if isinstance(items, dict) else {}))
        return values

    def _value(self, rule: Json, schema: Mapping[str, Json]) -> Json:
        if isinstance(rule, dict):
            properties = schema.get("properties")
            inner = _Writer(self.question, self.draw, {**self.outer, **self.done})
            return inner.fields(rule, properties if isinstance(properties, dict) else {})
        if isinstance(rule, str):
            return _HOLE.sub(lambda found: self._filled(found[0], found[1]), rule)
        return rule

    def _filled(self, hole: str, said: str | None) -> str:
        if said is None:
            return hole[0]
        said = said.strip()
        if said in self.done or said in self.outer:
            return self._text_of(said)
        head, _, rest = said.partition(" ")
        if head == "span":
            return self._span(rest.removeprefix("of").strip())
        if head == "after":
            return _after(rest, self.question)
        if head in _MAKERS:
            return _MAKERS[head](self.draw, [int(n) for n in rest.split() if n.isdigit()])
        return _ASKED[said](self.question)

    def _text_of(self, name: str) -> str:
        return str(self.done.get(name, self.outer.get(name, "")))

    def _span(self, name: str) -> str:
        """One to three words in a row, as they stand in the field."""
        text = self._text_of(name)
        found = [(m.start(), m.end()) for m in re.finditer(r"\S+", text)]
        if not found:
            return ""
        first = self.draw.below(len(found))
        last = min(len(found) - 1, first + self.draw.below(3))
        return text[found[first][0] : found[last][1]].strip(_WORDLESS) or text.strip(_WORDLESS)


def _mentioned(rule: Json) -> list[str]:
    """The fields that a template may speak of."""
    if isinstance(rule, dict):
        return [name for part in rule.values() for name in _mentioned(part)]
    if isinstance(rule, list):
        return [name for part in rule for name in _mentioned(part)]
    holes = [found[1] for found in _HOLE.finditer(rule) if found[1]] if isinstance(rule, str) else []
    return [hole.strip().removeprefix("span of ").strip() for hole in holes]


def _after(said: str, question: Question) -> str:
    """The rest of the line after these words, or the next line that is not empty, in the last message with them."""
    for _role, text in reversed(question.messages):
        _, found, tail = text.rpartition(said)
        if found:
            return next((line.strip() for line in tail.splitlines() if line.strip()), "")
    return ""


_SEED = re.compile(r"(?im)^.*\bseed\b[^:\n]*:[ \t]*\n*[ \t]*(\S.*)$")
_QUOTED = re.compile(r"[\"“]([^\"“”\n]+)[\"”]")


def _seed_text(question: Question) -> str:
    """What follows a line that names the seed, else the longest quotation in the last message."""
    text = question.last_message
    if found := _SEED.search(text):
        return found[1].strip().strip('"“”')
    return max(_QUOTED.findall(text), key=len, default="")


_MAKERS: dict[str, Callable[[Draw, list[int]], str]] = {
    "word": lambda draw, _: words.word(draw),
    "words": lambda draw, n: words.words(draw, n[0] if n else 3),
    "phrase": lambda draw, _: words.phrase(draw),
    "sentence": lambda draw, _: words.sentence(draw),
    "sentences": lambda draw, n: words.sentences(draw, n[0] if n else 2),
    "name": lambda draw, _: words.name(draw),
    "number": lambda draw, n: str(draw.between(n[0], n[1])),
}
_ASKED: dict[str, Callable[[Question], str]] = {
    "label": lambda question: question.label,
    "marker": lambda question: question.marker,
    "seed text": _seed_text,
}


def load(source: ScriptFunction | Path | str | Mapping[str, Json]) -> Script:
    """A script from a function, a file, or the steps themselves.

    Raises:
        DataError: the file cannot be read, is not steps of fields, or has a placeholder that there is not.
    """
    if callable(source):
        return Script(source)
    where = "script"
    if isinstance(source, str | Path):
        where = str(source)
        try:
            steps = yaml.safe_load(Path(source).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise DataError(
                f"{where}: cannot be read: {' '.join(str(error).split())}", "Give a YAML or JSON file."
            ) from error
    else:
        steps = source
    return Script(steps=_checked(steps, where))


def _checked(steps: object, where: str) -> dict[str, dict[str, Json]]:
    shape = "Write it as steps (contexts, seeds, instance, correction), each with fields and what to answer."
    if not isinstance(steps, Mapping):
        raise DataError(f"{where}: no steps in it", shape)
    for step, fields in steps.items():
        if not isinstance(fields, Mapping):
            raise DataError(f"{where}: {step}: not fields but {fields!r}", shape)
        for name, rule in fields.items():
            _check_rule(rule, set(fields), f"{where}: {step}: {name}")
        _check_cycles(fields, f"{where}: {step}")
    return {str(step): dict(fields) for step, fields in steps.items()}


def _check_rule(rule: Json, fields: set[str], where: str) -> None:
    if isinstance(rule, dict):
        for name, part in rule.items():
            _check_rule(part, fields | set(rule), f"{where}: {name}")
    elif isinstance(rule, list):
        if not rule:
            raise DataError(f"{where}: nothing to choose from", "Give at least one value.")
        for part in rule:
            _check_rule(part, fields, where)
    elif isinstance(rule, str):
        for found in _HOLE.finditer(rule):
            _check_hole(found[1], fields, where)


def _check_hole(said: str | None, fields: set[str], where: str) -> None:
    if said is None:
        return
    head, _, rest = said.strip().partition(" ")
    name = rest.removeprefix("of").strip() if head == "span" else said.strip()
    if head == "number" and len([n for n in rest.split() if n.isdigit()]) != 2:
        raise DataError(f"{where}: {{{said}}} needs two numbers", "Write it as {number 1 10}.")
    if head in _MAKERS or head == "after" or name in fields or (name in _ASKED and head != "span"):
        return
    known = ", ".join([*_MAKERS, *_ASKED, "after TEXT", "span of FIELD", *sorted(fields)])
    raise DataError(f"{where}: no placeholder {{{said}}}", f"There are: {known}. Braces that are meant are doubled.")


def _check_cycles(fields: Mapping[str, Json], where: str) -> None:
    def visit(name: str, above: tuple[str, ...]) -> None:
        if name in above:
            raise DataError(
                f"{where}: {' → '.join((*above, name))} speak of each other", "Let one of them stand alone."
            )
        for other in _mentioned(fields[name]):
            if other in fields and not (other == name and (name in _MAKERS or name in _ASKED)):
                visit(other, (*above, name))

    for name in fields:
        visit(name, ())
