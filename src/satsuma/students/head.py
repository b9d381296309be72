"""What is put on a checkpoint for a kind of output; one file per head.

A head turns instances into items, says what a model's loss on them is, and reads predictions. It knows neither how
batches are made nor how weights are changed. Which head a card and a family need is said here (`head_of`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from satsuma.errors import SettingsError
from satsuma.students.before import NOTHING, Before

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

    from satsuma.students.checkpoints import Base, Body
    from satsuma.students.items import Item
    from satsuma.students.labelled import Labelled
    from satsuma.task.card import Card
    from satsuma.task.instance import OutputValue


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a student says of an instance.

    output: as the dataset stores it; None if it wrote something that is none. said: in words, as people see it.
    probabilities: of each label or option where there is a closed set; they add up to 1, but not for several at once.
    """

    id: str
    output: OutputValue | None
    said: str
    probabilities: Mapping[str, float] = field(default_factory=dict)


class Head(Protocol):
    """A kind of output on a kind of checkpoint."""

    @property
    def body(self) -> Body:
        """What is put on the checkpoint."""
        ...

    @property
    def labels(self) -> int:
        """Outputs of a linear head."""
        ...

    def items(self, instances: Sequence[Labelled], *, learn: bool) -> list[Item]:
        """What goes through the model. learn: with targets, and without the instances that have none."""
        ...

    def loss(self, model: Module, items: Sequence[Item], device: str) -> Tensor:
        """The sum of the losses, each item's counted by its weight; a scalar."""
        ...

    def results(self, model: Module, items: Sequence[Item], device: str) -> list[object]:
        """What the model says of each item."""
        ...

    def prediction(self, instance: Labelled, results: Sequence[object]) -> Prediction:
        """What the results of an instance's items mean."""
        ...


def head_of(card: Card, base: Base, longest: int, targets: int = 0, before: Before = NOTHING) -> Head:
    """The head for a card's output on a checkpoint. longest: tokens of an input. targets: tokens of an output at most.

    before: what a student that writes is shown before each text.

    Raises:
        SettingsError: this family cannot learn such outputs.
    """
    kind = card.output.kind
    if kind == "spans":
        raise SettingsError(
            f"the card {card.name} labels parts of a text, which no student here learns",
            "Students learn labels, several labels, choices, one span, and free text.",
        )
    if base.kind != "encoder":
        from satsuma.students.head_writer import WriterHead

        return WriterHead(card, base, longest, targets, before)
    if kind == "text":
        raise SettingsError(
            f"the card {card.name} asks for free text, which the encoder {base.name} cannot write",
            "Name an encoder-decoder or a decoder: --student google/flan-t5-small",
        )
    if kind in ("choice", "choices"):
        from satsuma.students.head_options import OptionsHead

        return OptionsHead(card, base, longest)
    if kind == "span":
        from satsuma.students.head_span import SpanHead

        return SpanHead(card, base, longest)
    from satsuma.students.head_labels import LabelsHead

    return LabelsHead(card, base, longest)
