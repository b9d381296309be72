"""The task card: what a task is, its inputs, its output, and whatever of the method the user wants otherwise.

The smallest card is a sentence, the inputs and the labels; every other field has a default. A card is data: it is
read by `satsuma.task.yaml`, its shape is held here, what its parts have to do with each other in
`satsuma.task.consistency`, and its templates are rendered by `satsuma.task.templates`, sandboxed.
`satsuma.task.loader.load_card` is the door: it does all of that.

Not covered here: the words of error messages (`satsuma.task.wording`).
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field, PrivateAttr, field_validator

from satsuma.settings import STEPS, TRANSFORM_STEPS
from satsuma.task.card_checks import Checks
from satsuma.task.card_forms import Name, Strict, Text, Values, at_fault, described
from satsuma.task.card_inputs import Input
from satsuma.task.card_output import OptionList, Output
from satsuma.task.card_steps import Contexts, Correction, Duplicates, Prompts, Seed, Verbalization, nearness

RESERVED: Final = frozenset({"id", "text", "target", "provenance"})
"""Columns that every dataset has, so that no field can take their name."""


def _contexts(value: object) -> object:
    return {"given": value} if isinstance(value, list) else described(value)


def _seed(value: object) -> object:
    return {"field": value} if isinstance(value, str) else value


def _position(value: object) -> object:
    """A position may be a number where a card is made in Python."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Sample = Annotated[Text | tuple[Text, ...], BeforeValidator(_position)]
"""A value of an example: text, or the texts of a list-valued field."""


class Origin(Strict):
    """Where a template's text came from.

    field: its place in the card. file: the file that holds it, as the user named it; empty where there is none. line:
    the line of that file on which the template's first line stands; 0 where lines are not known. exact: whether the
    template's lines are the file's lines.
    """

    field: str
    file: str = ""
    line: int = 0
    exact: bool = False


class Card(Strict):
    """A task card. docs/card.md shows every field with examples.

    Cards are made by `satsuma.task.loader.load_card`, which also checks what the fields have to do with each other.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,62}$")] = Field(
        "task", description="Name of the task: lower-case letters, digits, - _ and . ; the file's name where left out."
    )
    task: Annotated[str, Field(min_length=1)] = Field(description="What the task is, in a sentence or a few.")
    language: Annotated[str, Field(min_length=1)] = Field("English", description="Language of the instances.")
    inputs: Annotated[
        dict[Name, Annotated[Input, BeforeValidator(described, json_schema_input_type=str | Input | None)]],
        Field(min_length=1),
    ] = Field(description="The input fields: name → what the field holds.")
    output: Output = Field(description="What is to be found for the inputs: labels, choice or text.")
    contexts: Annotated[
        Contexts, BeforeValidator(_contexts, json_schema_input_type=str | list[Text] | Contexts | None)
    ] = Field(Contexts(), description="Step 1, contexts: a description of what to ask for, or a list of them.")
    seed: Annotated[Seed, BeforeValidator(_seed, json_schema_input_type=str | Seed)] | None = Field(
        None, description="Step 2, instance seeds: the input that is the seed, or {field, description, per_context}."
    )
    attributes: dict[str, Annotated[Values, Field(min_length=1)]] = Field(
        default_factory=dict,
        description="Name → list, or value → meaning; one of each is drawn for every instance.",
    )
    examples: tuple[dict[str, Sample], ...] = Field(
        (), description="Few-shot examples, each with every input and the output; the method needs none."
    )
    prompts: Prompts = Field(Prompts(), description="Templates of one's own for the four steps.")
    correction: Correction = Field(Correction(), description="Step 4, self-correction.")
    validators: Checks = Field((), description="What has to hold for every instance: a list of validators.")
    duplicates: Annotated[
        Duplicates, BeforeValidator(nearness, json_schema_input_type=float | Literal["exact"] | Duplicates)
    ] = Field(Duplicates(), description="Which instances repeat an earlier one: the threshold, or exact.")
    verbalize: Verbalization = Field(Verbalization(), description="How an instance becomes text and target.")
    models: dict[str, str] = Field(
        default_factory=dict, description="Step → the model that it asks, where it is not the run's."
    )
    metric: str = Field("accuracy", description="The measure that students are compared by.")
    license: str = Field("other", description="Licence of the data, as the Hugging Face hub writes it.")
    source: str = Field("", description="Where the task comes from: a paper or an address.")

    @field_validator("models")
    @classmethod
    def _known_steps(cls, models: dict[str, str]) -> dict[str, str]:
        for step in models:
            if step not in STEPS + TRANSFORM_STEPS:
                raise at_fault(f"there is no step {step}; the steps are {', '.join(STEPS + TRANSFORM_STEPS)}", step)
        return models

    _origins: dict[str, Origin] = PrivateAttr(default_factory=dict)
    _left_out: dict[str, str] = PrivateAttr(default_factory=dict)

    def __eq__(self, other: object) -> bool:
        # Where a template came from does not make a card another.
        return self.__dict__ == other.__dict__ if isinstance(other, Card) else NotImplemented

    @property
    def option_fields(self) -> tuple[str, ...]:
        """The inputs that hold the options of a choice, in order; the one list-valued input; or none."""
        choice = self.output.choice
        return (choice.field,) if isinstance(choice, OptionList) else choice or ()

    @property
    def seed_spec(self) -> Seed:
        """The seed, resolved.

        Where the card says nothing: the first of two or more inputs that the model writes, else separate material.
        """
        if self.seed is not None:
            return self.seed
        open_fields = [name for name in self._open_fields() if self.inputs[name].part == "input"]
        return Seed(field=open_fields[0]) if len(open_fields) > 1 else Seed()

    @property
    def written_inputs(self) -> tuple[str, ...]:
        """The inputs that the model writes in the instance step: not drawn, computed, the seed, or an option."""
        seed = self.seed_spec.field
        return tuple(name for name in self._open_fields() if name != seed)

    @property
    def varied(self) -> dict[str, tuple[str, ...]]:
        """Name → the values that are drawn from: the inputs that have `values`, then the attributes."""
        drawn = {name: i.values for name, i in self.inputs.items() if i.values} | self.attributes
        return {name: tuple(values) for name, values in drawn.items()}

    def _open_fields(self) -> list[str]:
        options = self.option_fields
        return [n for n, i in self.inputs.items() if not i.values and not i.computed and n not in options]

    @property
    def columns(self) -> tuple[str, ...]:
        """The inputs that are columns of the dataset: all but scratch."""
        return tuple(name for name, one in self.inputs.items() if one.part != "scratch")

    @property
    def shown_inputs(self) -> tuple[str, ...]:
        """The inputs that students and self-correction see."""
        return tuple(name for name, one in self.inputs.items() if one.part == "input")

    @property
    def left_out(self) -> dict[str, str]:
        """Field → what was left out of the texts of its file, in words."""
        return dict(self._left_out)

    def origin(self, field: str) -> Origin:
        """Where the template at a field (`prompts.instance`) came from."""
        return self._origins.get(field, Origin(field=field))
