"""From a lesson and a checkpoint to what the loop trains: the model, its head, and the items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from satsuma.students.checkpoints import Base, load_model, load_quantized, with_adapters
from satsuma.students.head import Head, head_of
from satsuma.students.head_writer import target_tokens
from satsuma.students.items import Item, padding, training_batches
from satsuma.students.tokens import cut

if TYPE_CHECKING:
    from torch.nn import Module

    from satsuma.students.settings import TrainSettings
    from satsuma.students.training import Lesson


@dataclass(frozen=True, slots=True)
class Built:
    """What is trained. targets: tokens of the longest target. padding: share of the first epoch's tokens."""

    model: Module
    head: Head
    train: tuple[Item, ...]
    dev: tuple[Item, ...]
    targets: int
    padding: float
    notes: tuple[str, ...]


def built(lesson: Lesson, settings: TrainSettings, base: Base, device: str) -> Built:
    """Load the checkpoint onto the device and make the items.

    Raises:
        ModelError: it cannot be loaded, or its tokenizer cannot end a text.
        SettingsError: this family cannot learn such outputs.
    """
    longest = base.longest(settings.longest)
    targets = 0 if base.kind == "encoder" else target_tokens(base, _targets(lesson))
    head = head_of(lesson.card, base, longest, targets)
    train = head.items(lesson.part(lesson.split.train), learn=True)
    dev = head.items(lesson.part(lesson.split.dev), learn=True)
    model = load_quantized(base, device) if settings.quantize else load_model(base, head.body, head.labels)
    if settings.lora:
        model = with_adapters(model, base, settings)
    batches = training_batches([item.length for item in train], settings.batch, settings.seed, 0)
    return Built(
        model if settings.quantize else model.to(device), head, tuple(train), tuple(dev), targets,
        round(padding(train, batches), 4), _notes(lesson, base, longest),
    )  # fmt: skip


def _targets(lesson: Lesson) -> list[str]:
    """All that could have to be written: labels that no instance has, too."""
    words = lesson.card.verbalize.labels
    return [
        *(one.target for one in lesson.instances),
        *(words.get(name, name) for name in lesson.card.output.labels or ()),
    ]


def _notes(lesson: Lesson, base: Base, longest: int) -> tuple[str, ...]:
    notes = []
    if base.tokenizer.pad_token_id is None:
        notes.append(f"the tokenizer of {base.name} has no padding token; token {base.pad} pads, and is masked")
    if lesson.card.output.kind not in ("choice", "choices", "span") and (long := cut(base, lesson.instances, longest)):
        notes.append(f"{long:,} of {len(lesson.instances):,} texts have more than {longest} tokens and are cut")
    return tuple(notes)
