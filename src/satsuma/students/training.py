"""`satsuma train`: from labelled rows to a student on disk.

The same command again does nothing if the student is finished, and goes on from the last checkpoint if it was stopped
(`satsuma.students.record` says when it is the same). What is trained is everything but the dev part, which only decides
when to stop; a frozen student's head is fitted to both in the end.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from satsuma.errors import DataError, Interrupted, SettingsError
from satsuma.remote.staging import as_told
from satsuma.run.frozen import refuse_frozen
from satsuma.students.beginning import begun, record_of
from satsuma.students.carding import Described, card_of
from satsuma.students.frozen import FrozenStudent, check_frozen
from satsuma.students.labelled import Labelled, read_training
from satsuma.students.record import Record, StudentDirectory
from satsuma.students.settings import TrainSettings
from satsuma.students.splitting import Split, split_by_group
from satsuma.students.student import Student

if TYPE_CHECKING:
    from torch.nn import Module

    from satsuma.students.checkpoints import Base
    from satsuma.students.loop import State
    from satsuma.students.resuming import Keeper
    from satsuma.task.card import Card

Note = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Lesson:
    """What is learned: the card, the instances that have an output, and how they are split."""

    names: tuple[str, ...]
    card: Card
    instances: tuple[Labelled, ...]
    split: Split
    notes: tuple[str, ...]

    def part(self, places: Sequence[int]) -> list[Labelled]:
        """The instances at these places."""
        return [self.instances[at] for at in places]


def lesson_of(data: Sequence[str | Path], described: Described, settings: TrainSettings, split: str | None) -> Lesson:
    """Read what is learned. data: one dataset or several, one after the other, all read with the card of the first.

    Raises:
        DataError: there is none, or fewer than two instances have an output.
        CardError: the card cannot be used.
        SettingsError: it is a frozen benchmark.
    """
    if not data:
        raise DataError("there is nothing to train on", "Name a run, a file or a folder.")
    refuse_frozen(data, "trained on")
    card = card_of(data[0], described)
    sets = [read_training(where, card, split) for where in data]
    everything = [one for found in sets for one in found.instances]
    kept = tuple(one for one in everything if _is_learnable(card, one))
    notes = [note for found in sets for note in found.notes]
    if len(kept) < len(everything):
        notes.append(f"{len(everything) - len(kept):,} rows have no {card.output.name} and are left out")
    return made_lesson(tuple(as_told(where) for where in data), card, kept, settings, notes)


def made_lesson(
    names: tuple[str, ...], card: Card, instances: tuple[Labelled, ...], settings: TrainSettings, notes: Sequence[str]
) -> Lesson:
    """The same from instances that have been read.

    Raises:
        DataError: they are fewer than two.
    """
    if len(instances) < 2:
        held = f"{len(instances)} instance{'' if len(instances) == 1 else 's'}"
        raise DataError(f"{', '.join(names)} has {held} with a {card.output.name}, and a student needs two or more")
    split = split_by_group(instances, settings.dev, settings.seed)
    told = [*notes, *([split.note] if split.note else [])]
    there = {str(one.output) for one in instances}
    missing = [name for name in card.output.labels or () if name not in there] if card.output.kind == "labels" else []
    if missing:
        told.append(f"no instance has the label {', '.join(missing)}: it will hardly be predicted")
    return Lesson(names, card, instances, split, tuple(told))


def _is_learnable(card: Card, one: Labelled) -> bool:
    if one.output is None:
        return False
    return card.output.kind != "labels" or one.output in (card.output.labels or ())


def train_student(
    lessons: Sequence[Lesson], settings: TrainSettings, out: str | Path, note: Note, *, overwrite: bool
) -> Student:
    """Train a student in the directory `out`, or go on with it. lessons: one, or one for each of several tasks.

    Raises:
        RunError: the directory holds another student, or something else.
        ModelError, ExtraError, SettingsError: the checkpoint, a package or the device is not there, or a student of
            this kind cannot learn that.
        Interrupted: by Ctrl-C; the same call goes on.
    """
    directory = StudentDirectory(out)
    if settings.frozen:
        _check_frozen(lessons, settings)
        settings = settings.resolved("frozen")
        record = begun(directory, record_of(lessons, settings, "frozen"), overwrite=overwrite)
        if record.state != "finished":
            _fit(lessons[0], settings, directory, record, note)
    else:
        from satsuma.students.checkpoints import find_base

        base = find_base(settings.student)
        _check_writes(base, len(lessons), settings)
        settings = settings.resolved(base.kind)
        record = begun(directory, record_of(lessons, settings, base.kind), overwrite=overwrite)
        if record.state != "finished":
            try:
                _train(lessons, settings, directory, record, base, note)
            except KeyboardInterrupt:
                raise Interrupted(f"{out}: stopped", "Run the same command again to go on.") from None
    return Student(out, settings.device)


_WRITER = "Name an encoder-decoder or a decoder: --student google/flan-t5-small"


def _check_frozen(lessons: Sequence[Lesson], settings: TrainSettings) -> None:
    check_frozen(lessons[0].card)
    if len(lessons) > 1:
        raise SettingsError("a frozen student has one head, and learns one task", _WRITER)
    if settings.instruction:
        raise SettingsError("a frozen student does not read instructions", _WRITER)


def _check_writes(base: Base, tasks: int, settings: TrainSettings) -> None:
    """Several tasks and instructions are for students that write: they have one head for all tasks."""
    if base.kind != "encoder":
        return
    if tasks > 1:
        raise SettingsError(f"the encoder {base.name} has a head for one task, so it cannot learn {tasks}", _WRITER)
    if settings.instruction:
        raise SettingsError(f"the encoder {base.name} has a head for its task and reads no instruction", _WRITER)


def _fit(lesson: Lesson, settings: TrainSettings, directory: StudentDirectory, record: Record, note: Note) -> None:
    from satsuma.embedding.opening import open_embedder
    from satsuma.extras import require

    require("train", "numpy", "sklearn", "tokenizers", needed_by="a frozen student")
    student = FrozenStudent(lesson.card, open_embedder(settings.student))
    for told in lesson.notes:
        note(told)
    loss = student.fit(lesson.instances, lesson.split)
    student.save(directory.model)
    note("fitted" + ("" if loss is None else f": dev loss {loss:.4f}"))
    directory.save_trained_on(lesson.instances, frozenset(lesson.split.dev))
    record.state = "finished"
    directory.save(record)


def _train(
    lessons: Sequence[Lesson], settings: TrainSettings, directory: StudentDirectory, record: Record, base: Base,
    note: Note,
) -> None:  # fmt: skip
    import torch

    from satsuma.students.resuming import Keeper

    for told in record.notes:
        note(told)
    _save_trained_on(lessons, directory)
    keeper = Keeper(directory.checkpoint)
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(settings.seed)
        state, model = _looped(lessons, settings, record, base, keeper, note)
    keeper.restore_best(model)
    _save_model(merged(model) if settings.merge else model, base, directory)
    record.history, record.best_epoch, record.micro_batch = state.history, state.best_epoch, state.micro
    record.state = "finished"
    directory.save(record)
    shutil.rmtree(directory.checkpoint, ignore_errors=True)


def _save_trained_on(lessons: Sequence[Lesson], directory: StudentDirectory) -> None:
    instances: list[Labelled] = []
    dev: list[int] = []
    for lesson in lessons:
        dev += [len(instances) + at for at in lesson.split.dev]
        instances += lesson.instances
    directory.save_trained_on(instances, frozenset(dev))


def merged(model: Module) -> Module:
    """The model with its adapters in its weights; as it is where it has none."""
    from peft import PeftModel

    return model.merge_and_unload() if isinstance(model, PeftModel) else model


def _looped(
    lessons: Sequence[Lesson], settings: TrainSettings, record: Record, base: Base, keeper: Keeper, note: Note
) -> tuple[State, Module]:
    from satsuma.students.building import built
    from satsuma.students.devices import device_of, uses_bf16
    from satsuma.students.loop import Loop, State, Work

    device = device_of(settings.device)
    made = built(lessons, settings, base, device)
    record.targets, record.device, record.padding = made.targets, device, made.padding
    for told in made.notes:
        note(told)
        record.notes.append(told)
    work = Work(
        made.model, made.head, made.train, made.dev, settings, device, uses_bf16(device, settings.precision),
        made.mixture,
    )  # fmt: skip
    loop = Loop(work, State(micro=min(settings.micro_batch or settings.batch, settings.batch)), keeper, note)
    if keeper.restore(loop):
        note(f"goes on after epoch {loop.state.epoch}, step {loop.state.step}")
    return loop.run(), made.model


def _save_model(model: Module, base: Base, directory: StudentDirectory) -> None:
    """The model's folder, put in place whole."""
    from satsuma.students.checkpoints import quietly

    part = directory.path / ".model.part"
    shutil.rmtree(part, ignore_errors=True)
    with quietly():
        model.save_pretrained(part)
        base.tokenizer.save_pretrained(part)
    shutil.rmtree(directory.model, ignore_errors=True)
    part.rename(directory.model)
