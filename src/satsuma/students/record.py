"""A student's directory: its layout, its record, and when it is the same student.

    student.json       what it is: card, settings, data, versions, history, notes
    model/             the checkpoint, or its adapters, with the tokenizer; of a frozen student, head.npz
    trained_on.jsonl   id, fingerprint and side (train or dev) of every instance that it has seen
    checkpoint/        only while it is trained: the state to go on from, and the best weights so far
    evaluations/       predictions and scores, by test set

Rule: two trainings are the same if card, decisive settings, data and version of this layout are; then the second goes
on with the first, or, where that is finished, changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from satsuma.errors import DataError, RunError
from satsuma.remote.urls import refuse_url
from satsuma.run.atomic import write_atomically
from satsuma.students.labelled import Labelled
from satsuma.students.overlap import fingerprint
from satsuma.students.settings import Kind
from satsuma.task.card import Card
from satsuma.task.loader import load_card

FORMAT = 1
RECORD, MODEL, TRAINED_ON, CHECKPOINT, EVALUATIONS = (
    "student.json", "model", "trained_on.jsonl", "checkpoint", "evaluations",
)  # fmt: skip
HASH_PREFIX = "d1-"
"""Names the algorithm: blake2b, 128 bits, over the fingerprint and the target of each instance in order."""


class Epoch(BaseModel):
    """One epoch: mean losses in nats per instance (per token of targets, where those are written)."""

    epoch: int
    train_loss: float
    dev_loss: float | None = None


class TrainedOn(BaseModel):
    """What a student was trained on. names: as the user gave them. hash: over the instances in order."""

    names: list[str]
    hash: str
    instances: int
    train: int
    dev: int
    groups: int
    labels: dict[str, int] = Field(default_factory=dict)


class Learned(BaseModel):
    """One of several tasks. share: of the instances of an epoch."""

    card: dict[str, object]
    data: TrainedOn
    share: float


class Record(BaseModel):
    """student.json. checkpoint: the model that it began as. targets: tokens of the longest target.

    tasks: of a student that has learned several; card is then that of the first, and data that of all together.
    """

    model_config = ConfigDict(extra="forbid")

    format: int = FORMAT
    state: Literal["training", "finished"] = "training"
    card: dict[str, object]
    kind: Kind
    checkpoint: str
    settings: dict[str, object]
    data: TrainedOn
    tasks: list[Learned] = Field(default_factory=list)
    versions: dict[str, str] = Field(default_factory=dict)
    device: str = "cpu"
    micro_batch: int = 0
    padding: float | None = None
    targets: int = 0
    history: list[Epoch] = Field(default_factory=list)
    best_epoch: int = 0
    notes: list[str] = Field(default_factory=list)

    def same_as(self, other: Record) -> bool:
        """Whether both come of the same training."""
        return all(getattr(self, name) == getattr(other, name) for name in ("format", "card", "kind", "settings")) and (
            self.data.hash == other.data.hash and [t.card for t in self.tasks] == [t.card for t in other.tasks]
        )

    def loaded_card(self) -> Card:
        """The card.

        Raises:
            CardError: it is from another version that had other cards.
        """
        return load_card(self.card)

    def has_only(self, card: str) -> bool:
        """Whether it has learned one task, which is this card's."""
        return not self.tasks and self.card.get("name") == card

    def labels_seen(self, card: str) -> set[str] | None:
        """The labels that training had of a task; None of one that it did not learn."""
        found = next((task.data for task in self.tasks if task.card.get("name") == card), None)
        data = found if self.tasks else self.data
        return None if data is None else {name for name, count in data.labels.items() if count}


class StudentDirectory:
    """Where a student lies."""

    def __init__(self, path: str | Path) -> None:
        refuse_url(path, "a student lies on this machine", "Name its directory here.")
        self.path = Path(path).expanduser()
        self.model = self.path / MODEL
        self.checkpoint = self.path / CHECKPOINT
        self.evaluations = self.path / EVALUATIONS

    def load(self) -> Record | None:
        """The record; None where there is none.

        Raises:
            RunError: it cannot be read, or is newer than this program.
        """
        file = self.path / RECORD
        if not file.is_file():
            return None
        try:
            document = orjson.loads(file.read_bytes())
            if isinstance(document, dict) and int(str(document.get("format", 0))) > FORMAT:
                raise RunError(f"{file} is from a newer satsuma", "Update satsuma: pip install -U satsuma")
            return Record.model_validate(document)
        except (OSError, ValueError, ValidationError) as error:
            raise RunError(f"{file} cannot be read: {error}", "Train the student again in another directory.") from None

    def save(self, record: Record) -> None:
        """Replace the record.

        Raises:
            RunError: it could not be written.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        document = record.model_dump(mode="json", exclude=None if record.tasks else {"tasks"})
        write_atomically(self.path / RECORD, orjson.dumps(document, option=orjson.OPT_INDENT_2))

    def save_trained_on(self, instances: Sequence[Labelled], dev: frozenset[int]) -> None:
        """Keep what every instance was."""
        lines = (
            orjson.dumps({"id": one.id, "fingerprint": fingerprint(one), "side": "dev" if at in dev else "train"})
            for at, one in enumerate(instances)
        )
        write_atomically(self.path / TRAINED_ON, b"".join(line + b"\n" for line in lines))

    def trained_on(self) -> dict[str, str]:
        """Fingerprint → id of all that it has seen.

        Raises:
            DataError: the list is missing or damaged.
        """
        try:
            rows = [orjson.loads(line) for line in (self.path / TRAINED_ON).read_bytes().splitlines()]
            return {row["fingerprint"]: row["id"] for row in rows}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"{self.path / TRAINED_ON} cannot be read, so nobody knows what this student has seen: {error}",
                "Train it again, or measure it all the same with --overlap keep.",
            ) from None


def opened(path: str | Path) -> tuple[StudentDirectory, Record]:
    """A finished student.

    Raises:
        RunError: there is none, or it is not finished.
    """
    directory = StudentDirectory(path)
    record = directory.load()
    if record is None:
        raise RunError(f"{path} holds no student", "Train one: satsuma train DATA -o DIRECTORY")
    if record.state != "finished":
        raise RunError(f"{path}: this student is not finished", "Run the same `satsuma train` command again to go on.")
    return directory, record


def data_hash(instances: Sequence[Labelled]) -> str:
    """Over what is learned from."""
    hashed = hashlib.blake2b(digest_size=16)
    for one in instances:
        for part in (fingerprint(one), one.text, one.target, str(one.output), one.group):
            hashed.update(part.encode("utf-8", "surrogatepass") + b"\x1f")
    return HASH_PREFIX + hashed.hexdigest()


def plain(values: Mapping[str, object]) -> dict[str, object]:
    """Settings as JSON has them."""
    made: dict[str, object] = orjson.loads(orjson.dumps(dict(values)))
    return made
