"""The directory of a score or of ratings: which one, whose it is, and what may be written there.

    score.json or rating.json   the figures, and what was asked
    journal.sqlite              every request and reply
    predictions.parquet or ratings.parquet   a row per instance

A directory that holds something else is refused, and one that holds another measurement is, too: what was asked has
to be the same, while n may grow.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from satsuma.errors import RunError
from satsuma.filesystem import check_local
from satsuma.remote.urls import ELSEWHERE, refuse_url
from satsuma.run.atomic import write_atomically
from satsuma.run.lock import LOCK_NAME, locked

R = TypeVar("R", bound=BaseModel)
_CHOOSE = "Choose another directory with -o."
_BEGUN = frozenset({LOCK_NAME, "journal.sqlite", "journal.sqlite-wal", "journal.sqlite-shm", ".DS_Store"})


@dataclass(frozen=True, slots=True)
class Place:
    """A directory. document: the name of its JSON file."""

    path: Path
    document: str

    @classmethod
    def at(cls, path: str | Path, document: str) -> Place:
        """A directory to write to; nothing is made yet.

        Raises:
            RunError: it is a file, holds something else, or is on a network file system.
            SettingsError: it is a URL.
        """
        refuse_url(path, ELSEWHERE, "Name a directory on this machine with -o.")
        place = Path(path).expanduser()
        if place.exists() and not place.is_dir():
            raise RunError(f"{place} is a file, but a directory is needed", _CHOOSE)
        check_local(place)
        if place.is_dir() and not (place / document).exists():
            others = sorted(p.name for p in place.iterdir() if p.name not in _BEGUN and not p.name.endswith(".part"))
            if others:
                raise RunError(f"{place} holds something else: {', '.join(others[:3])}", _CHOOSE)
        return cls(place, document)

    @property
    def journal_path(self) -> Path:
        """The journal."""
        return self.path / "journal.sqlite"

    def lock(self) -> AbstractContextManager[None]:
        """Make the directory, and hold it against every other process."""
        return locked(self.path)

    def load(self, kind: type[R]) -> R | None:
        """The document; None if there is none.

        Raises:
            RunError: it cannot be read.
        """
        path = self.path / self.document
        try:
            return kind.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            raise RunError(f"{path} cannot be read: {type(error).__name__}", _CHOOSE) from error

    def save(self, record: BaseModel) -> None:
        """Write the document.

        Raises:
            RunError: it could not be written.
        """
        import orjson

        data = orjson.dumps(record.model_dump(mode="json"), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        write_atomically(self.path / self.document, data)


def check_same(place: Place, before: Mapping[str, object], wanted: Mapping[str, object]) -> None:
    """Refuse to put one measurement in the place of another.

    Raises:
        RunError: what was asked before is something else.
    """
    for name, value in wanted.items():
        if name in before and before[name] != value:
            raise RunError(
                f"{place.path} holds another measurement: {name} was {_shown(before[name])} and is now {_shown(value)}",
                f"{_CHOOSE} To begin anew, remove this one.",
            )


def slug(text: str) -> str:
    """A text as a part of a file's name."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", text).strip("-.") or "model"


def name_of(where: str | Path) -> str:
    """The name of a dataset: its directory's, or its file's without the ending."""
    path = Path(where).expanduser().resolve()
    return path.name if path.is_dir() else path.name.split(".", 1)[0]


def _shown(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
