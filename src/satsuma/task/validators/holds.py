"""Validator `holds`: an expression of the card's own, in the templates' sandbox."""

from __future__ import annotations

from satsuma.task.card import Card
from satsuma.task.expressions import Uncomputable, condition
from satsuma.task.instance import Span
from satsuma.task.validators.view import Validator, View


def holds(card: Card, at: int) -> Validator:
    """The validator that stands at that place in the card.

    Raises:
        CardError: the expression cannot be used.
    """
    compiled, reason = condition(card, at), card.validators[at].reason

    def validate(view: View) -> str:
        output = view.output
        if isinstance(output, tuple):
            plain: object = [one.text if isinstance(one, Span) else one for one in output]
        else:
            plain = output
        try:
            held = compiled(fields=view.fields, options=view.options, output=plain, shown=view.shown)
        except Uncomputable as error:
            return f"a validator has no answer: {error}"
        return "" if held else reason

    return validate
