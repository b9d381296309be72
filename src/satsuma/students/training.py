"""`satsuma train`: from labelled rows to a student on disk.

The same command again does nothing if the student is finished, and goes on from the last checkpoint if it was stopped
(`satsuma.students.record` says when it is the same). What is trained is everything but the dev part, which only decides
when to stop; a frozen student's head is fitted to both in the end.
"""

from __future__ import annotations

import platform
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from satsuma.errors import DataError, Interrupted, RunError
from satsuma.students.carding import Described, card_of
from satsuma.students.frozen import FrozenStudent, check_frozen
from satsuma.students.labelled import Labelled, read_labelled
from satsuma.students.record import Record, StudentDirectory, TrainedOn, data_hash, plain
from satsuma.students.settings import Kind, TrainSettings
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
    """
    if not data:
        raise DataError("there is nothing to train on", "Name a run, a file or a folder.")
    card = card_of(data[0], described)
    sets = [read_labelled(where, card, split) for where in data]
    everything = [one for found in sets for one in found.instances]
    kept = tuple(one for one in everything if _is_learnable(card, one))
    notes = [note for found in sets for note in found.notes]
    if len(kept) < len(everything):
        notes.append(f"{len(everything) - len(kept):,} rows have no {card.output.name} and are left out")
    return made_lesson(tuple(str(where) for where in data), card, kept, settings, notes)


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


def train_student(lesson: Lesson, settings: TrainSettings, out: str | Path, note: Note, *, overwrite: bool) -> Student:
    """Train a student in the directory `out`, or go on with it.

    Raises:
        RunError: the directory holds another student, or something else.
        ModelError, ExtraError, SettingsError: the checkpoint, a package or the device is not there.
        Interrupted: by Ctrl-C; the same call goes on.
    """
    directory = StudentDirectory(out)
    if settings.frozen:
        check_frozen(lesson.card)
        settings = settings.resolved("frozen")
        record = _begun(directory, _record(lesson, settings, "frozen"), overwrite=overwrite)
        if record.state != "finished":
            _fit(lesson, settings, directory, record, note)
    else:
        from satsuma.students.checkpoints import find_base

        base = find_base(settings.student)
        settings = settings.resolved(base.kind)
        record = _begun(directory, _record(lesson, settings, base.kind), overwrite=overwrite)
        if record.state != "finished":
            try:
                _train(lesson, settings, directory, record, base, note)
            except KeyboardInterrupt:
                raise Interrupted(f"{out}: stopped", "Run the same command again to go on.") from None
    return Student(out, settings.device)


def _record(lesson: Lesson, settings: TrainSettings, kind: Kind) -> Record:
    labels = Counter(str(one.output) for one in lesson.instances) if lesson.card.output.kind == "labels" else {}
    return Record(
        card=plain(lesson.card.model_dump(mode="json", exclude_defaults=True)),
        kind=kind,
        checkpoint=settings.student,
        settings=plain(settings.decisive()),
        data=TrainedOn(
            names=list(lesson.names), hash=data_hash(lesson.instances), instances=len(lesson.instances),
            train=len(lesson.split.train), dev=len(lesson.split.dev), groups=lesson.split.groups,
            labels=dict(sorted(labels.items())),
        ),
        versions=_versions(frozen=kind == "frozen"),
        notes=list(lesson.notes),
    )  # fmt: skip


def _begun(directory: StudentDirectory, wanted: Record, *, overwrite: bool) -> Record:
    """The record to go on with: what is there if it is the same student, else a new one."""
    there = directory.load()
    if there is not None and there.same_as(wanted):
        return there
    if directory.path.exists() and any(directory.path.iterdir()):
        if there is None:
            raise RunError(f"{directory.path} is not empty and holds no student", "Name another directory: -o DIR")
        if not overwrite:
            raise RunError(
                f"{directory.path} holds another student: {_difference(there, wanted)}",
                "Name another directory, or train anew in this one: --overwrite",
            )
        for name in (directory.model, directory.checkpoint, directory.evaluations):
            shutil.rmtree(name, ignore_errors=True)
    directory.save(wanted)
    return wanted


def _difference(there: Record, wanted: Record) -> str:
    changed = [name for name in sorted(wanted.settings) if there.settings.get(name) != wanted.settings[name]]
    if changed:
        return ", ".join(f"{name} was {there.settings.get(name)} and is {wanted.settings[name]}" for name in changed)
    return "its card is another" if there.card != wanted.card else "its data are others"


def _versions(*, frozen: bool) -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    from satsuma import __version__

    found = {"satsuma": __version__, "python": platform.python_version()}
    for name in ("numpy", "scikit-learn") if frozen else ("torch", "transformers", "peft"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return found


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
    lesson: Lesson, settings: TrainSettings, directory: StudentDirectory, record: Record, base: Base, note: Note
) -> None:
    import torch

    from satsuma.students.resuming import Keeper

    for told in lesson.notes:
        note(told)
    directory.save_trained_on(lesson.instances, frozenset(lesson.split.dev))
    keeper = Keeper(directory.checkpoint)
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(settings.seed)
        state, model = _looped(lesson, settings, record, base, keeper, note)
    keeper.restore_best(model)
    _save_model(model, base, directory)
    record.history, record.best_epoch, record.micro_batch = state.history, state.best_epoch, state.micro
    record.state = "finished"
    directory.save(record)
    shutil.rmtree(directory.checkpoint, ignore_errors=True)


def _looped(
    lesson: Lesson, settings: TrainSettings, record: Record, base: Base, keeper: Keeper, note: Note
) -> tuple[State, Module]:
    from satsuma.students.building import built
    from satsuma.students.devices import device_of, uses_bf16
    from satsuma.students.loop import Loop, State, Work

    device = device_of(settings.device)
    made = built(lesson, settings, base, device)
    record.targets, record.device, record.padding = made.targets, device, made.padding
    for told in made.notes:
        note(told)
        record.notes.append(told)
    work = Work(made.model, made.head, made.train, made.dev, settings, device, uses_bf16(device, settings.precision))
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
