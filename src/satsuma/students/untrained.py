"""A checkpoint as it comes, shown solved examples: what a student is before it is trained (few-shot)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from satsuma.errors import SettingsError
from satsuma.students.before import Before
from satsuma.students.head_writer import WRITTEN, WriterHead

if TYPE_CHECKING:
    from satsuma.students.labelled import Labelled
    from satsuma.students.settings import TrainSettings
    from satsuma.students.student import TorchPredictor
    from satsuma.task.card import Card


def check_writes(settings: TrainSettings, what: str) -> None:
    """Check that a student can answer a task that it was not trained on. what: it is.

    Raises:
        SettingsError: it has a head, which is new.
        ModelError, ExtraError: the checkpoint or a package is not there.
    """
    from satsuma.students.checkpoints import find_base

    if settings.frozen or find_base(settings.student).kind == "encoder":
        raise SettingsError(
            f"{settings.student} has a head for its task, so it cannot answer another when it is {what}",
            "Compare students that write, encoder-decoders or decoders: --student google/flan-t5-small",
        )


def untrained(card: Card, settings: TrainSettings, shots: Sequence[Labelled]) -> TorchPredictor:
    """What answers a card's task with these examples before each text.

    Raises:
        SettingsError: the checkpoint does not write, or the device is not there.
        ModelError, ExtraError: the checkpoint or a package is not there.
    """
    check_writes(settings, "shown examples alone")
    from satsuma.students.checkpoints import find_base, load_model
    from satsuma.students.devices import device_of, uses_bf16
    from satsuma.students.student import TorchPredictor

    base, device = find_base(settings.student), device_of(settings.device)
    longest = base.longest(settings.longest * (1 + len(shots)) + WRITTEN)
    head = WriterHead(card, base, longest, WRITTEN, Before.of(card, shots, instruction=settings.instruction))
    model = load_model(base, head.body, head.labels).to(device)
    return TorchPredictor(model, head, device, bf16=uses_bf16(device, settings.precision))
