"""Instances that copy an example of the card are refused: the model, or a program, had them before its eyes.

Compared is what an instance says: its inputs and its options, whatever their order. It copies an example if the words
are the same, or if ROUGE-L with it is at least the threshold from which the card calls two instances near-duplicates
(0.7 unless it says otherwise): where all instances of a task share their wording, its card says so there.

Not covered: outputs; the same text may be right for many inputs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from satsuma.selecting.rouge import rouge_l_of, words
from satsuma.sources.rows import quoted
from satsuma.task.card import Card
from satsuma.task.instance import Value
from satsuma.task.outputs import Draft, OutputKind


class Demonstrations:
    """The examples of a card, as they are compared with."""

    def __init__(self, card: Card, output: OutputKind) -> None:
        self._told = frozenset(card.shown_inputs)
        self._output = output
        self._threshold = card.duplicates.threshold
        self._examples = [self._words(as_fields(example, output)) for example in card.examples]
        self._first = [str(next(iter(example.values()), "")) for example in card.examples]

    def copied(self, draft: Draft) -> str:
        """What is wrong with an instance that copies an example; empty if it does not."""
        own = self._words(draft.fields) if self._examples else ()
        for example, first in zip(self._examples, self._first, strict=True):
            if own == example or rouge_l_of(own, example) >= self._threshold:
                return f"copies an example of the task: the one that begins with {quoted(first)}"
        return ""

    def _words(self, fields: Mapping[str, Value]) -> tuple[str, ...]:
        options = self._output.options(fields)
        said = [
            value
            for name, value in fields.items()
            if isinstance(value, str) and name not in options and name in self._told
        ]
        return tuple(words("\n".join([*said, *sorted(options.values())])))


def as_fields(example: Mapping[str, object], output: OutputKind) -> dict[str, Value]:
    """The inputs of a card's example, in the form that a draft has them."""
    return {
        name: tuple(map(str, value)) if isinstance(value, Sequence) and not isinstance(value, str) else str(value)
        for name, value in example.items()
        if name != output.name
    }
