"""What a card can say of duplicates."""

from __future__ import annotations

import pytest

from satsuma.errors import CardError
from satsuma.run.identity import fingerprint
from satsuma.task.card import Card
from satsuma.task.loader import load_card

CARD: dict[str, object] = {"task": "Say which.", "inputs": {"x": "A sentence."}, "output": {"labels": ["a", "b"]}}


def loaded(duplicates: object) -> Card:
    return load_card({**CARD, "duplicates": duplicates})


@pytest.mark.parametrize(
    ("said", "threshold"), [(0.8, 0.8), ("0.75", 0.75), ("exact", 1), (1, 1), ({"threshold": 0.5}, 0.5), ({}, 0.7)]
)
def test_a_number_or_a_word_stands_for_the_threshold(said: object, threshold: float) -> None:
    assert loaded(said).duplicates.threshold == threshold


def test_near_duplicates_are_dropped_at_0_7_unless_the_card_says_otherwise() -> None:
    plain = load_card(CARD)
    assert plain.duplicates.threshold == 0.7
    assert fingerprint(plain) == fingerprint(loaded(0.7)) != fingerprint(loaded("exact"))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (0.1, "is 0.1, but has to be at least 0.3"),
        (1.5, "is 1.5, but has to be at most 1"),
        ("near", 'has to be a number, not "near"'),
        (True, "duplicates: has to be a mapping"),
        ({"treshold": 0.5}, "duplicates.treshold: unknown key; did you mean threshold?"),
    ],
)
def test_what_cannot_be_a_threshold_is_told(said: object, told: str) -> None:
    with pytest.raises(CardError) as caught:
        loaded(said)
    assert told in str(caught.value)
