"""A student that is trained on a machine of the cluster (`satsuma train --ray`): the driver's side.

Rule: directory, record and checkpoints are the driver's. A worker is sent what there is of a checkpoint, and gives back
every new one (`satsuma.cluster.trainer`), which is put in place whole. So a worker that dies costs what it had done
since its last checkpoint: another goes on from there, and so does the same command if the driver dies, with Ray or
without. Three deaths in a row without a new checkpoint end it.

A training gets one GPU if a machine has one, else all CPUs of the largest machine, and so as many threads. Where it
runs decides nothing: on a CPU with as many threads, the student has the bytes of one that was trained here.

Not covered: several GPUs for one student.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from satsuma import __version__
from satsuma.cluster import parcels
from satsuma.cluster.causes import cause_of
from satsuma.cluster.joining import checked_address, joined
from satsuma.cluster.opening import absolute
from satsuma.cluster.sizing import largest, machines, seat
from satsuma.cluster.trainer import Bug, Course, Note
from satsuma.cluster.trainer_handle import TrainerHandle
from satsuma.errors import ClusterError, ModelError, SatsumaError, SettingsError
from satsuma.extras import require
from satsuma.students.learning import Trained
from satsuma.students.record import CHECKPOINT, MODEL
from satsuma.students.resuming import STATE
from satsuma.students.settings import MINILM

if TYPE_CHECKING:
    from satsuma.cluster.parcels import Piece
    from satsuma.cluster.sizing import Seat
    from satsuma.cluster.wire import Ready
    from satsuma.students.checkpoints import Base
    from satsuma.students.learning import Learning
    from satsuma.students.settings import TrainSettings
    from satsuma.students.training import Lesson

DEATHS = 3
"""Workers that may die one after the other without a new checkpoint."""
LATE = 60.0
"""Seconds after which is said that no machine has room, and looked which there are."""


def check_asked(address: str, settings: TrainSettings) -> None:
    """Check what can be checked before anything is read.

    Raises:
        ExtraError: ray is not installed.
        SettingsError: the address, or the device, cannot be one of a cluster.
    """
    require("ray", "ray", needed_by="--ray")
    checked_address(address)
    if not settings.frozen and settings.device not in ("auto", "cpu", "cuda"):
        raise SettingsError(
            f"--device {settings.device} makes no sense with --ray: a machine of the cluster trains, on the GPU that "
            "Ray gives it",
            "Write --device cuda or cpu, or leave it out: a GPU if the cluster has one.",
        )


@contextmanager
def training_on(address: str, settings: TrainSettings) -> Iterator[Learning]:
    """What trains on the cluster at an address. settings: of the training, which say what it needs.

    Raises:
        ExtraError: ray is not installed.
        SettingsError: the address cannot be used.
        ClusterError: there is no cluster, or none of its machines has what is needed.
    """
    with joined(address):
        yield partial(_learned, seat(settings.device, machines(), quantize=settings.quantize))


def _learned(
    first: Seat, lessons: Sequence[Lesson], settings: TrainSettings, base: Base, checkpoint: Path, model: Path,
    note: Callable[[str], None],
) -> Trained:  # fmt: skip
    import ray

    named = settings.student
    course = Course(
        lessons, replace(settings, device="cuda" if first.gpus else "cpu"),
        named if named == MINILM else absolute(named), base.name, base.place, parcels.PIECE,
    )  # fmt: skip
    return _Training(named, first, ray.put(course), checkpoint, model, note).carried_out()


class _Training:
    """One training, worker after worker. course: Ray's reference of it."""

    def __init__(
        self, student: str, first: Seat, course: object, checkpoint: Path, model: Path, note: Callable[[str], None]
    ) -> None:
        self._student, self._seat, self._course = student, first, course
        self._folders = {CHECKPOINT: checkpoint, MODEL: model}
        self._note = note
        self._told: set[str] = set()
        self._kept = False
        self._where = "a machine"

    def carried_out(self) -> Trained:
        """Train to the end.

        Raises:
            ClusterError: workers die.
            SatsumaError: a worker cannot train, or what it sends cannot be written.
        """
        from ray.exceptions import RayError

        deaths = 0
        while True:
            self._kept = False
            try:
                return self._by_one()
            except RayError as error:
                deaths = 1 if self._kept else deaths + 1
                cause = cause_of(error)
            if deaths >= DEATHS:
                raise ClusterError(
                    f"{deaths} workers that train {self._student} died one after the other, the last on {self._where}, "
                    f"without a new checkpoint: {cause}",
                    "`ray logs` on the cluster's machines tells why; often it is memory: --micro-batch 4. "
                    "The same command goes on from the last checkpoint, with --ray or without.",
                )
            goes_on = (self._folders[CHECKPOINT] / STATE).is_file()
            how = "goes on from the last checkpoint" if goes_on else "begins"
            self._note(f"the worker on {self._where} is gone; another {how}")
            if not self._seat.gpus:
                self._seat = largest(machines())

    def _by_one(self) -> Trained:
        """Have one worker train.

        Raises:
            RayError: it died.
            SatsumaError: as from `carried_out`.
        """
        hand, ready = self._admitted()
        try:
            self._where = f"{ready.node} (process {ready.pid})"
            _check(ready)
            for path in sorted(self._folders[CHECKPOINT].glob("*.pt")):
                with path.open("rb") as file:
                    for piece in parcels.pieces_of(CHECKPOINT, path.name, file, parcels.PIECE):
                        hand.take(piece)
            self._tell(f"{self._student}: trained on {self._where}, {self._seat.told()}")
            hand.train(self._course)
            return self._followed(hand)
        finally:
            hand.dismiss()
            for folder in self._folders.values():
                parcels.forget_halves(folder)

    def _admitted(self) -> tuple[TrainerHandle, Ready]:
        """A worker that has found room.

        Raises:
            RayError: it died before it began.
            ModelError: no worker can begin there.
        """
        hand = TrainerHandle(self._seat)
        try:
            while not hand.has_begun(LATE):
                self._tell(
                    f"{self._student}: no machine has had room for {LATE:.0f} s; it needs {self._seat.told()}, "
                    "and waits (see `ray status`)"
                )
                if not self._seat.gpus and (now := largest(machines())) != self._seat:
                    hand.kill()
                    self._seat = now
                    hand = TrainerHandle(now)
            return hand, hand.ready(self._student)
        except BaseException:
            hand.kill()
            raise

    def _followed(self, hand: TrainerHandle) -> Trained:
        """Take what a worker says until it has ended."""
        upcoming = hand.give()
        while True:
            said = upcoming()
            match said:
                case Trained():
                    return said
                case SatsumaError():
                    raise said
                case Bug(trace):
                    raise RuntimeError(f"a bug in the worker on {self._where}:\n{trace}")
            upcoming = hand.give()  # comes while this is written
            if isinstance(said, Note):
                self._tell(said.text)
            else:
                self._put(said)

    def _put(self, piece: Piece) -> None:
        placed = parcels.put(piece, self._folders[piece.folder])
        if placed is not None and piece.folder == CHECKPOINT and placed.name == STATE:
            self._kept = True

    def _tell(self, line: str) -> None:
        """Say it once, though one who goes on may say it again."""
        if line not in self._told:
            self._told.add(line)
            self._note(line)


def _check(ready: Ready) -> None:
    """Check that a worker is of this version.

    Raises:
        ModelError: it is not.
    """
    if ready.version != __version__:
        raise ModelError(
            f"satsuma is {ready.version} on {ready.node} and {__version__} here",
            "Install the same version on every machine of the cluster.",
        )
