"""One training, from lessons to the files of a model: the same on this machine and on one of a cluster.

What it goes on from is the keeper's; what it leaves are the model's files, and what a record learns of it. It knows
nothing of a student's directory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from satsuma.students.beginning import versions
from satsuma.students.record import Epoch, Record

if TYPE_CHECKING:
    from torch.nn import Module

    from satsuma.students.checkpoints import Base
    from satsuma.students.resuming import Keeper
    from satsuma.students.settings import TrainSettings
    from satsuma.students.training import Lesson


@dataclass(frozen=True, slots=True)
class Trained:
    """What a record learns of a training; see `satsuma.students.record.Record`."""

    versions: dict[str, str]
    device: str
    targets: int
    padding: float
    notes: tuple[str, ...]
    micro_batch: int
    history: tuple[Epoch, ...]
    best_epoch: int

    def enter(self, record: Record) -> None:
        """Write it into a record."""
        record.versions = self.versions
        record.device, record.targets, record.padding = self.device, self.targets, self.padding
        record.micro_batch, record.best_epoch = self.micro_batch, self.best_epoch
        record.history = list(self.history)
        record.notes += self.notes


Learning: TypeAlias = "Callable[[Sequence[Lesson], TrainSettings, Base, Path, Path, Callable[[str], None]], Trained]"
"""What trains: lessons, settings, checkpoint, folder of the state, folder of the model, notes."""


def learned_here(
    lessons: Sequence[Lesson], settings: TrainSettings, base: Base, checkpoint: Path, model: Path,
    note: Callable[[str], None],
) -> Trained:  # fmt: skip
    """Train in this process.

    Raises:
        ModelError, ExtraError, SettingsError: as from `learn`.
    """
    from satsuma.students.resuming import Keeper

    return learn(lessons, settings, base, Keeper(checkpoint), model, note)


def learn(
    lessons: Sequence[Lesson], settings: TrainSettings, base: Base, keeper: Keeper, model: Path,
    note: Callable[[str], None],
) -> Trained:  # fmt: skip
    """Train, or go on from what the keeper has, and leave the model's files in the folder `model`.

    settings: resolved. lessons: one, or one for each of several tasks.

    Raises:
        ModelError, ExtraError, SettingsError: the checkpoint, a package or the device is not there, or a student of
            this kind cannot learn that.
        RunError: what was saved cannot be read, or nothing can be written.
    """
    import torch

    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(settings.seed)
        trained, made = _looped(lessons, settings, base, keeper, note)
    keeper.restore_best(made)
    _save(_merged(made) if settings.merge else made, base, model)
    return trained


def _looped(
    lessons: Sequence[Lesson], settings: TrainSettings, base: Base, keeper: Keeper, note: Callable[[str], None]
) -> tuple[Trained, Module]:
    from satsuma.students.building import built
    from satsuma.students.devices import device_of, uses_bf16
    from satsuma.students.loop import Loop, State, Work

    device = device_of(settings.device)
    made = built(lessons, settings, base, device)
    for told in made.notes:
        note(told)
    work = Work(
        made.model, made.head, made.train, made.dev, settings, device, uses_bf16(device, settings.precision),
        made.mixture,
    )  # fmt: skip
    loop = Loop(work, State(micro=min(settings.micro_batch or settings.batch, settings.batch)), keeper, note)
    if keeper.restore(loop):
        note(f"goes on after epoch {loop.state.epoch}, step {loop.state.step}")
    state = loop.run()
    trained = Trained(
        versions(frozen=False), device, made.targets, made.padding, made.notes, state.micro, tuple(state.history),
        state.best_epoch,
    )  # fmt: skip
    return trained, made.model


def _merged(model: Module) -> Module:
    """The model with its adapters in its weights; as it is where it has none."""
    from peft import PeftModel

    return model.merge_and_unload() if isinstance(model, PeftModel) else model


def _save(model: Module, base: Base, folder: Path) -> None:
    from satsuma.students.checkpoints import quietly

    with quietly():
        model.save_pretrained(folder)
        base.tokenizer.save_pretrained(folder)
