"""The task card: what a task is, its inputs, its output, and whatever of the method the user wants otherwise.

The smallest card is a sentence, the inputs and the labels; every other field has a default. A card is data: it is
read by `satsuma.task.yaml`, its shape is held here, what its parts have to do with each other in
`satsuma.task.consistency`, and its templates are rendered by `satsuma.task.templates`, sandboxed.
`satsuma.task.loader.load_card` is the door: it does all of that.

Not covered here: the words of error messages (`satsuma.task.wording`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PrivateAttr,
    Tag,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from satsuma.settings import STEPS

RESERVED: Final = frozenset({"id", "text", "target", "provenance"})
"""Columns that every dataset has, so that no field can take their name."""
MAX_OPTIONS: Final = 26

Text = Annotated[str, WithJsonSchema({"type": ["string", "number", "boolean"]})]
"""Text that may look like a number or a truth value in YAML: it stays what the user wrote."""
Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,62}$")]
"""A column name: letters, digits and underscores."""


def at_fault(what: str, *at: str | int) -> PydanticCustomError:
    """An error in a part of the value that is being validated; the loader adds `at` to the place."""
    return PydanticCustomError("card", "{what}", {"what": what, "at": at})


def _described(value: object) -> object:
    """A bare sentence stands for `{description: sentence}`; nothing at all for `{}`."""
    if value is None:
        return {}
    return {"description": value} if isinstance(value, str) else value


def _named(value: object) -> object:
    """A list of names stands for a mapping of names without descriptions."""
    if not isinstance(value, list | tuple):
        return value
    seen: set[str] = set()
    for at, item in enumerate(value):
        if not isinstance(item, str):
            what = "is empty; the word null needs quotes" if item is None else "has to be text"
            raise at_fault(what, at)
        if item in seen:
            raise at_fault(f'"{item}" stands in the list twice', at)
        seen.add(item)
    return dict.fromkeys(value)


def _said(value: object) -> object:
    """Nothing at all stands for no description."""
    return "" if value is None else value


Values = Annotated[
    dict[str, Annotated[str, BeforeValidator(_said, json_schema_input_type=Text | None)]],
    BeforeValidator(_named, json_schema_input_type=list[Text] | dict[str, Text | None]),
]
"""Values that are drawn from: value → what it means, or a list of values."""


class Strict(BaseModel):
    """No unknown keys, nothing changed after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PromptFile(Strict):
    """A prompt in a file of its own, in or below the card's directory; loading a card puts its text in its place."""

    file: str = Field(description="Path of the template, relative to the card.")


def _form(value: object) -> str:
    return "(file)" if isinstance(value, Mapping | PromptFile) else "(text)"


Prompt = Annotated[
    Annotated[str, Tag("(text)")] | Annotated[PromptFile, Tag("(file)")],
    Discriminator(_form),
]
"""A Jinja template: its text, or `{file: path}`."""


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
                Annotated[Label, BeforeValidator(_described, json_schema_input_type=Text | Label | None)],
            ],
            BeforeValidator(_named, json_schema_input_type=list[Text] | dict[str, Text | Label | None]),
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


def _contexts(value: object) -> object:
    return {"given": value} if isinstance(value, list) else _described(value)


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
        dict[Name, Annotated[Input, BeforeValidator(_described, json_schema_input_type=str | Input | None)]],
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
            if step not in STEPS:
                raise at_fault(f"there is no step {step}; the steps are {', '.join(STEPS)}", step)
        return models

    _origins: dict[str, Origin] = PrivateAttr(default_factory=dict)

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
        open_fields = self._open_fields()
        return Seed(field=open_fields[0]) if len(open_fields) > 1 else Seed()

    @property
    def written_inputs(self) -> tuple[str, ...]:
        """The inputs that the model writes in the instance step, in order: not drawn, not the seed, not an option."""
        seed = self.seed_spec.field
        return tuple(name for name in self._open_fields() if name != seed)

    @property
    def varied(self) -> dict[str, tuple[str, ...]]:
        """Name → the values that are drawn from: the inputs that have `values`, then the attributes."""
        drawn = {name: i.values for name, i in self.inputs.items() if i.values} | self.attributes
        return {name: tuple(values) for name, values in drawn.items()}

    def _open_fields(self) -> list[str]:
        return [n for n, i in self.inputs.items() if not i.values and n not in self.option_fields]

    def origin(self, field: str) -> Origin:
        """Where the template at a field (`prompts.instance`) came from."""
        return self._origins.get(field, Origin(field=field))
