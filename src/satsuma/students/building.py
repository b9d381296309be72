"""From a lesson and a checkpoint to what the loop trains: the model, its head, and the items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from satsuma.students.before import Before
from satsuma.students.checkpoints import Base, load_model, load_quantized, with_adapters
from satsuma.students.head import Head, head_of
from satsuma.students.head_writer import target_tokens
from satsuma.students.items import Item, padding, training_batches
from satsuma.students.mixing import Mixture
from satsuma.students.tokens import cut

if TYPE_CHECKING:
    from torch.nn import Module

    from satsuma.students.settings import TrainSettings
    from satsuma.students.training import Lesson


@dataclass(frozen=True, slots=True)
class Built:
    """What is trained. targets: tokens of the longest target. padding: share of the first epoch's tokens.

    head: of the first task; what several have in common is how a loss comes of what is written. mixture: of several.
    """

    model: Module
    head: Head
    train: tuple[Item, ...]
    dev: tuple[Item, ...]
    targets: int
    padding: float
    notes: tuple[str, ...]
    mixture: Mixture | None = None


def built(lessons: Sequence[Lesson], settings: TrainSettings, base: Base, device: str) -> Built:
    """Load the checkpoint onto the device and make the items. lessons: one, or one for each of several tasks.

    Raises:
        ModelError: it cannot be loaded, or its tokenizer cannot end a text.
        SettingsError: this family cannot learn such outputs.
    """
    longest = base.longest(settings.longest)
    targets = 0 if base.kind == "encoder" else target_tokens(base, [one for each in lessons for one in _targets(each)])
    heads = [
        head_of(each.card, base, longest, targets, Before.of(each.card, instruction=settings.instruction))
        for each in lessons
    ]
    parts = [head.items(each.part(each.split.train), learn=True) for head, each in zip(heads, lessons, strict=True)]
    train = tuple(item for part in parts for item in part)
    dev = [
        item
        for head, each in zip(heads, lessons, strict=True)
        for item in head.items(each.part(each.split.dev), learn=True)
    ]
    mixture = Mixture(tuple(map(len, parts)), settings.temperature, settings.seed) if len(parts) > 1 else None
    model = load_quantized(base, device) if settings.quantize else load_model(base, heads[0].body, heads[0].labels)
    if settings.lora:
        model = with_adapters(model, base, settings)
    first = [train[at] for at in mixture.epoch(0)] if mixture else train
    batches = training_batches([item.length for item in first], settings.batch, settings.seed, 0)
    return Built(
        model if settings.quantize else model.to(device), heads[0], train, tuple(dev), targets,
        round(padding(first, batches), 4), _notes(lessons, base, longest, instruction=settings.instruction), mixture,
    )  # fmt: skip


def _targets(lesson: Lesson) -> list[str]:
    """All that could have to be written: labels that no instance has, too."""
    words = lesson.card.verbalize.labels
    return [
        *(one.target for one in lesson.instances),
        *(words.get(name, name) for name in lesson.card.output.labels or ()),
    ]


def _notes(lessons: Sequence[Lesson], base: Base, longest: int, *, instruction: bool) -> tuple[str, ...]:
    notes = []
    if base.tokenizer.pad_token_id is None:
        notes.append(f"the tokenizer of {base.name} has no padding token; token {base.pad} pads, and is masked")
    for lesson in lessons:
        if base.kind == "encoder" and lesson.card.output.kind in ("choice", "choices", "span"):
            continue  # these have windows, or cut the longer part of a pair
        before = Before.of(lesson.card, instruction=instruction)
        if long := cut(base, [before.opened(one.text) for one in lesson.instances], longest):
            of = f" of {lesson.card.name}" if len(lessons) > 1 else ""
            notes.append(f"{long:,} of {len(lesson.instances):,} texts{of} have more than {longest} tokens and are cut")
    return tuple(notes)
