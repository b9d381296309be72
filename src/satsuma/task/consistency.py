"""What the parts of a card have to do with each other, beyond the shape that each has on its own.

`inconsistencies` yields every contradiction with the place where it is to be repaired. Each rule is a small generator;
a new rule is one more, and one more entry in `_RULES`. What is merely unwise is a warning of `satsuma check`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from pydantic import BaseModel

from satsuma.task.card import RESERVED, Card
from satsuma.task.card_output import NONE, Kind, OptionList
from satsuma.task.consistency_examples import examples
from satsuma.task.consistency_fields import Found, option_names, roles, spans, validators
from satsuma.task.flaw import DataPath, meant, quoted

METRICS = (
    "accuracy", "accuracy+gender-parity", "accuracy+macro-f1", "balanced-accuracy", "exact-match", "f1", "f1a+em",
    "macro-f1", "matthews", "mean-absolute-error", "micro-f1", "multiple-choice-grade", "quadratic-kappa", "rouge-l",
    "span-f1", "token-f1", "token-f1+em",
)  # fmt: skip
"""The measures that a card may name."""
_ANSWERED: dict[Kind, frozenset[str]] = {
    "choice": frozenset({"correct", "wrong"}),
    "choices": frozenset({"correct", "wrong"}),
    "text": frozenset({"correct"}),
}
"""Names that the steps' answers use besides `reason`, by kind of output."""
_PYDANTICS = frozenset(name for name in dir(BaseModel) if name.startswith("model_"))
"""Names that a model of an answer has for itself."""
_TAKEN = "is a column that every dataset has; choose another name"
_NOT_A_FIELD = "is a name that programs use for something else; choose another name"


def inconsistencies(card: Card) -> Found:
    """Every contradiction in a card: where (a data path), and what."""
    for rule in _RULES:
        yield from rule(card)


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
        elif card.option_fields and name in {"correct", "wrong"}:
            yield ("inputs", name), "is what a choice calls its right or wrong option; choose another name"


def _output_name(card: Card) -> Found:
    name = card.output.name
    place = ("output", "name") if "name" in card.output.model_fields_set else ("output",)
    if name in RESERVED:
        yield place, f"{name} {_TAKEN}"
    elif name in _PYDANTICS:
        yield place, f"{name} {_NOT_A_FIELD}"
    elif name in {"reason", *_ANSWERED.get(card.output.kind, ())}:
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
    proportions, labels = card.output.proportions, card.output.shared
    if proportions is None:
        return
    if not labels:
        what = "needs labels: a choice is always balanced over its positions, and text has no labels"
        yield ("output", "proportions"), what
        return
    for label in proportions:
        if label not in labels:
            yield ("output", "proportions", label), f"is not one of the labels{meant(label, labels)}"
    if missing := [quoted(label) for label in labels if label not in proportions]:
        lacked = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        yield ("output", "proportions"), f"lacks {lacked}; give every label a weight, or leave proportions out"


def _none_is_free(card: Card) -> Found:
    if NONE in (card.output.labels or {}) and card.output.together[0] == 0:
        yield ("output", "labels", NONE), "is what an instance without any label is called; choose another name"


def _choice(card: Card) -> Found:
    listed = isinstance(card.output.choice, OptionList)
    seen: set[str] = set()
    for at, name in enumerate(card.option_fields):
        place: DataPath = ("output", "choice", "field" if listed else at)
        if name not in card.inputs:
            yield place, f"{name} is not one of the inputs{meant(name, card.inputs)}"
        elif card.inputs[name].values or card.inputs[name].part != "input":
            yield place, f"{name} is drawn from values, computed or scratch, so it cannot hold an option"
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
        elif card.inputs[field].computed:
            yield place, f"{field} is computed, so it cannot be the seed"
        elif field in card.option_fields:
            yield place, f"{field} is an option, which is written for a position, so it cannot be the seed"
    if card.output.labels is not None and not any(card.inputs[n].part == "input" for n in card.written_inputs):
        where: DataPath = ("seed",) if field is not None else ("inputs",)
        yield where, "nothing is left to be written for a label: every input is the seed, drawn or computed"


def _verbalization(card: Card) -> Found:
    known = dict.fromkeys(card.output.labels or ())
    if card.output.kind in ("text", "span", "spans") and card.verbalize.labels:
        yield ("verbalize", "labels"), "needs labels or a choice; the output is text"
        return
    if card.output.choice is not None:
        names = option_names(card)
        known = dict.fromkeys([*map(str, range(len(names))), *names])
    for label in card.verbalize.labels:
        if label not in known:
            what = "the options, nor a position from 0" if card.output.choice is not None else "the labels"
            yield ("verbalize", "labels", label), f"is not one of {what}{meant(label, known)}"


def _metric(card: Card) -> Found:
    if card.metric not in METRICS:
        yield ("metric",), f"{quoted(card.metric)} is not a known metric{meant(card.metric, METRICS)}"


_RULES: tuple[Callable[[Card], Found], ...] = (
    _nothing_blank, _input_names, _output_name, _attribute_names, _label_set, _proportions, _none_is_free, _choice,
    spans, _seed, roles, validators, _verbalization, examples, _metric,
)  # fmt: skip
