"""From an instance to the pair that students train on: `text` → `target`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from functools import lru_cache

from satsuma.task.card import Card
from satsuma.task.instance import OutputValue, Span, Value
from satsuma.task.outputs import OutputKind
from satsuma.task.prompting import card_template
from satsuma.task.templates import PromptTemplate, built_in, names_in


def displayed(card: Card, fields: Mapping[str, Value], output: OutputKind) -> dict[str, str]:
    """The fields of an instance that students and correctors see, as text, without those that are shown as options."""
    return texts_among(card.shown_inputs, fields, output.options(fields))


def texts_among(inputs: Sequence[str], fields: Mapping[str, Value], options: Mapping[str, str]) -> dict[str, str]:
    """Those of the inputs that are text, without those that are shown as options."""
    shown = [(name, fields[name]) for name in inputs if name in fields]
    return {name: value for name, value in shown if isinstance(value, str) and name not in options}


class Verbalizer:
    """A card's `verbalize` templates, or the default: the fields line by line, and the output.

    Where several labels or options hold, the target is their words with commas between them, in the card's order.
    """

    def __init__(self, card: Card, output: OutputKind) -> None:
        self._output = output
        self._inputs = card.shown_inputs
        self._strip = card.verbalize.strip
        self._words = dict(card.verbalize.labels)
        self._text = card_template(card, "verbalize", "text") or built_in("text")
        self._target = card_template(card, "verbalize", "target") or built_in("target")
        self._says_the_output_only = names_in(self._target.source) == {"shown"}
        self._target_of = lru_cache(maxsize=256)(self._target_saying)

    def __call__(self, fields: Mapping[str, Value], value: OutputValue) -> tuple[str, str]:
        """The text and the target of an instance.

        Raises:
            CardError: a template cannot be rendered.
        """
        options, shown = self._output.options(fields), self._said(fields, value)
        variables = {
            "fields": texts_among(self._inputs, fields, options),
            "options": options,
            "output": _plain(value),
            "shown": shown,
        }
        text = self._rendered(self._text, variables)
        if self._says_the_output_only:
            return text, self._target_of(shown)
        return text, self._rendered(self._target, variables)

    def _target_saying(self, shown: str) -> str:
        """The target of a template that uses nothing else, as the built-in one does."""
        return self._rendered(self._target, {"shown": shown})

    def _rendered(self, template: PromptTemplate, variables: Mapping[str, object]) -> str:
        return template.render_text(**variables) if self._strip else template.render_whole(**variables)

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
