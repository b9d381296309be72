"""What a card says of one input field."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from satsuma.task.card_forms import Strict, Values, at_fault

Role = Literal["input", "extra", "scratch"]


class Input(Strict):
    """One input field of an instance.

    values: a closed list, each with what it means, from which the value is drawn by the seed instead of being written
    by the model (the question of a COPA instance: cause or effect). computed: an expression over the other fields
    that gives the value (where a span begins); type: what it gives. role: an `input` is what the task is about; an
    `extra` is a column that neither students nor self-correction see, as computed fields are; `scratch` is written by
    the model, for expressions and validators to use, and is not kept.
    """

    description: str = Field("", description="What the field holds, for the model that writes it.")
    values: Values = Field(
        default_factory=dict,
        description="A list, or value → meaning; one is drawn by the seed instead of being written by the model.",
    )
    computed: str = Field("", description="A Jinja expression over `fields` that gives the value.")
    type: Literal["text", "integer"] = Field("text", description="What a computed field is.")
    role: Role | None = Field(
        None, description="input; extra: a column that students do not see; scratch: written, used, not kept."
    )

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if self.computed and self.values:
            raise at_fault("is computed and drawn from values; it can be one of them", "computed")
        if self.type == "integer" and not self.computed:
            raise at_fault("only a computed field can be an integer", "type")
        if self.computed and self.role not in (None, "extra"):
            raise at_fault("a computed field is an extra column", "role")
        if self.values and self.role == "scratch":
            raise at_fault("a field that is drawn from values cannot be scratch", "role")
        return self

    @property
    def part(self) -> Role:
        """The role, resolved."""
        return self.role or ("extra" if self.computed else "input")
