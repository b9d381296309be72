"""What a card's examples have to do with its fields."""

from __future__ import annotations

from collections.abc import Mapping

from satsuma.task.card import Card
from satsuma.task.card_output import OptionList
from satsuma.task.consistency_fields import Found, option_names
from satsuma.task.flaw import DataPath, meant, quoted


def examples(card: Card) -> Found:
    """Every example has the card's fields, each with a value that it can have."""
    fields = [*(n for n in card.columns if not card.inputs[n].computed), card.output.name]
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
    kind = card.output.kind
    if kind in ("multiple", "spans", "choices"):
        yield from _example_list(card, place, value, example)
    elif not isinstance(value, str):
        yield place, "has to be text, not a list"
    elif kind == "labels" and value not in (card.output.labels or {}):
        yield place, f"{quoted(value)} is not one of the labels{meant(value, card.output.labels or {})}"
    elif kind == "choice":
        yield from _position(card, place, value, example)
    elif kind == "span" and card.output.span is not None:
        yield from _example_span(place, value, example.get(card.output.span.field), none=card.output.span.none)


def _example_list(
    card: Card, place: DataPath, value: str | tuple[str, ...], example: Mapping[str, str | tuple[str, ...]]
) -> Found:
    if isinstance(value, str):
        yield place, "has to be a list"
        return
    for at, one in enumerate(value):
        if card.output.kind == "choices":
            yield from _position(card, (*place, at), one, example)
        elif card.output.kind == "multiple" and one not in (card.output.labels or {}):
            yield (*place, at), f"{quoted(one)} is not one of the labels{meant(one, card.output.labels or {})}"
        elif card.output.kind == "spans":
            label, _, words = (part.strip() for part in one.partition(":"))
            if not words or label not in (card.output.labels or {}):
                yield (*place, at), f"{quoted(one)} has to be written as label: words, with one of the labels"
            else:
                yield from _example_span((*place, at), words, example.get(card.output.spans or ""), none=False)


def _example_span(place: DataPath, words: str, text: str | tuple[str, ...] | None, *, none: bool) -> Found:
    if isinstance(text, str) and words not in text and not (none and not words):
        yield place, f"{quoted(words)} does not stand in the text, word for word"


def _position(card: Card, place: DataPath, value: str, example: Mapping[str, str | tuple[str, ...]]) -> Found:
    given = example.get(card.option_fields[0]) if card.option_fields else None
    options = len(option_names(card))
    if isinstance(given, tuple):
        options = min(options, len(given))
    if value not in map(str, range(options)):
        yield place, f"{quoted(value)} is not the position of an option: 0 to {options - 1}"
