"""What the parts of a card have to do with each other, beyond the shape that each has on its own.

`inconsistencies` yields every contradiction with the place where it is to be repaired. Each rule is a small generator;
a new rule is one more, and one more entry in `_RULES`. What is merely unwise is a warning of `satsuma check`.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator, Mapping

from pydantic import BaseModel

from satsuma.task.card import RESERVED, Card
from satsuma.task.card_output import OptionList
from satsuma.task.flaw import DataPath, meant, quoted

METRICS = (
    "accuracy", "balanced-accuracy", "exact-match", "f1", "macro-f1", "matthews", "micro-f1", "rouge-l", "token-f1",
)  # fmt: skip
"""The measures that a card may name."""
_ANSWERED = {"labels": {"reason"}, "choice": {"reason", "correct", "wrong"}, "text": {"reason", "correct"}}
"""Names that the steps' answers use, by kind of output."""
_PYDANTICS = frozenset(name for name in dir(BaseModel) if name.startswith("model_"))
"""Names that a model of an answer has for itself."""
_TAKEN = "is a column that every dataset has; choose another name"
_NOT_A_FIELD = "is a name that programs use for something else; choose another name"

Found = Iterator[tuple[DataPath, str]]


def inconsistencies(card: Card) -> Found:
    """Every contradiction in a card: where (a data path), and what."""
    for rule in _RULES:
        yield from rule(card)


def kind(card: Card) -> str:
    """The kind of the output: `labels`, `choice` or `text`."""
    output = card.output
    return "labels" if output.labels is not None else "choice" if output.choice is not None else "text"


def option_names(card: Card) -> tuple[str, ...]:
    """What the options of a choice are called: their fields, or A, B, C, … in one list-valued field."""
    choice = card.output.choice
    return tuple(string.ascii_uppercase[: choice.count[1]]) if isinstance(choice, OptionList) else choice or ()


def _nothing_blank(card: Card) -> Found:
    if not card.task.strip():
        yield ("task",), "is blank; say in a sentence what the task is"
    if card.output.text is not None and not card.output.text.strip():
        yield ("output", "text"), "is blank; say in a sentence what the text is"
    yield from _contexts_given(card)
    for place, values in _drawn(card):
        if any(not value.strip() for value in values):
            yield place, "has a blank value"


def _contexts_given(card: Card) -> Found:
    seen: set[str] = set()
    for at, context in enumerate(card.contexts.given):
        if not context.strip():
            yield ("contexts", "given", at), "is blank"
        elif context in seen:
            yield ("contexts", "given", at), f"{quoted(context)} stands in the list twice"
        seen.add(context)


def _drawn(card: Card) -> Iterator[tuple[DataPath, Mapping[str, str]]]:
    for name, one in card.inputs.items():
        yield ("inputs", name, "values"), one.values
    for name, values in card.attributes.items():
        yield ("attributes", name), values


def _input_names(card: Card) -> Found:
    for name in card.inputs:
        if name in RESERVED:
            yield ("inputs", name), _TAKEN
        elif name in _PYDANTICS:
            yield ("inputs", name), _NOT_A_FIELD
        elif kind(card) == "choice" and name in {"correct", "wrong"}:
            yield ("inputs", name), "is what a choice calls its right or wrong option; choose another name"


def _output_name(card: Card) -> Found:
    name = card.output.name
    place = ("output", "name") if "name" in card.output.model_fields_set else ("output",)
    if name in RESERVED:
        yield place, f"{name} {_TAKEN}"
    elif name in _PYDANTICS:
        yield place, f"{name} {_NOT_A_FIELD}"
    elif name in _ANSWERED[kind(card)]:
        yield place, f"{name} is what self-correction calls something else; choose another name"
    if name in card.inputs:
        yield place, f"the output is called {name}, and so is an input; give one of them another name"


def _attribute_names(card: Card) -> Found:
    for name in card.attributes:
        if not name.strip():
            yield ("attributes", name), "the name is blank"
        elif name in card.inputs or name == card.output.name:
            yield ("attributes", name), "is also the name of a field of the instance; give one of them another name"


def _label_set(card: Card) -> Found:
    seen: dict[str, str] = {}
    for label in card.output.labels or {}:
        place, folded = ("output", "labels", label), " ".join(label.casefold().split())
        if not folded:
            yield place, "the label is blank"
        elif label != label.strip() or "\n" in label:
            yield place, f"the label {quoted(label)} begins or ends with a space, or has several lines"
        elif folded in seen:
            yield place, f"the labels {quoted(seen[folded])} and {quoted(label)} differ only in case or spaces"
        seen.setdefault(folded, label)


