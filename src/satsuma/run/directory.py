"""The layout of a run's directory, all of it, and the door to it.

    runs/copa/
      .lock              held by the process that is at work
      run.json           the card, the settings and where the run stands (`state.py`)
      journal.sqlite     every request and reply (`satsuma.llm.journal`)
      data/train.parquet the dataset, and data/train.jsonl where it was asked for
      .checkpoint        of a long run: what became of every candidate (`satsuma.checkpoint`)
      rejects.parquet    what was dropped, and why
      README.md          a dataset card

A directory is a run if it has a run.json. One that holds anything else is never written to. Nothing is made before the
lock is taken, and everything but the journal is replaced whole (`atomic.py`).
"""

from __future__ import annotations

import hashlib
import os
import shutil
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from satsuma.errors import RunError
from satsuma.filesystem import check_local
from satsuma.remote.urls import ELSEWHERE, FETCHED_BY, NOT_FETCHED, refuse_url
from satsuma.run.atomic import write_atomically, writing
from satsuma.run.lock import LOCK_NAME, locked

if TYPE_CHECKING:
    from satsuma.run.state import RunState

_CHOOSE = "Choose another directory with -o."
_OF_A_RUN_THAT_WAS_KILLED_EARLY = frozenset(
    {
        LOCK_NAME,
        ".run.json.part",
        ".checkpoint",
        "journal.sqlite",
        "journal.sqlite-wal",
        "journal.sqlite-shm",
        ".DS_Store",
    }
)


@dataclass(frozen=True, slots=True)
class RunDirectory:
    """One run's directory: its paths, its lock and its run.json."""

    path: Path

    @classmethod
    def create_or_open(cls, path: str | os.PathLike[str]) -> RunDirectory:
        """The run at `path`, or the place where one can be begun. Writes nothing: the directory is made by `lock`.

        Raises:
            RunError: it is a file, holds something else, cannot be written, or is on a network file system.
            SettingsError: it is a URL.
        """
        refuse_url(path, ELSEWHERE)
        place = Path(path).expanduser()
        _check_writable(place)
        check_local(place)
        if others := _strangers(place):
            raise RunError(f"{place} holds something that is not a run: {', '.join(others[:3])}", _CHOOSE)
        return cls(place)

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> RunDirectory:
        """An existing run, to read.

        Raises:
            RunError: there is none at `path`.
            SettingsError: it is a URL.
        """
        refuse_url(path, NOT_FETCHED, FETCHED_BY)
        place = Path(path).expanduser()
        if not place.exists():
            raise RunError(f"{place}: there is no such run", "`satsuma generate CARD -n N --model M -o DIR` makes one.")
        if not (place / "run.json").is_file():
            raise RunError(
                f"{place} is not a run: it has no run.json", "Name a directory that `satsuma generate` wrote."
            )
        return cls(place)

    @property
    def state_path(self) -> Path:
        """run.json."""
        return self.path / "run.json"

    @property
    def journal_path(self) -> Path:
        """The journal, a SQLite file."""
        return self.path / "journal.sqlite"

    @property
    def checkpoint_path(self) -> Path:
        """What became of the candidates of a long run that is not complete."""
        return self.path / ".checkpoint"

    @property
    def rejects_path(self) -> Path:
        """What was dropped, as Parquet."""
        return self.path / "rejects.parquet"

    @property
    def readme_path(self) -> Path:
        """The dataset card."""
        return self.path / "README.md"

    def data_path(self, split: str = "train", ending: str = "parquet") -> Path:
        """The dataset's file of one split."""
        return self.path / "data" / f"{split}.{ending}"

    def lock(self) -> AbstractContextManager[None]:
        """Make the directory and hold it against every other process.

        Raises:
            RunError: another process holds it (its process id is named), or it cannot be made.
        """
        return locked(self.path)

    def load_state(self) -> RunState | None:
        """The run's state, None if it has not begun.

        Raises:
            RunError: run.json cannot be read or is from a newer version.
        """
        from satsuma.run.state import from_json

        try:
            data = self.state_path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise RunError(f"{self.state_path} cannot be read: {error.strerror}", "Check its permissions.") from error
        return from_json(data, self.state_path)

    def save_state(self, state: RunState) -> None:
        """Replace run.json, all or nothing.

        Raises:
            RunError: it could not be written; the old one is still there.
        """
        from satsuma.run.state import to_json

        write_atomically(self.state_path, to_json(state))

    def copy_journal(self, copy: RunDirectory) -> None:
        """Copy the journal, with what SQLite keeps beside it, into another run's directory, which is there.

        Raises:
            RunError: it could not be written.
        """
        for path in sorted(self.path.glob(f"{self.journal_path.name}*")):
            if not path.name.endswith("-shm"):  # made anew by whoever opens the journal
                with writing(copy.path / path.name):
                    shutil.copyfile(path, copy.path / path.name)

    def hashes(self) -> dict[str, str]:
        """The sha256 of every file of the dataset that is there, by its path in the directory."""
        files = [self.data_path(s, e) for s in ("train", "validation", "test") for e in ("parquet", "jsonl")]
        present = [f for f in (*files, self.rejects_path) if f.is_file()]
        return {f.relative_to(self.path).as_posix(): sha256(f) for f in present}


def sha256(path: Path) -> str:
    """The sha256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _strangers(place: Path) -> list[str]:
    """Names in a directory that is not a run, except those that a run leaves before its first run.json."""
    if not place.is_dir() or (place / "run.json").exists():
        return []
    return sorted({p.name for p in place.iterdir()} - _OF_A_RUN_THAT_WAS_KILLED_EARLY)


def _check_writable(place: Path) -> None:
    if place.is_dir():
        if not os.access(place, os.R_OK | os.W_OK | os.X_OK):
            raise RunError(f"{place} cannot be written: permission denied", _CHOOSE)
        return
    if place.exists() or place.is_symlink():
        raise RunError(f"{place} is a file, but a run needs a directory", _CHOOSE)
    above = next(p for p in place.absolute().parents if p.exists())
    if not above.is_dir():
        raise RunError(f"{place} cannot be made: {above} is a file", _CHOOSE)
    if not os.access(above, os.W_OK | os.X_OK):
        raise RunError(f"{place} cannot be made: no permission to write in {above}", _CHOOSE)
