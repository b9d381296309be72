"""What a card's fields have to do with each other: spans and the texts they are of, roles, and what validators name."""

from __future__ import annotations

import string
from collections.abc import Iterator

from satsuma.task.card import Card
from satsuma.task.card_checks import Check
from satsuma.task.card_output import OptionList
from satsuma.task.flaw import DataPath, meant
from satsuma.task.languages import code_of

Found = Iterator[tuple[DataPath, str]]


def option_names(card: Card) -> tuple[str, ...]:
    """What the options of a choice are called: their fields, or A, B, C, … in one list-valued field."""
    choice = card.output.choice
    return tuple(string.ascii_uppercase[: choice.count[1]]) if isinstance(choice, OptionList) else choice or ()


def spans(card: Card) -> Found:
    """The text that spans are of has to be an input that a model writes as text."""
    output = card.output
    place: DataPath = ("output", "spans") if output.spans else ("output", "span", "field")
    field = output.spans or (output.span.field if output.span is not None else None)
    if field is None:
        return
    if field not in card.inputs:
        yield place, f"{field} is not one of the inputs{meant(field, card.inputs)}"
    elif card.inputs[field].values or card.inputs[field].part != "input":
        yield place, f"{field} is drawn from values, computed or scratch; spans are of a text that is written"


def roles(card: Card) -> Found:
    """Something has to be an input in the narrow sense, and the seed is one that is kept."""
    if not card.shown_inputs:
        yield ("inputs",), "are all extra or scratch; students need one that they see"
    field = card.seed.field if card.seed is not None else None
    if field in card.inputs and card.inputs[field].part == "scratch":
        yield ("seed", "field"), f"{field} is scratch, so it cannot be the seed"


def validators(card: Card) -> Found:
    """Validators name fields that there are, and know the language."""
    for at, check in enumerate(card.validators):
        place: DataPath = ("validators", at)
        for key, field in _named(check):
            if field not in card.inputs:
                yield (*place, *key), f"{field} is not one of the inputs{meant(field, card.inputs)}"
        if check.language is not None and not code_of(card.language):
            yield (*place, "language"), f"{card.language} is not a language that can be told apart; name it in English"
        if check.label_unsaid is not None and card.output.labels is None:
            yield (*place, "label_unsaid"), "needs labels"


def _named(check: Check) -> Iterator[tuple[DataPath, str]]:
    """The fields that a validator names, and where."""
    if check.occurs is not None:
        yield ("occurs", "field"), check.occurs.field
        yield ("occurs", "within"), check.occurs.within
    if check.length is not None:
        yield ("length", "field"), check.length.field
    for name in ("differ", "language", "label_unsaid", "gender_pair"):
        for at, field in enumerate(getattr(check, name) or ()):
            yield (name, at), field
