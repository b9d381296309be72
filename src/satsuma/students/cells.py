"""One cell of a comparison: one student, trained on one training set with one seed, and what it says of the test set.

What came out is kept in `cells/`, under a hash of all that it depends on (card, settings, training data, test data), so
that the same comparison again trains nothing, and one with more seeds or sizes trains only those. The student itself is
removed once it has been measured, unless it is to be kept.
"""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from satsuma import chance
from satsuma.errors import SettingsError
from satsuma.run.atomic import write_atomically
from satsuma.students.evaluating import scored
from satsuma.students.head import Prediction
from satsuma.students.record import data_hash, plain
from satsuma.students.settings import MINILM, TrainSettings
from satsuma.students.training import made_lesson, train_student
from satsuma.students.untrained import check_writes, untrained

if TYPE_CHECKING:
    from satsuma.scoring.official import Item
    from satsuma.students.labelled import Labelled
    from satsuma.task.card import Card
    from satsuma.task.instance import OutputValue

Note = Callable[[str], None]
FROZEN = "frozen"
FEW_SHOT = "few-shot"
"""The set that nobody is trained on: examples that a student is shown."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Which student, trained on what. size: instances of the training set, None for all of them."""

    training: str
    student: str
    seed: int
    size: int | None = None

    @property
    def name(self) -> str:
        """A name for files."""
        told = f"{self.training}-{self.student}-{self.seed}" + ("" if self.size is None else f"-{self.size}")
        plainly = "".join(c if c.isalnum() or c in "-_." else "-" for c in told)[:80]
        return f"{plainly}-{hashlib.blake2b(told.encode(), digest_size=4).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Ground:
    """What all cells share. sets: the name of a training set → its instances. keep: whether students stay.

    evenly: the sets whose parts are drawn evenly from what they are put together from: for each instance, which of it.
    cards: of the sets that are taken as they are.
    """

    card: Card
    sets: dict[str, tuple[Labelled, ...]]
    test: tuple[Labelled, ...]
    out: Path
    settings: TrainSettings
    keep: bool = False
    evenly: Mapping[str, Sequence[int]] = field(default_factory=dict)
    cards: Mapping[str, Card] = field(default_factory=dict)


def measured(cell: Cell, ground: Ground, note: Note) -> list[Item]:
    """The test's instances with the student's predictions, trained if they are not there yet.

    Raises:
        SettingsError: the training set has fewer instances than the cell's size.
        SatsumaError: as from a training.
    """
    instances = _part(cell, ground)
    settings = _settings(cell, ground.settings)
    key = _key(ground, instances, settings, ground.cards.get(cell.training))
    file = ground.out / "cells" / f"{cell.name}.json"
    said = _kept(file, key, ground.card)
    if said is None:
        said = _said(cell, ground, instances, settings, note)
        document = {"key": key, "cell": {"training": cell.training, "student": cell.student, "seed": cell.seed,
                    "size": cell.size}, "predictions": [_as_json(p) for p in said]}  # fmt: skip
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, orjson.dumps(document))
    return scored(ground.test, said)


def _settings(cell: Cell, settings: TrainSettings) -> TrainSettings:
    kind, _, name = cell.student.partition(":")
    if kind == FROZEN:
        return replace(settings, student=name or MINILM, frozen=True, seed=cell.seed)
    return replace(settings, student=cell.student, seed=cell.seed)


def _part(cell: Cell, ground: Ground) -> tuple[Labelled, ...]:
    """As many as the cell has, in an order of chance by its seed: a smaller part lies inside a larger one."""
    instances = ground.sets[cell.training]
    if cell.training == FEW_SHOT:
        return tuple(sorted(instances, key=lambda one: chance.number(cell.seed, "shown", one.id)))
    if cell.size is None:
        return instances
    if cell.size > len(instances):
        raise SettingsError(
            f"the training set {cell.training} has {len(instances):,} instances, which are fewer than {cell.size:,}",
            "Leave that size out of --sizes, or generate more.",
        )
    order = sorted(range(len(instances)), key=lambda at: chance.number(cell.seed, "size", at))
    if origins := ground.evenly.get(cell.training):
        order = _in_turn(order, origins)
    return tuple(instances[at] for at in sorted(order[: cell.size]))


def _in_turn(order: Sequence[int], origins: Sequence[int]) -> list[int]:
    """The order with one of each origin in turn, as long as it lasts."""
    seen: Counter[int] = Counter()
    rounds = {}
    for at in order:
        rounds[at] = seen[origins[at]]
        seen[origins[at]] += 1
    return sorted(order, key=lambda at: (rounds[at], origins[at]))


def _key(ground: Ground, instances: Sequence[Labelled], settings: TrainSettings, own: Card | None) -> str:
    parts = [plain(ground.card.model_dump(mode="json", exclude_defaults=True)), plain(settings.decisive()),
             data_hash(instances), data_hash(ground.test)]  # fmt: skip
    if own is not None:
        parts.append(plain(own.model_dump(mode="json", exclude_defaults=True)))
    return hashlib.blake2b(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()


def _said(
    cell: Cell, ground: Ground, instances: tuple[Labelled, ...], settings: TrainSettings, note: Note
) -> list[Prediction]:
    if cell.training == FEW_SHOT:
        said = untrained(ground.card, settings, instances).predictions(ground.test)
        note(f"{cell.training}, {cell.student}, seed {cell.seed}: asked with {len(instances):,} examples")
        return said
    place = ground.out / "students" / cell.name
    own = ground.cards.get(cell.training)
    if own is not None:
        check_writes(settings, f"trained on {cell.training} as it is")
    lesson = made_lesson((cell.training,), own or ground.card, instances, settings, ())
    student = train_student((lesson,), settings, place, lambda _: None, overwrite=True)
    asked = student if own is None else student.asked(ground.card)
    said = asked.predictor.predictions(ground.test)
    size = f" {len(instances):,}"
    note(f"{cell.training}{size}, {cell.student}, seed {cell.seed}: trained")
    if not ground.keep:
        shutil.rmtree(place, ignore_errors=True)
    return said


def _as_json(p: Prediction) -> dict[str, object]:
    return {"id": p.id, "output": p.output, "said": p.said, "probabilities": dict(p.probabilities)}


def _kept(file: Path, key: str, card: Card) -> list[Prediction] | None:
    """What was kept, if it is of the same training and test."""
    try:
        document = orjson.loads(file.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return None
    if not isinstance(document, dict) or document.get("key") != key:
        return None
    return [
        Prediction(p["id"], _output(p["output"], card), p["said"], p["probabilities"]) for p in document["predictions"]
    ]


def _output(value: object, card: Card) -> OutputValue | None:
    if isinstance(value, list):
        return tuple(value)
    if card.output.kind == "choice" and value is not None:
        return int(str(value))
    return value if isinstance(value, str | int) else None
