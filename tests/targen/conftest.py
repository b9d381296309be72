"""A small card for the tests of single steps."""

from __future__ import annotations

import pytest

from satsuma.targen.asking import Prompts
from satsuma.task.card import Card
from satsuma.task.loader import load_card
from satsuma.task.outputs import output_of

SMALL: dict[str, object] = {
    "name": "small",
    "task": "Route a message.",
    "inputs": {"message": "A message."},
    "output": {"labels": {"yes": "it is", "no": "it is not"}},
    "contexts": {"per_block": 3},
    "seed": {"per_context": 2},
}


@pytest.fixture
def small() -> Card:
    """A card whose blocks are small: 3 contexts to a block, 2 seeds to a context."""
    return load_card(SMALL)


@pytest.fixture
def prompts(small: Card) -> Prompts:
    return Prompts(small, output_of(small))
