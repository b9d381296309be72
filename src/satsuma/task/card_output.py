"""What a card says of its output: which kind it is, its labels, its options, its shares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema, field_validator, model_validator

from satsuma.task.card_forms import Name, Prompt, Strict, Text, at_fault, described, named

MAX_OPTIONS: Final = 26


class Label(Strict):
    """One label: what it means, and optionally the prompt that makes instances of it."""

    description: str = Field("", description="What the label means.")
    prompt: Prompt | None = Field(None, description="The instance prompt for this label, instead of the card's.")


class OptionList(Strict):
    """Options that are kept in one list-valued input: how many there are, or from how many to how many."""

    field: Name = Field(description="The input that holds the list of options.")
    count: Annotated[
        tuple[int, int],
        WithJsonSchema(
            {
                "anyOf": [
                    {"type": "integer", "minimum": 2, "maximum": MAX_OPTIONS},
                    {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2},
                ]
            }
        ),
    ] = Field(description="How many options an instance has: a number, or the least and the most.")

    @field_validator("count", mode="before")
    @classmethod
    def _one_or_two(cls, value: object) -> object:
        return (value, value) if isinstance(value, int | str) else value

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        low, high = self.count
        if not 2 <= low <= high <= MAX_OPTIONS:
            raise at_fault(f"a choice has from 2 to {MAX_OPTIONS} options, not {low} to {high}", "count")
        return self


def _choice_form(value: object) -> str:
    return "(list)" if isinstance(value, Mapping | OptionList) else "(fields)"


Choice = Annotated[
    Annotated[tuple[Name, ...], Tag("(fields)")] | Annotated[OptionList, Tag("(list)")],
    Discriminator(_choice_form),
]


class Output(Strict):
    """The output field: exactly one of a closed label set, a choice among options, or free text.

    labels: label → what it means. choice: the input fields that are the options, or one list-valued field. text: what
    the free text is. proportions: label → weight; equal where it is left out.
    """

    name: Name = Field("label", description="Name of the output column.")
    labels: (
        Annotated[
            dict[
                str,
                Annotated[Label, BeforeValidator(described, json_schema_input_type=Text | Label | None)],
            ],
            BeforeValidator(named, json_schema_input_type=list[Text] | dict[str, Text | Label | None]),
        ]
        | None
    ) = Field(None, description="A closed label set: label → what it means, or a list of labels.")
    choice: Choice | None = Field(
        None, description="A choice: the inputs that are the options, or {field, count} for one input that lists them."
    )
    text: str | None = Field(None, description="Free text: what it is.")
    proportions: dict[str, Annotated[float, Field(gt=0, allow_inf_nan=False)]] | None = Field(
        None, description="Label → weight of its share; equal shares where left out."
    )

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        given = [k for k in ("labels", "choice", "text") if getattr(self, k) is not None]
        if not given:
            raise at_fault("lacks what it is: give labels, choice or text")
        if len(given) > 1:
            raise at_fault(f"has {' and '.join(given)}; an output is exactly one of labels, choice or text")
        if self.labels is not None and len(self.labels) < 2:
            raise at_fault(f"a label set has at least two labels, and this one has {len(self.labels)}", "labels")
        if isinstance(self.choice, tuple) and not 2 <= len(self.choice) <= MAX_OPTIONS:
            raise at_fault(f"a choice has from 2 to {MAX_OPTIONS} options, not {len(self.choice)}", "choice")
        return self
