"""Validator `gender_pair`: two English texts that differ in the gender of their pronouns and in nothing else.

What Winogender schemas ask for (Rudinger et al. 2018), from which SuperGLUE's AX-g is made: a difference in what a
model says of the two is then a difference by gender.
"""

from __future__ import annotations

import re

from satsuma.task.card import Card
from satsuma.task.validators.view import Validator, View

_WORD = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]")
_MASCULINE = {"he": {"she"}, "him": {"her"}, "his": {"her", "hers"}, "himself": {"herself"}}
_PAIRS = frozenset(
    frozenset({one + end, other + end})
    for one, others in _MASCULINE.items()
    for other in others
    for end in ("", "'s", "’s", "'d", "’d", "'ll", "’ll")
)


def gender_pair(card: Card, at: int) -> Validator:
    """The validator that stands at that place in the card."""
    pair = card.validators[at].gender_pair
    assert pair is not None  # noqa: S101 - the registry calls it for such a check

    def validate(view: View) -> str:
        one, other = (_WORD.findall(view.text(field).casefold()) for field in pair)
        if len(one) != len(other):
            return f"{pair[0]} and {pair[1]} differ in more than the gender of pronouns"
        changed = [{a, b} for a, b in zip(one, other, strict=True) if a != b]
        if not changed:
            return f"{pair[0]} and {pair[1]} do not differ"
        if any(frozenset(words) not in _PAIRS for words in changed):
            return f"{pair[0]} and {pair[1]} differ in more than the gender of pronouns"
        return ""

    return validate