def _proportions(card: Card) -> Found:
    proportions, labels = card.output.proportions, card.output.labels
    if proportions is None:
        return
    if labels is None:
        what = "needs labels: a choice is always balanced over its positions, and text has no labels"
        yield ("output", "proportions"), what
        return
    for label in proportions:
        if label not in labels:
            yield ("output", "proportions", label), f"is not one of the labels{meant(label, labels)}"
    if missing := [quoted(label) for label in labels if label not in proportions]:
        lacked = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        yield ("output", "proportions"), f"lacks {lacked}; give every label a weight, or leave proportions out"


def _choice(card: Card) -> Found:
    listed = isinstance(card.output.choice, OptionList)
    seen: set[str] = set()
    for at, name in enumerate(card.option_fields):
        place: DataPath = ("output", "choice", "field" if listed else at)
        if name not in card.inputs:
            yield place, f"{name} is not one of the inputs{meant(name, card.inputs)}"
        elif card.inputs[name].values:
            yield place, f"{name} is drawn from a list of values, so it cannot hold an option"
        elif name in seen:
            yield place, f"{name} is named twice"
        seen.add(name)


def _seed(card: Card) -> Found:
    field = card.seed.field if card.seed is not None else None
    if field is not None:
        place: DataPath = ("seed", "field")
        if field not in card.inputs:
            yield place, f"{field} is not one of the inputs{meant(field, card.inputs)}"
        elif card.inputs[field].values:
            yield place, f"{field} is drawn from a list of values, so it cannot be the seed"
        elif field in card.option_fields:
            yield place, f"{field} is an option, which is written for a position, so it cannot be the seed"
    if card.output.labels is not None and not card.written_inputs:
        where: DataPath = ("seed",) if field is not None else ("inputs",)
        yield where, "nothing is left to be written for a label: every input is the seed or is drawn from its values"


def _verbalization(card: Card) -> Found:
    known = dict.fromkeys(card.output.labels or ())
    if kind(card) == "text" and card.verbalize.labels:
        yield ("verbalize", "labels"), "needs labels or a choice; the output is free text"
        return
    if card.output.choice is not None:
        names = option_names(card)
        known = dict.fromkeys([*map(str, range(len(names))), *names])
    for label in card.verbalize.labels:
        if label not in known:
            what = "the options, nor a position from 0" if kind(card) == "choice" else "the labels"
            yield ("verbalize", "labels", label), f"is not one of {what}{meant(label, known)}"


def _examples(card: Card) -> Found:
    fields = [*card.inputs, card.output.name]
    for at, example in enumerate(card.examples):
        place: DataPath = ("examples", at)
        if missing := [name for name in fields if name not in example]:
            yield place, f"lacks {', '.join(missing)}; an example has every input and the output"
        for name, value in example.items():
            if name not in fields:
                yield (*place, name), f"is not a field of an instance{meant(name, fields)}"
            elif name in card.inputs:
                yield from _example_input(card, (*place, name), name, value)
            else:
                yield from _example_output(card, (*place, name), value, example)


def _example_input(card: Card, place: DataPath, name: str, value: str | tuple[str, ...]) -> Found:
    choice, values = card.output.choice, card.inputs[name].values
    if isinstance(choice, OptionList) and name == choice.field:
        low, high = choice.count
        if isinstance(value, str):
            yield place, "has to be a list of options"
        elif not low <= len(value) <= high:
            wanted = str(low) if low == high else f"{low} to {high}"
            yield place, f"has {len(value)} options instead of {wanted}"
    elif not isinstance(value, str):
        yield place, "has to be text, not a list"
    elif values and value not in values:
        yield place, f"{quoted(value)} is not one of its values{meant(value, values)}"


def _example_output(
    card: Card, place: DataPath, value: str | tuple[str, ...], example: Mapping[str, str | tuple[str, ...]]
) -> Found:
    if not isinstance(value, str):
        yield place, "has to be text, not a list"
    elif card.output.labels is not None and value not in card.output.labels:
        yield place, f"{quoted(value)} is not one of the labels{meant(value, card.output.labels)}"
    elif card.output.choice is not None:
        given = example.get(card.option_fields[0]) if card.option_fields else None
        options = len(option_names(card))
        if isinstance(given, tuple):
            options = min(options, len(given))
        if value not in map(str, range(options)):
            yield place, f"{quoted(value)} is not the position of an option: 0 to {options - 1}"


def _metric(card: Card) -> Found:
    if card.metric not in METRICS:
        yield ("metric",), f"{quoted(card.metric)} is not a known metric{meant(card.metric, METRICS)}"


_RULES: tuple[Callable[[Card], Found], ...] = (
    _nothing_blank, _input_names, _output_name, _attribute_names, _label_set, _proportions, _choice, _seed,
    _verbalization, _examples, _metric,
)  # fmt: skip
