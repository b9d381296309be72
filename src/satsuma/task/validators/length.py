"""Validator `length`: a field has a number of words (between spaces) or characters between bounds."""

from __future__ import annotations

from satsuma.task.card import Card
from satsuma.task.validators.view import Validator, View


def length(card: Card, at: int) -> Validator:
    """The validator that stands at that place in the card."""
    check = card.validators[at].length
    assert check is not None  # noqa: S101 - the registry calls it for such a check
    low, high = check.words or check.characters or (0, 0)
    unit = "words" if check.words else "characters"

    def validate(view: View) -> str:
        for text in view.texts(check.field):
            size = len(text.split()) if check.words else len(text)
            if not low <= size <= high:
                return f"{check.field} has {size} {unit} instead of {low} to {high}"
        return ""

    return validate
