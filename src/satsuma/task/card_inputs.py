"""What a card says of one input field."""

from __future__ import annotations

from pydantic import Field

from satsuma.task.card_forms import Strict, Values


class Input(Strict):
    """One input field of an instance.

    values: a closed list, each with what it means, from which the value is drawn by the seed instead of being written
    by the model (the question of a COPA instance: cause or effect).
    """

    description: str = Field("", description="What the field holds, for the model that writes it.")
    values: Values = Field(
        default_factory=dict,
        description="A list, or value → meaning; one is drawn by the seed instead of being written by the model.",
    )
