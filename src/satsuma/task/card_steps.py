"""What a card says of the four steps, and of the pair that students train on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, PlainSerializer, field_validator, model_validator

from satsuma.task.card_forms import Name, Prompt, Strict, Text, at_fault
from satsuma.task.texts import hash_of

_FILE = "A file of them in the card's directory, FILE or FILE:COLUMN, instead of asking for them."


def _in_short(texts: tuple[str, ...]) -> dict[str, object]:
    return {"count": len(texts), "hash": hash_of(texts)}


def _without_texts(value: object) -> object:
    """A card that is read back from run.json is without its texts."""
    if value == []:
        raise at_fault("is empty; leave it out to have seeds written")
    return () if isinstance(value, Mapping) and value.keys() == {"count", "hash"} else value


GivenTexts = Annotated[
    tuple[Text, ...],
    BeforeValidator(_without_texts, json_schema_input_type=list[Text]),
    PlainSerializer(_in_short, when_used="json"),
]
"""Texts of a user's own; a count and a hash in JSON."""


class Contexts(Strict):
    """Step 1: domains and settings.

    given: the list itself; file: the file that it is in. description: what to ask for. per_block: how many at a time.
    """

    given: tuple[Text, ...] = Field((), description="The contexts, instead of asking for them.")
    file: str = Field("", description=_FILE)
    description: str = Field("", description="What kind of domains and settings to ask for.")
    per_block: Annotated[int, Field(ge=2, le=100)] = Field(20, description="How many are asked for at a time.")

    @model_validator(mode="after")
    def _from_one_place(self) -> Self:
        if self.given and self.file:
            raise at_fault("names a file, but the contexts are given too; give one of them", "file")
        return self


class Seed(Strict):
    """Step 2: the material that an instance grows from.

    field: the input that the seed is; None for separate linguistic material. description: what a seed is.
    per_context: how many seeds are asked for at a time. uses: how many instances grow from one seed. given: seeds of
    the user's own, instead of asking for them; file: the file that they are in. In JSON `given` is a count and a hash:
    what a run's identity and run.json need to know of texts that may be many.
    """

    field: Name | None = Field(
        None, description="The input that the seed is; without it the seed is separate material."
    )
    description: str = Field("", description="What a seed is, such as: a word that has several meanings.")
    per_context: Annotated[int, Field(ge=1, le=100)] = Field(10, description="How many are asked for at a time.")
    uses: Annotated[int, Field(ge=1, le=100)] = Field(1, description="How many instances grow from one seed.")
    given: GivenTexts = Field((), description="Seeds of your own, instead of asking for them.")
    file: str = Field("", description=_FILE)

    @field_validator("given")
    @classmethod
    def _telling(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        seen: set[str] = set()
        for at, text in enumerate(given):
            if not text.strip():
                raise at_fault("is blank", at)
            if text in seen:
                raise at_fault("stands in the list twice", at)
            seen.add(text)
        return given

    @model_validator(mode="after")
    def _from_one_place(self) -> Self:
        if self.given and self.file:
            raise at_fault("names a file, but the texts are given too; give one of them", "file")
        return self


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


def nearness(value: object) -> object:
    """A bare number stands for the threshold, the word `exact` for 1."""
    if value == "exact":
        return {"threshold": 1}
    return {"threshold": value} if isinstance(value, int | float | str) and not isinstance(value, bool) else value


class Duplicates(Strict):
    """Which instances say nothing new: those that repeat an earlier one, or nearly.

    threshold: from which ROUGE-L on an instance is a near-duplicate; at 1, only the same words are.
    """

    threshold: Annotated[float, Field(ge=0.3, le=1)] = Field(
        0.7, description="From which ROUGE-L with an earlier instance on one is a near-duplicate; 1: only if the same."
    )


class Verbalization(Strict):
    """How an instance becomes the pair that students train on: two templates, and words for labels."""

    text: Prompt | None = Field(None, description="Template of what a student reads.")
    target: Prompt | None = Field(None, description="Template of what a student answers.")
    labels: dict[str, Text] = Field(
        default_factory=dict, description="Label, or position of an option from 0 → the word a student answers with."
    )
    strip: bool = Field(True, description="Whether space around the text and the answer is taken away.")


class Prompts(Strict):
    """Prompts of one's own for the four steps; the built-in ones where left out."""

    contexts: Prompt | None = Field(None, description="Step 1: asks for domains and settings.")
    seeds: Prompt | None = Field(None, description="Step 2: asks for material that instances grow from.")
    instance: Prompt | None = Field(None, description="Step 3: asks for an instance with a given label.")
    correction: Prompt | None = Field(None, description="Step 4: asks which label holds.")
