"""What a card says of its validators: what has to hold for every instance, besides the form of the answer."""

from __future__ import annotations

from typing import Annotated, Final, Self

from pydantic import BeforeValidator, Field, model_validator

from satsuma.task.card_forms import Name, Strict, at_fault

BARE: Final = frozenset({"label_unsaid", "language"})
"""Validators that can stand alone, without saying of which fields."""


class Occurs(Strict):
    """The words of one field stand in another. times: exactly so often; one or more times where left out."""

    field: Name = Field(description="The field whose words are looked for; or the field of a choice's options.")
    within: Name = Field(description="The field that they have to stand in.")
    times: Annotated[int, Field(ge=1, le=100)] | None = Field(None, description="How often, exactly.")


class Length(Strict):
    """Bounds for a field's length, in words or in characters: the least and the most."""

    field: Name = Field(description="The field.")
    words: tuple[Annotated[int, Field(ge=0)], int] | None = Field(None, description="The least and the most words.")
    characters: tuple[Annotated[int, Field(ge=0)], int] | None = Field(
        None, description="The least and the most characters."
    )

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if (self.words is None) == (self.characters is None):
            raise at_fault("has either words or characters: the least and the most")
        low, high = self.words or self.characters or (0, 0)
        if low > high:
            raise at_fault(f"the least, {low}, is more than the most, {high}")
        return self


def _bare(value: object) -> object:
    return {value: ()} if isinstance(value, str) and value in BARE else value


class Check(Strict):
    """One validator: exactly one of these. An instance for which it does not hold is asked for again, or rejected."""

    occurs: Occurs | None = Field(None, description="The words of a field stand in another field.")
    differ: Annotated[tuple[Name, ...], Field(min_length=2)] | None = Field(
        None, description="No two of these fields say the same words."
    )
    length: Length | None = Field(None, description="A field has a length between bounds.")
    language: tuple[Name, ...] | None = Field(None, description="These fields, or all, are in the card's language.")
    label_unsaid: tuple[Name, ...] | None = Field(
        None, description="These fields, or all, do not contain the name of the label."
    )
    gender_pair: tuple[Name, Name] | None = Field(
        None, description="Two fields that differ in the gender of English pronouns and in nothing else."
    )
    holds: str | None = Field(None, description="A Jinja expression over fields, options, output and shown.")
    reason: str = Field("", description="What is wrong where the expression does not hold.")

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        given = [name for name in type(self).model_fields if name != "reason" and getattr(self, name) is not None]
        if len(given) != 1:
            known = ", ".join(name for name in type(self).model_fields if name != "reason")
            raise at_fault(f"is exactly one of {known}")
        if self.holds is not None and not self.reason.strip():
            raise at_fault("needs a reason: what is wrong where it does not hold", "holds")
        if self.reason and self.holds is None:
            raise at_fault("is said by the validator itself; it belongs to holds", "reason")
        return self


Checks = tuple[Annotated[Check, BeforeValidator(_bare, json_schema_input_type=str | Check)], ...]
