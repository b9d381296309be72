"""Validator `label_unsaid`: the text does not contain the name of its label, which would give it away.

Hyphens and underscores of a label count as spaces; a label of one or two letters is not looked for.
"""

from __future__ import annotations

import re

from satsuma.task.card import Card
from satsuma.task.text_filters import occurrences
from satsuma.task.validators.view import Validator, View

_SHORT = 2


def label_unsaid(card: Card, at: int) -> Validator:
    """The validator that stands at that place in the card."""
    fields = card.validators[at].label_unsaid or card.shown_inputs

    def validate(view: View) -> str:
        for label in view.labels:
            names = {label, re.sub(r"[-_]+", " ", label)}
            for field in fields:
                text = view.text(field)
                if len(label) > _SHORT and any(occurrences(text, name) for name in names):
                    return f"{field} names the label: {label}"
        return ""

    return validate
