"""The kinds of output, one file each. A new kind is one more file and one more line in `output_of`."""

from __future__ import annotations

from satsuma.task.card import Card
from satsuma.task.card_output import OptionList
from satsuma.task.outputs.choice import ChoiceOutput
from satsuma.task.outputs.kind import ALL, Asked, Draft, Judgement, Mistake, OutputKind
from satsuma.task.outputs.labels import LabelOutput
from satsuma.task.outputs.text import TextOutput

__all__ = ["ALL", "Asked", "Draft", "Judgement", "Mistake", "OutputKind", "output_of"]


def output_of(card: Card) -> OutputKind:
    """The runtime of a card's output."""
    written = {name: card.inputs[name].description for name in card.written_inputs}
    output = card.output
    if output.labels is not None:
        return LabelOutput(output, written)
    if output.choice is not None:
        described = {name: card.inputs[name].description for name in card.option_fields}
        listed = isinstance(output.choice, OptionList)
        count = output.choice.count if isinstance(output.choice, OptionList) else (len(described), len(described))
        return ChoiceOutput(output.name, written, described, count, listed=listed)
    return TextOutput(output.name, output.text or "", written)
