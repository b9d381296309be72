"""`satsuma train`: from labelled rows to a student on disk.

The same command again does nothing if the student is finished, and goes on from the last checkpoint if it was stopped
(`satsuma.students.record` says when it is the same). What is trained is everything but the dev part, which only decides
when to stop; a frozen student's head is fitted to both in the end.

The directory and the record are this process's, wherever the training itself runs (`satsuma.students.learning`): here,
or with `ray` on a machine of a cluster. Which of the two decides nothing about the student.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from satsuma.errors import DataError, Interrupted, SettingsError
from satsuma.remote.staging import as_told
from satsuma.run.frozen import refuse_frozen
from satsuma.students.beginning import begun, is_finished, record_of
from satsuma.students.carding import Described, card_of
from satsuma.students.frozen import FrozenStudent, check_frozen
from satsuma.students.labelled import Labelled, read_training
from satsuma.students.record import Record, StudentDirectory
from satsuma.students.settings import TrainSettings
from satsuma.students.splitting import Split, split_by_group
from satsuma.students.student import Student

if TYPE_CHECKING:
    from satsuma.embedding.embedder import Embedder
    from satsuma.students.checkpoints import Base
    from satsuma.students.learning import Learning
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
    lessons: Sequence[Lesson], settings: TrainSettings, out: str | Path, note: Note, *, overwrite: bool, ray: str = ""
) -> Student:
    """Train a student in the directory `out`, or go on with it. lessons: one, or one for each of several tasks.

    ray: the address of a cluster that trains (`satsuma.cluster.training`); empty: this process does.

    Raises:
        ClusterError: there is no cluster, it has no room for this, or its workers die.
        RunError: the directory holds another student, or something else.
        ModelError, ExtraError, SettingsError: the checkpoint, a package or the device is not there, or a student of
            this kind cannot learn that.
        Interrupted: by Ctrl-C; the same call goes on.
    """
    directory = StudentDirectory(out)
    try:
        if settings.frozen:
            _check_frozen(lessons, settings)
            settings = settings.resolved("frozen")
            wanted = record_of(lessons, settings, "frozen")
            if not is_finished(directory, wanted):
                with _joined(ray):
                    _fit(lessons[0], settings, directory, begun(directory, wanted, overwrite=overwrite), note, ray)
        else:
            from satsuma.students.checkpoints import find_base

            base = find_base(settings.student)
            _check_writes(base, len(lessons), settings)
            settings = settings.resolved(base.kind)
            wanted = record_of(lessons, settings, base.kind)
            if not is_finished(directory, wanted):
                with _learning(ray, settings) as learning:
                    record = begun(directory, wanted, overwrite=overwrite)
                    _train(lessons, settings, directory, record, base, learning, note)
    except KeyboardInterrupt:
        raise Interrupted(f"{out}: stopped", "Run the same command again to go on.") from None
    return Student(out, "auto" if ray else settings.device)


def _joined(ray: str) -> AbstractContextManager[None]:
    """Be part of a cluster before anything is written, if there is to be one."""
    if not ray:
        return nullcontext()
    from satsuma.cluster.joining import joined

    return joined(ray)


def _learning(ray: str, settings: TrainSettings) -> AbstractContextManager[Learning]:
    """What trains: this process, or a machine of a cluster."""
    if not ray:
        from satsuma.students.learning import learned_here

        return nullcontext(learned_here)
    from satsuma.cluster.training import training_on

    return training_on(ray, settings)


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


def _fit(
    lesson: Lesson, settings: TrainSettings, directory: StudentDirectory, record: Record, note: Note, ray: str
) -> None:
    from satsuma.extras import require

    require("train", "numpy", "sklearn", "tokenizers", needed_by="a frozen student")
    student = FrozenStudent(lesson.card, _embedder(settings.student, ray))
    for told in lesson.notes:
        note(told)
    loss = student.fit(lesson.instances, lesson.split)
    student.save(directory.model)
    note("fitted" + ("" if loss is None else f": dev loss {loss:.4f}"))
    directory.save_trained_on(lesson.instances, frozenset(lesson.split.dev))
    record.state = "finished"
    directory.save(record)


def _embedder(name: str, ray: str) -> Embedder:
    if ray:
        from satsuma.cluster.embedding import ClusterEmbedder

        return ClusterEmbedder(ray, name)
    from satsuma.embedding.opening import open_embedder

    return open_embedder(name)


def _train(
    lessons: Sequence[Lesson], settings: TrainSettings, directory: StudentDirectory, record: Record, base: Base,
    learning: Learning, note: Note,
) -> None:  # fmt: skip
    for told in record.notes:
        note(told)
    _save_trained_on(lessons, directory)
    part = directory.path / ".model.part"
    shutil.rmtree(part, ignore_errors=True)
    trained = learning(lessons, settings, base, directory.checkpoint, part, note)
    shutil.rmtree(directory.model, ignore_errors=True)
    part.rename(directory.model)
    trained.enter(record)
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
