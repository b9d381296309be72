"""What the prompts of DataTune know of the task: one text that the card makes, and its examples as demonstrations.

Both are what a row is turned into, so they speak of the card's fields and not of the verbalized pair that students see.
The output of a demonstration is what it means: the text of the right option, not its position, which is the program's.

Not covered: what a card says of TarGEN's steps (contexts, seeds, attributes), and its validators but for lengths.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from satsuma.llm.request import Json
from satsuma.sources.show import shown_row
from satsuma.task.card import Card
from satsuma.task.card_output import OptionList
from satsuma.task.instance import OutputValue, Value
from satsuma.task.outputs import OutputKind, output_of
from satsuma.task.templates import built_in

DEMONSTRATIONS = 8
"""Demonstrations that a prompt shows at most."""
FIELD_TOKENS, DEMONSTRATION_TOKENS = 400, 1200
"""Tokens of a field of a demonstration, and of all of them, at most."""
_MEANT = 40
"""Labels up to this number are shown with what they mean, more of them only by name."""


def told(card: Card) -> str:
    """The task, its fields and its output, as text.

    Raises:
        CardError: it cannot be rendered.
    """
    labels = card.output.labels or {}
    span, choice = card.output.span, card.output.choice
    return built_in("grafted_task").render_text(
        task=card.task,
        inputs=[_input(card, name) for name in fields_of(card)],
        name=card.output.name,
        kind=card.output.kind,
        labels={name: label.description if len(labels) <= _MEANT else "" for name, label in labels.items()},
        ordinal=card.output.ordinal,
        together=_range(card.output.multiple or (1, 1)),
        of=card.output.spans or (span.field if span else ""),
        optional=span.none if span else False,
        description=(span.description if span else card.output.text) or "",
        options=list(card.option_fields),
        listed=isinstance(choice, OptionList),
        right=_range((choice.right if isinstance(choice, OptionList) else None) or (1, 1)),
        language=card.language,
    )


def fields_of(card: Card) -> tuple[str, ...]:
    """The inputs that a row has to be turned into: all but the computed ones."""
    return tuple(name for name, one in card.inputs.items() if not one.computed)


def _input(card: Card, name: str) -> dict[str, object]:
    one, choice = card.inputs[name], card.output.choice
    listed = isinstance(choice, OptionList) and choice.field == name
    facts = (
        [f"a list of {_range(choice.count)} texts, the options"] if isinstance(choice, OptionList) and listed else []
    )
    for length in (check.length for check in card.validators if check.length and check.length.field == name):
        bounds, unit = (length.words, "words") if length.words else (length.characters or (0, 0), "characters")
        facts.append(f"{'each ' if listed else ''}{_range(bounds)} {unit}")
    return {"name": name, "facts": facts, "description": one.description, "choices": dict(one.values)}


def _range(bounds: tuple[int, int]) -> str:
    low, high = bounds
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def demonstrations(card: Card) -> tuple[str, ...]:
    """The card's examples as JSON, a line each: the inputs and what the output means."""
    output = output_of(card)
    return tuple(
        shown_row(_demonstration(card, output, example), cell=FIELD_TOKENS, tokens=DEMONSTRATION_TOKENS)
        for example in card.examples[:DEMONSTRATIONS]
    )


def _demonstration(card: Card, output: OutputKind, example: Mapping[str, object]) -> dict[str, Json]:
    fields = {name: _value(example[name]) for name in fields_of(card) if name in example}
    meaning = _meaning(output, fields, output.read(fields, example[output.name]))
    shown: dict[str, Json] = {n: list(v) if isinstance(v, tuple) else v for n, v in fields.items()}
    return {**shown, output.name: meaning}


def _value(given: object) -> Value:
    return tuple(map(str, given)) if isinstance(given, Sequence) and not isinstance(given, str) else str(given)


def _meaning(output: OutputKind, fields: Mapping[str, Value], value: OutputValue) -> Json:
    options = list(output.options(fields).values())
    if not options:
        if isinstance(value, tuple) and output.kind == "multiple":
            return list(map(str, value))
        return output.shown(fields, value)
    if isinstance(value, tuple):
        return [options[int(str(one))] for one in value]
    return options[int(str(value))]
