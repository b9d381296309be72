"""Validator `differ`: no two of some fields say the same words, whatever their case and punctuation."""

from __future__ import annotations

from satsuma.selecting.duplicates import normalized
from satsuma.task.card import Card
from satsuma.task.validators.view import Validator, View


def differ(card: Card, at: int) -> Validator:
    """The validator that stands at that place in the card."""
    fields = card.validators[at].differ or ()

    def validate(view: View) -> str:
        seen: dict[str, str] = {}
        for field in fields:
            words = normalized(view.text(field))
            if words in seen:
                return f"{seen[words]} and {field} say the same"
            seen[words] = field
        return ""

    return validate
