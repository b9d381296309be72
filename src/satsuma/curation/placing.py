"""A directory that is made under a hidden name and put in place whole, beside the one that it is made from."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from satsuma.errors import RunError
from satsuma.run.atomic import writing
from satsuma.run.lock import LOCK_NAME, locked

_CHOOSE = "Name a directory that is not there yet with -o."


def check_place(place: Path, source: Path) -> None:
    """Check that a new directory can be put at `place`.

    Raises:
        RunError: there is something, or it lies inside of the source.
    """
    if source.is_dir() and source.resolve() in (place.resolve(), *place.resolve().parents):
        raise RunError(f"{place} is in {source}, which is left as it is", _CHOOSE)
    if place.is_symlink() or (place.exists() and not place.is_dir()):
        raise RunError(f"{place} is a file, but a directory is needed", _CHOOSE)
    if place.is_dir() and any(place.iterdir()):
        raise RunError(f"{place} is not empty", _CHOOSE)


@contextmanager
def made(place: Path) -> Iterator[Path]:
    """A hidden directory, empty and held, that takes the name of `place` at the end; gone if that is not reached.

    Raises:
        RunError: another process makes the same one, or it cannot be written.
    """
    part = place.with_name(f".{place.name}.part")
    with locked(part):
        for left in part.iterdir():  # by a process that was killed
            if left.name != LOCK_NAME:
                _remove(left)
        try:
            yield part
            with writing(place):
                part.replace(place)
        finally:
            if part.exists():
                _remove(part)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
