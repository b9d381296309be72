"""Which names a template may use, by its place in the card, and whether a card's templates use others.

This is the contract between prompts and the steps that render them; docs/card.md shows it as a table, and a test holds
the built-in prompts to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from satsuma.task.card import Card
from satsuma.task.expressions import expression_flaws
from satsuma.task.flaw import DataPath, Flaw, field_name
from satsuma.task.promptfiles import templates
from satsuma.task.templates import PromptTemplate, compile_prompt, template_flaws_at

_STEPS = frozenset({"answer", "examples", "inputs", "kind", "language", "name", "task"})
_PAIR = frozenset({"fields", "options", "output", "shown"})
NAMES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "contexts": _STEPS | {"count", "description", "existing", "parents", "siblings"},
        "seeds": _STEPS | {"context", "count", "description", "existing", "field", "uses"},
        "instance": _STEPS
        | {
            "attributes",
            "context",
            "description",
            "field",
            "given",
            "label",
            "labels",
            "of",
            "ordinal",
            "others",
            "right",
        }
        | {"seed", "use", "uses", "wanted", "wrong"},
        "correction": _STEPS
        | {"asked", "description", "fields", "labels", "of", "optional", "options", "ordinal", "output"},
        "text": _PAIR,
        "target": _PAIR,
    }
)
"""Step, or part of the verbalized pair → the variables of its template."""


def names_at(path: DataPath) -> frozenset[str]:
    """The names that the template at a place in a card may use."""
    return NAMES["instance" if path[0] == "output" else str(path[-1])]


def card_template(card: Card, *path: str) -> PromptTemplate | None:
    """The compiled template at a place in a card (`"prompts", "instance"`); None if it leaves it to the built-in one.

    Its errors name the file and the line that the template came from.

    Raises: CardError: it is not a template that can be used.
    """
    for place, prompt in templates(card):
        if place == path and isinstance(prompt, str):
            return compile_prompt(prompt, card.origin(field_name(place)))
    return None


def template_flaws(card: Card) -> Iterator[Flaw]:
    """What is wrong with a card's templates and expressions, found without rendering them."""
    yield from expression_flaws(card)
    for path, prompt in templates(card):
        if isinstance(prompt, str):
            yield from template_flaws_at(prompt, card.origin(field_name(path)), names_at(path))
