"""What has to hold for every instance of a card: one file per validator, and the one list of them.

A validator looks at one instance and says what is wrong with it in a few words, or nothing. It depends on the
instance and the card alone. A new one is one more file, a field of `Check` in `satsuma.task.card_checks`, and a line
in `_MADE`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from satsuma.task.card import Card
from satsuma.task.card_checks import Check
from satsuma.task.validators.differ import differ
from satsuma.task.validators.gender_pair import gender_pair
from satsuma.task.validators.holds import holds
from satsuma.task.validators.label_unsaid import label_unsaid
from satsuma.task.validators.language import language
from satsuma.task.validators.length import length
from satsuma.task.validators.occurs import occurs
from satsuma.task.validators.view import Validator, View

__all__ = ["View", "seed_validator_of", "validators_of"]

Made: TypeAlias = Callable[[Card, int], Validator]
_MADE: Mapping[str, Made] = {
    "occurs": occurs,
    "differ": differ,
    "length": length,
    "language": language,
    "label_unsaid": label_unsaid,
    "gender_pair": gender_pair,
    "holds": holds,
}


def validators_of(card: Card) -> Callable[[View], str]:
    """The card's validators as one: what is wrong with an instance, the first that is; empty text if nothing is.

    Raises:
        CardError: a validator cannot be used.
    """
    made = [
        _MADE[name](card, at)
        for at, check in enumerate(card.validators)
        for name in _MADE
        if getattr(check, name) is not None
    ]

    def validate(view: View) -> str:
        return next((wrong for validator in made if (wrong := validator(view))), "")

    return validate


def seed_validator_of(card: Card) -> Callable[[str], str]:
    """What is wrong with a text as the card's seed; empty text if nothing is.

    Of the card's validators, those that look at the seed's field by itself: its length, and its language.

    Raises:
        CardError: a validator cannot be used.
    """
    field = card.seed_spec.field or ""
    own = [check.model_copy(update=_on(field, check)) for check in card.validators if _concerns(field, check)]
    if not own:
        return lambda text: ""  # noqa: ARG005 - nothing is looked at
    validate = validators_of(card.model_copy(update={"validators": tuple(own)}))
    return lambda text: validate(View({field: text}, {}, "", ""))


def _concerns(field: str, check: Check) -> bool:
    if check.length is not None:
        return check.length.field == field
    return check.language is not None and bool(field) and (not check.language or field in check.language)


def _on(field: str, check: Check) -> dict[str, object]:
    return {} if check.language is None else {"language": (field,)}
