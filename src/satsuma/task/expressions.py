"""A card's expressions: the values of computed fields, and what has to hold of an instance.

An expression is what stands between `{{` and `}}` in a template, compiled and run in the same sandbox with the same
meter, so it ends, reaches nothing but what it is given, and its mistakes are found when the card is loaded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from satsuma.errors import CardError
from satsuma.task.card import Card
from satsuma.task.flaw import DataPath, Flaw, field_name
from satsuma.task.instance import Value
from satsuma.task.templates import PromptTemplate, compile_prompt, template_flaws_at

COMPUTED_NAMES = frozenset({"fields"})
HOLDS_NAMES = frozenset({"fields", "options", "output", "shown"})


class Uncomputable(ValueError):
    """An expression has no value for an instance; the message says why."""


def expressions(card: Card) -> Iterator[tuple[DataPath, str, frozenset[str]]]:
    """Every expression of a card as a template: its place, its text, and the names that it may use."""
    for name, one in card.inputs.items():
        if one.computed:
            yield ("inputs", name, "computed"), _printed(one.computed), COMPUTED_NAMES
    for at, check in enumerate(card.validators):
        if check.holds is not None:
            yield ("validators", at, "holds"), _tested(check.holds), HOLDS_NAMES


def expression_flaws(card: Card) -> Iterator[Flaw]:
    """What is wrong with a card's expressions, found without running them."""
    for path, source, names in expressions(card):
        yield from template_flaws_at(source, card.origin(field_name(path)), names)


def _printed(expression: str) -> str:
    return "{{ " + expression.strip() + " }}"


def _tested(expression: str) -> str:
    return "{% if " + expression.strip() + " %}1{% endif %}"


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled expression that holds or does not."""

    template: PromptTemplate

    def __call__(self, **names: object) -> bool:
        """Whether it holds.

        Raises:
            Uncomputable: it fails for these values.
        """
        return bool(_run(self.template, names))


def condition(card: Card, at: int) -> Condition:
    """The expression of validator number `at`.

    Raises:
        CardError: it is none that can be used.
    """
    holds = card.validators[at].holds
    return Condition(_compiled(card, ("validators", at, "holds"), _tested(holds or "")))


class Computed:
    """The computed fields of a card, in their order; a later one may use an earlier one."""

    def __init__(self, card: Card) -> None:
        self._templates = {
            name: (_compiled(card, ("inputs", name, "computed"), _printed(one.computed)), one.type)
            for name, one in card.inputs.items()
            if one.computed
        }

    def __call__(self, fields: Mapping[str, Value]) -> dict[str, Value]:
        """Field → value.

        Raises:
            Uncomputable: one has none for these fields.
        """
        known = dict(fields)
        for name, (template, sort) in self._templates.items():
            made = _run(template, {"fields": known})
            known[name] = _integer(name, made) if sort == "integer" else made
        return {name: known[name] for name in self._templates}


def _integer(name: str, made: str) -> int:
    try:
        return int(made)
    except ValueError:
        raise Uncomputable(f"{name} is not a whole number: {made[:40]}") from None


def _compiled(card: Card, path: DataPath, source: str) -> PromptTemplate:
    return compile_prompt(source, card.origin(field_name(path)))


def _run(template: PromptTemplate, names: Mapping[str, object]) -> str:
    try:
        return template.render_text(**names)
    except CardError as error:
        raise Uncomputable(error.message) from None
