"""The kinds of output, one file each. A new kind is one more file and one more line in `output_of`."""

from __future__ import annotations

from satsuma.task.card import Card
from satsuma.task.card_output import OptionList
from satsuma.task.outputs.choice import ChoiceOutput
from satsuma.task.outputs.choices import ChoicesOutput
from satsuma.task.outputs.kind import ALL, Asked, Draft, Judgement, Mistake, OutputKind
from satsuma.task.outputs.labels import LabelOutput
from satsuma.task.outputs.multiple import MultipleOutput
from satsuma.task.outputs.span import SpanOutput
from satsuma.task.outputs.spans import SpansOutput
from satsuma.task.outputs.text import TextOutput

__all__ = ["ALL", "Asked", "Draft", "Judgement", "Mistake", "OutputKind", "output_of"]


def output_of(card: Card) -> OutputKind:
    """The runtime of a card's output."""
    written = {name: card.inputs[name].description for name in card.written_inputs}
    output = card.output
    if output.labels is not None:
        if output.spans is not None:
            return SpansOutput(output, output.spans, written)
        return MultipleOutput(output, written) if output.multiple else LabelOutput(output, written)
    if output.choice is not None:
        return _choice(card, written)
    if output.span is not None:
        return SpanOutput(output, output.span, written)
    return TextOutput(output.name, output.text or "", written)


def _choice(card: Card, written: dict[str, str]) -> OutputKind:
    output, choice = card.output, card.output.choice
    described = {name: card.inputs[name].description for name in card.option_fields}
    if isinstance(choice, OptionList) and choice.right is not None:
        return ChoicesOutput(output.name, written, choice, described[choice.field])
    count = choice.count if isinstance(choice, OptionList) else (len(described), len(described))
    return ChoiceOutput(output.name, written, described, count, listed=isinstance(choice, OptionList))
