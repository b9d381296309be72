"""What a card says of the four steps, and of the pair that students train on."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from satsuma.task.card_forms import Name, Prompt, Strict, Text


class Contexts(Strict):
    """Step 1: domains and settings.

    given: the list itself. description: what to ask for. per_block: how many at a time.
    """

    given: tuple[Text, ...] = Field((), description="The contexts, instead of asking for them.")
    description: str = Field("", description="What kind of domains and settings to ask for.")
    per_block: Annotated[int, Field(ge=2, le=100)] = Field(20, description="How many are asked for at a time.")


class Seed(Strict):
    """Step 2: the material that an instance grows from.

    field: the input that the seed is; None for separate linguistic material. description: what a seed is.
    per_context: how many seeds are asked for at a time.
    """

    field: Name | None = Field(
        None, description="The input that the seed is; without it the seed is separate material."
    )
    description: str = Field("", description="What a seed is, such as: a word that has several meanings.")
    per_context: Annotated[int, Field(ge=1, le=100)] = Field(10, description="How many are asked for at a time.")


class Correction(Strict):
    """Step 4: the second look.

    votes: independent answers, of which the majority counts. blind: the corrector does not see the label that was
    asked for. policy: what happens to an instance whose label does not hold.
    """

    votes: Annotated[int, Field(ge=1, le=99)] = Field(1, description="Independent answers; the majority counts.")
    blind: bool = Field(True, description="Whether the corrector is not shown the label that was asked for.")
    policy: Literal["relabel", "drop", "keep"] = Field(
        "relabel", description="What happens to an instance whose label does not hold."
    )


class Verbalization(Strict):
    """How an instance becomes the pair that students train on: two templates, and words for labels."""

    text: Prompt | None = Field(None, description="Template of what a student reads.")
    target: Prompt | None = Field(None, description="Template of what a student answers.")
    labels: dict[str, Text] = Field(
        default_factory=dict, description="Label, or position of an option from 0 → the word a student answers with."
    )


class Prompts(Strict):
    """Prompts of one's own for the four steps; the built-in ones where left out."""

    contexts: Prompt | None = Field(None, description="Step 1: asks for domains and settings.")
    seeds: Prompt | None = Field(None, description="Step 2: asks for material that instances grow from.")
    instance: Prompt | None = Field(None, description="Step 3: asks for an instance with a given label.")
    correction: Prompt | None = Field(None, description="Step 4: asks which label holds.")
