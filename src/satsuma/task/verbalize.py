"""From an instance to the pair that students train on: `text` → `target`."""

from __future__ import annotations

from collections.abc import Mapping

from satsuma.task.card import Card
from satsuma.task.instance import Value
from satsuma.task.outputs import OutputKind
from satsuma.task.prompting import card_template
from satsuma.task.templates import built_in


def displayed(fields: Mapping[str, Value], output: OutputKind) -> dict[str, str]:
    """The fields of an instance as text, without those that are shown as options."""
    options = output.options(fields)
    return {name: value for name, value in fields.items() if isinstance(value, str) and name not in options}


class Verbalizer:
    """A card's `verbalize` templates, or the default: the fields line by line, and the label."""

    def __init__(self, card: Card, output: OutputKind) -> None:
        self._output = output
        self._words = dict(card.verbalize.labels)
        self._text = card_template(card, "verbalize", "text") or built_in("text")
        self._target = card_template(card, "verbalize", "target") or built_in("target")

    def __call__(self, fields: Mapping[str, Value], value: str | int) -> tuple[str, str]:
        """The text and the target of an instance.

        Raises:
            CardError: a template cannot be rendered.
        """
        shown = self._output.shown(fields, value)
        variables = {
            "fields": displayed(fields, self._output),
            "options": self._output.options(fields),
            "output": value,
            "shown": self._words.get(str(value), self._words.get(shown, shown)),
        }
        return self._text.render_text(**variables), self._target.render_text(**variables)
