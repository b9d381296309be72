"""What the model answers when it drafts a card, and the form in which the prompt shows that.

The parts of the answer are a card's, but flat: lists of named things instead of mappings, since an answer's schema has
no free keys. What does not apply is left empty. `hardest` comes first, so that labels are thought about before they are
defined; it is not kept.
"""

from __future__ import annotations

from typing import get_args, get_origin

from pydantic import BaseModel, Field

from satsuma.drafting.fields import OutputKind

EVERY = "…"


class Value(BaseModel):
    """A value that is drawn from."""

    name: str = Field(description="the value, one to four words")
    meaning: str = Field(description="what it means for whoever writes the instance")


class DraftedInput(BaseModel):
    """An input field."""

    name: str = Field(description="lower-case letters, digits and _")
    description: str = Field(description="what it holds, in which form, from whom, and how long it is")
    values: list[Value] = Field(description="only if it is always one of a few fixed values; else []")


class DraftedLabel(BaseModel):
    """A label."""

    name: str = Field(description="the label, short")
    meaning: str = Field(description="when it holds, so that no other label holds too")
    word: str = Field(description="what a student answers for it; the label itself if that reads well")


class DraftedOutput(BaseModel):
    """The output field; what its kind does not need is empty."""

    name: str = Field(description="lower-case letters, digits and _")
    kind: OutputKind = Field(description="see below")
    labels: list[DraftedLabel] = Field(description="of labels, scale, multiple, spans; else []")
    options: list[str] = Field(description="of choice: the inputs that are the options, or the one that lists them")
    least: int = Field(description="of multiple, or of a choice that lists its options: how many at least; else 1")
    most: int = Field(description="how many at most; else 1")
    within: str = Field(description="of span, spans: the input that it is a part of; else empty")
    none: bool = Field(description="of span: whether there can be none")
    text: str = Field(description="of span, text: what it is, in which form, how long; else empty")


class DraftedAttribute(BaseModel):
    """Something in which instances differ."""

    name: str = Field(description="what differs")
    values: list[Value] = Field(description="three to five")


class DraftedCard(BaseModel):
    """A task card."""

    hardest: list[str] = Field(description="a case that is hard to decide, and how it is decided")
    task: str = Field(description="what is given and what is to be found, one to three sentences")
    language: str = Field(description="the English name of the language of the instances")
    inputs: list[DraftedInput] = Field(description="the input fields")
    output: DraftedOutput = Field(description="the output field")
    contexts: str = Field(description="what a setting of instances is, a noun phrase")
    seed_field: str = Field(description="the input that the seed is; empty if the seed is separate material")
    seed: str = Field(description="what a seed is, a noun phrase")
    attributes: list[DraftedAttribute] = Field(description="two to four")
    question: str = Field(description="what a student is asked about the inputs, one sentence")


def sketch(model: type[BaseModel], indent: str = "") -> str:
    """The form of an answer as a person would sketch it: JSON with what each value is in angle brackets."""
    inner = indent + "  "
    lines = (f'{inner}"{name}": {_part(each.annotation, each.description or "", inner)}'
             for name, each in model.model_fields.items())  # fmt: skip
    return "{\n" + ",\n".join(lines) + f"\n{indent}}}"


def _part(kind: object, said: str, indent: str) -> str:
    if get_origin(kind) is list:
        return f"[{_part(get_args(kind)[0], said, indent)}, {EVERY}]"
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return sketch(kind, indent)
    if kind is bool:
        return f"<true or false: {said}>"
    if kind is int:
        return f"<number: {said}>"
    options = [str(option) for option in get_args(kind)]
    return f'"<{" or ".join(options) or said}>"'
