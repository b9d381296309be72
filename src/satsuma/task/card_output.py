"""What a card says of its output: which kind it is, its labels, its options, its shares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema, model_validator

from satsuma.task.card_forms import Name, Prompt, Strict, Text, at_fault, described, named

MAX_OPTIONS: Final = 26
MAX_TOGETHER: Final = 26
NONE: Final = "none"
"""What shares call an instance without any label."""
ANSWERABLE: Final = "answerable"
UNANSWERABLE: Final = "unanswerable"
"""What shares call an instance with a span, and one without."""
Kind = Literal["labels", "multiple", "spans", "choice", "choices", "span", "text"]


class Label(Strict):
    """One label: what it means, and optionally the prompt that makes instances of it."""

    description: str = Field("", description="What the label means.")
    prompt: Prompt | None = Field(None, description="The instance prompt for this label, instead of the card's.")


def _one_or_two(value: object) -> object:
    return (value, value) if isinstance(value, int | str) else value


Count = Annotated[tuple[int, int], BeforeValidator(_one_or_two)]
"""How many: a number, or the least and the most."""


def _count_schema(low: int, high: int) -> dict[str, object]:
    number = {"type": "integer", "minimum": low, "maximum": high}
    return {"anyOf": [number, {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2}]}


class OptionList(Strict):
    """Options that are kept in one list-valued input: how many there are, or from how many to how many."""

    field: Name = Field(description="The input that holds the list of options.")
    count: Annotated[Count, WithJsonSchema(_count_schema(2, MAX_OPTIONS))] = Field(
        description="How many options an instance has: a number, or the least and the most."
    )
    right: Annotated[Count, WithJsonSchema(_count_schema(1, MAX_OPTIONS))] | None = Field(
        None, description="How many of them are right, where it can be more than one: a number, or least and most."
    )

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        low, high = self.count
        if not 2 <= low <= high <= MAX_OPTIONS:
            raise at_fault(f"a choice has from 2 to {MAX_OPTIONS} options, not {low} to {high}", "count")
        if self.right is not None and not 1 <= self.right[0] <= self.right[1] < low:
            raise at_fault(f"from 1 to {low - 1} options can be right, so that one is wrong", "right")
        return self


class Span(Strict):
    """A part of an input's text, word for word."""

    field: Name = Field(description="The input that it is a part of.")
    none: bool = Field(False, description="Whether an instance can be without one: an answer that is not in the text.")
    description: str = Field("", description="What it is.")


def _field(value: object) -> object:
    return {"field": value} if isinstance(value, str) else value


def _choice_form(value: object) -> str:
    return "(list)" if isinstance(value, Mapping | OptionList) else "(fields)"


Choice = Annotated[
    Annotated[tuple[Name, ...], Tag("(fields)")] | Annotated[OptionList, Tag("(list)")],
    Discriminator(_choice_form),
]


class Output(Strict):
    """The output field: labels (one, several, or of spans), a choice among options, a span of a text, or free text.

    labels: label → what it means; ordinal: they are the steps of a scale, the least first; multiple: an instance has
    several at once, from how many to how many; spans: they label parts of an input's text. choice: the input fields
    that are the options, or one list-valued field. span: a part of an input's text. text: what the free text is.
    proportions: label → weight; equal where it is left out.
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
    ordinal: bool = Field(False, description="Whether the labels are the steps of a scale, from the least on.")
    multiple: Annotated[Count, WithJsonSchema(_count_schema(0, MAX_TOGETHER))] | None = Field(
        None, description="How many labels an instance has at once: a number, or the least and the most."
    )
    spans: Name | None = Field(None, description="The input whose parts the labels are of, such as named entities.")
    choice: Choice | None = Field(
        None, description="A choice: the inputs that are the options, or {field, count} for one input that lists them."
    )
    span: Annotated[Span, BeforeValidator(_field, json_schema_input_type=str | Span)] | None = Field(
        None, description="A part of an input's text, word for word: the input, or {field, none, description}."
    )
    text: str | None = Field(None, description="Free text: what it is.")
    proportions: dict[str, Annotated[float, Field(gt=0, allow_inf_nan=False)]] | None = Field(
        None, description="Label → weight of its share; equal shares where left out."
    )

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        given = [k for k in ("labels", "choice", "span", "text") if getattr(self, k) is not None]
        if not given:
            raise at_fault("lacks what it is: give labels, choice, span or text")
        if len(given) > 1:
            raise at_fault(f"has {' and '.join(given)}; an output is exactly one of labels, choice, span or text")
        if isinstance(self.choice, tuple) and not 2 <= len(self.choice) <= MAX_OPTIONS:
            raise at_fault(f"a choice has from 2 to {MAX_OPTIONS} options, not {len(self.choice)}", "choice")
        return self

    @model_validator(mode="after")
    def _labels_fit(self) -> Self:
        if self.labels is None:
            for name in ("ordinal", "multiple", "spans"):
                if getattr(self, name):
                    raise at_fault("needs labels", name)
            return self
        least = 1 if self.spans else 2
        if len(self.labels) < least:
            what = "one label" if least == 1 else "two labels"
            raise at_fault(f"a label set has at least {what}, and this one has {len(self.labels)}", "labels")
        if self.ordinal and (self.multiple or self.spans):
            raise at_fault("an instance has one step of a scale; leave multiple and spans out", "ordinal")
        if self.multiple and not 0 <= self.multiple[0] <= self.multiple[1] <= min(len(self.labels), MAX_TOGETHER):
            raise at_fault(f"from 0 to {min(len(self.labels), MAX_TOGETHER)} labels can hold at once", "multiple")
        if self.multiple and self.multiple[1] == 0:
            raise at_fault("an instance that never has a label teaches nothing", "multiple")
        return self

    @property
    def kind(self) -> Kind:
        """Which kind of output this is."""
        if self.labels is not None:
            return "spans" if self.spans else "multiple" if self.multiple else "labels"
        if self.choice is not None:
            several = isinstance(self.choice, OptionList) and self.choice.right is not None
            return "choices" if several else "choice"
        return "span" if self.span is not None else "text"

    @property
    def together(self) -> tuple[int, int]:
        """How many labels an instance is asked to have at once: the least and the most."""
        return self.multiple or (1, min(3, len(self.labels or {})) if self.spans else 1)

    @property
    def shared(self) -> tuple[str, ...]:
        """The labels that shares are counted for; none where an output has no shares of its own."""
        if self.labels is not None:
            return (*self.labels, *((NONE,) if self.together[0] == 0 else ()))
        return (ANSWERABLE, UNANSWERABLE) if self.span is not None and self.span.none else ()
