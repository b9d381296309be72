"""Validator `occurs`: the words of a field stand in another field, as whole words, in any case."""

from __future__ import annotations

from satsuma.task.card import Card
from satsuma.task.text_filters import occurrences
from satsuma.task.validators.view import Validator, View


def occurs(card: Card, at: int) -> Validator:
    """The validator that stands at that place in the card."""
    check = card.validators[at].occurs
    assert check is not None  # noqa: S101 - the registry calls it for such a check

    def validate(view: View) -> str:
        within = view.text(check.within)
        for words in view.texts(check.field):
            times = occurrences(within, words)
            if times == 0:
                return f"{check.field} does not stand in {check.within}: {words}"
            if check.times is not None and times != check.times:
                return f"{check.field} stands in {check.within} {times} times instead of {check.times}: {words}"
        return ""

    return validate
