"""From an instance to the pair that students train on: `text` → `target`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from satsuma.task.card import Card
from satsuma.task.instance import OutputValue, Span, Value
from satsuma.task.outputs import OutputKind
from satsuma.task.prompting import card_template
from satsuma.task.templates import built_in


def displayed(card: Card, fields: Mapping[str, Value], output: OutputKind) -> dict[str, str]:
    """The fields of an instance that students and correctors see, as text, without those that are shown as options."""
    options = output.options(fields)
    shown = ((name, fields[name]) for name in card.shown_inputs if name in fields)
    return {name: value for name, value in shown if isinstance(value, str) and name not in options}


class Verbalizer:
    """A card's `verbalize` templates, or the default: the fields line by line, and the output.

    Where several labels or options hold, the target is their words with commas between them, in the card's order.
    """

    def __init__(self, card: Card, output: OutputKind) -> None:
        self._card = card
        self._output = output
        self._words = dict(card.verbalize.labels)
        self._text = card_template(card, "verbalize", "text") or built_in("text")
        self._target = card_template(card, "verbalize", "target") or built_in("target")

    def __call__(self, fields: Mapping[str, Value], value: OutputValue) -> tuple[str, str]:
        """The text and the target of an instance.

        Raises:
            CardError: a template cannot be rendered.
        """
        variables = {
            "fields": displayed(self._card, fields, self._output),
            "options": self._output.options(fields),
            "output": _plain(value),
            "shown": self._said(fields, value),
        }
        if self._card.verbalize.strip:
            return self._text.render_text(**variables), self._target.render_text(**variables)
        return self._text.render_whole(**variables), self._target.render_whole(**variables)

    def _said(self, fields: Mapping[str, Value], value: OutputValue) -> str:
        if isinstance(value, tuple) and value and not isinstance(value[0], Span) and self._words:
            return ", ".join(self._word(str(one), self._output.shown(fields, (one,))) for one in value)
        return self._word(str(value), self._output.shown(fields, value))

    def _word(self, value: str, shown: str) -> str:
        return self._words.get(value, self._words.get(shown, shown))


def _plain(value: OutputValue) -> object:
    """The output as templates may use it."""
    if isinstance(value, tuple):
        return [dataclasses.asdict(one) if isinstance(one, Span) else one for one in value]
    return value
