"""The worker of a training: an actor on a machine of the cluster that trains in a folder of its own.

Rule: it knows lessons, settings and the checkpoint that it is sent, and gives back what happens as it happens: notes,
each file of the checkpoint as it is saved, in the end the model's files and what the record learns. The student's
directory is the driver's.

Mechanism: the training runs in a thread and puts what it has to say into a queue of `WAITING`; `give` hands over one
thing at a time, a file piece by piece. So a driver that is slow, or busy writing, holds the training up instead of
filling memory. A file is opened when it was saved: whatever replaces it in the meantime, what travels is what was
saved, in that order. When the driver dies, Ray ends its actors.

The folder is locked as long as the process lives, and removed when it is dismissed. What a killed process left is
removed by the next one on that machine.
"""

from __future__ import annotations

import os
import queue
import shutil
import tempfile
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, TypeAlias

from satsuma import __version__
from satsuma.cluster.causes import EVERYWHERE, on_this_machine, this_machine
from satsuma.cluster.parcels import Piece, pieces_of, put
from satsuma.cluster.wire import Ready
from satsuma.errors import ClusterError, ModelError, RunError, SatsumaError
from satsuma.run.atomic import writing
from satsuma.run.lock import locked
from satsuma.students.learning import Trained, learn
from satsuma.students.record import CHECKPOINT, MODEL

if TYPE_CHECKING:
    from satsuma.students.settings import TrainSettings
    from satsuma.students.training import Lesson

WAITING = 2
"""Things said that may wait to be fetched; then the training waits."""
_OWN = "satsuma-training-"


@dataclass(frozen=True, slots=True)
class Course:
    """What is to be trained. lessons: one, or one for each of several tasks. settings: resolved, with the device there.

    student: the checkpoint, as workers find it. named: as the user has it. place: what the driver's own loading of it
    goes by. piece: bytes that travel at a time.
    """

    lessons: Sequence[Lesson]
    settings: TrainSettings
    student: str
    named: str
    place: str
    piece: int


@dataclass(frozen=True, slots=True)
class Note:
    """Something that a person should read."""

    text: str


@dataclass(frozen=True, slots=True)
class Bug:
    """The trace of a mistake of satsuma's own."""

    trace: str


Said: TypeAlias = Note | Piece | Trained | SatsumaError | Bug
"""What a worker says; the last three end it."""


class Trainer:
    """The actor's class; `give` and `stop` may come at once."""

    def __init__(self) -> None:
        self._said: queue.Queue[Said | _Opened] = queue.Queue(WAITING)
        self._ends = ExitStack()
        self._folder = Path()
        self._stopped = False
        self._giving: Iterator[Said] = iter(())

    def begin(self) -> Ready:
        """Make the folder.

        Raises:
            RunError: it cannot be made.
        """
        try:
            self._folder = self._ends.enter_context(_own_folder())
        except RunError as error:
            raise on_this_machine(error) from None
        return Ready(this_machine(), os.getpid(), __version__)

    def take(self, piece: Piece) -> None:
        """Receive a piece of the checkpoint to go on from.

        Raises:
            RunError: it cannot be written.
        """
        try:
            put(piece, self._folder / piece.folder)
        except RunError as error:
            raise on_this_machine(error) from None

    def train(self, course: Course) -> None:
        """Begin to train."""
        self._giving = self._in_pieces(course.piece)
        threading.Thread(target=self._carry_out, args=(course,), daemon=True).start()

    def give(self) -> Said:
        """The next thing; waits until there is one."""
        return next(self._giving)

    def stop(self) -> None:
        """Remove the folder; the process is then killed."""
        self._stopped = True
        self._ends.close()

    def _in_pieces(self, size: int) -> Iterator[Said]:
        while True:
            said = self._said.get()
            if isinstance(said, _Opened):
                with said.file:
                    yield from pieces_of(said.folder, said.name, said.file, size)
            else:
                yield said

    def _carry_out(self, course: Course) -> None:
        with suppress(_Stopped):
            self._say(self._outcome(course))

    def _outcome(self, course: Course) -> Said:
        try:
            return self._trained(course)
        except SatsumaError as error:
            return on_this_machine(error)
        except _Stopped:
            raise
        except Exception:
            return Bug(traceback.format_exc())

    def _trained(self, course: Course) -> Trained:
        from satsuma.students.checkpoints import find_base
        from satsuma.students.resuming import Keeper

        _check_device(course.settings)
        _check_folder(course.student)
        base = replace(find_base(course.student), name=course.named, told=course.place)
        keeper = Keeper(self._folder / CHECKPOINT, lambda path: self._send(CHECKPOINT, path, path.parent))
        model = self._folder / MODEL
        trained = learn(course.lessons, course.settings, base, keeper, model, lambda text: self._say(Note(text)))
        for path in sorted(path for path in model.rglob("*") if path.is_file()):
            self._send(MODEL, path, model)
        return trained

    def _send(self, folder: str, path: Path, below: Path) -> None:
        self._say(_Opened(folder, path.relative_to(below).as_posix(), path.open("rb")))

    def _say(self, said: Said | _Opened) -> None:
        if self._stopped:
            raise _Stopped
        self._said.put(said)


class _Stopped(Exception):
    """Nobody listens any more."""


@dataclass(frozen=True, slots=True)
class _Opened:
    """A file as it was when it was saved."""

    folder: str
    name: str
    file: IO[bytes]


@contextmanager
def _own_folder() -> Iterator[Path]:
    """A folder that is removed in the end; those of processes that were killed are removed before.

    Raises:
        RunError: it cannot be made.
    """
    there = Path(tempfile.gettempdir())
    for left in there.glob(f"{_OWN}*"):
        with suppress(RunError), locked(left):
            shutil.rmtree(left, ignore_errors=True)
    with writing(there):
        folder = Path(tempfile.mkdtemp(prefix=_OWN))
    with locked(folder):
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _check_device(settings: TrainSettings) -> None:
    """Check that torch has the GPU that Ray has given.

    Raises:
        ClusterError: it finds none.
        ExtraError: torch is not installed.
    """
    from satsuma.students.checkpoints import needs_torch

    needs_torch()
    import torch

    if settings.device == "cuda" and not torch.cuda.is_available():
        raise ClusterError(
            f"Ray has a GPU, and torch {torch.__version__} finds none",
            f"{EVERYWHERE}install a torch that has its driver's CUDA; or train without it: --device cpu",
        )


def _check_folder(student: str) -> None:
    """Check that a checkpoint's folder is here, too.

    Raises:
        ModelError: it is not.
    """
    if Path(student).is_absolute() and not Path(student).is_dir():
        raise ModelError(
            f"there is no folder {student}",
            "A folder named with --student has to lie at the same path on every machine of the cluster.",
        )
