"""What a training begins with: the record of what is wanted, and whether that is what already lies there."""

from __future__ import annotations

import hashlib
import platform
import shutil
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from satsuma.errors import RunError
from satsuma.students.mixing import shares
from satsuma.students.record import HASH_PREFIX, Learned, Record, StudentDirectory, TrainedOn, data_hash, plain
from satsuma.students.settings import LATER, TrainSettings

if TYPE_CHECKING:
    from satsuma.students.settings import Kind
    from satsuma.students.training import Lesson


def record_of(lessons: Sequence[Lesson], settings: TrainSettings, kind: Kind) -> Record:
    """The record of a student that is not trained yet. lessons: one, or one for each of several tasks."""
    several = len(lessons) > 1
    learned = [_learned(lesson, share) for lesson, share in zip(lessons, _shares(lessons, settings), strict=True)]
    return Record(
        card=learned[0].card,
        kind=kind,
        checkpoint=settings.student,
        settings=plain(settings.decisive()),
        data=_together(learned) if several else learned[0].data,
        tasks=learned if several else [],
        versions=versions(frozen=kind == "frozen"),
        notes=[note for lesson in lessons for note in lesson.notes],
    )


def _shares(lessons: Sequence[Lesson], settings: TrainSettings) -> list[float]:
    made = shares([len(lesson.split.train) for lesson in lessons], settings.temperature)
    return [round(share, 6) for share in made]


def _learned(lesson: Lesson, share: float) -> Learned:
    labels = Counter(str(one.output) for one in lesson.instances) if lesson.card.output.kind == "labels" else {}
    data = TrainedOn(
        names=list(lesson.names), hash=data_hash(lesson.instances), instances=len(lesson.instances),
        train=len(lesson.split.train), dev=len(lesson.split.dev), groups=lesson.split.groups,
        labels=dict(sorted(labels.items())),
    )  # fmt: skip
    return Learned(card=plain(lesson.card.model_dump(mode="json", exclude_defaults=True)), data=data, share=share)


def _together(learned: Sequence[Learned]) -> TrainedOn:
    """The data of several tasks as one, its hash over theirs in order."""
    data = [task.data for task in learned]
    hashed = hashlib.blake2b("".join(one.hash for one in data).encode(), digest_size=16).hexdigest()
    return TrainedOn(
        names=[name for one in data for name in one.names], hash=HASH_PREFIX + hashed,
        instances=sum(one.instances for one in data), train=sum(one.train for one in data),
        dev=sum(one.dev for one in data), groups=sum(one.groups for one in data),
    )  # fmt: skip


def is_finished(directory: StudentDirectory, wanted: Record) -> bool:
    """Whether the student that is wanted lies there, trained.

    Raises:
        RunError: what lies there cannot be read.
    """
    there = directory.load()
    return there is not None and there.same_as(wanted) and there.state == "finished"


def begun(directory: StudentDirectory, wanted: Record, *, overwrite: bool) -> Record:
    """The record to go on with: what is there if it is the same student, else a new one.

    Raises:
        RunError: the directory holds another student, or something else.
    """
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
    before, now = (_whole(record) for record in (there, wanted))
    if changed := [name for name in sorted(now) if before.get(name) != now[name]]:
        return ", ".join(f"{name} was {before.get(name)} and is {now[name]}" for name in changed)
    return "its card is another" if there.card != wanted.card else "its data are others"


def _whole(record: Record) -> dict[str, object]:
    """All settings, those among them that have their default."""
    return {name: TrainSettings.__dataclass_fields__[name].default for name in LATER} | record.settings


def versions(*, frozen: bool) -> dict[str, str]:
    """What trains in this process."""
    from importlib.metadata import PackageNotFoundError, version

    from satsuma import __version__

    found = {"satsuma": __version__, "python": platform.python_version()}
    for name in ("numpy", "scikit-learn") if frozen else ("torch", "transformers", "peft"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return found
