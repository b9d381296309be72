"""A directory that is made beside its place, under a hidden name, and put there whole.

Whoever looks at the place sees what was there before, or all of what is new. What is promised:

* while it is made: the place is as it was, and whoever wants to make the same one is refused
* it fails, or Ctrl-C: the hidden directory is gone, the place is as it was
* it is killed: the hidden directory stays, held by nobody; the next one for this place empties it and begins anew
* it ends: one rename, onto nothing or an empty directory. A place that came to hold something meanwhile is left as it
  is, and that is an error

The folders above the place are made, and stay. The directory that the process is in is refused, also where it is empty:
whoever is in it would stay in the one that the new one took the place of. Not covered: losing power. Those who write
the files force them to the disk; the rename is not forced, so that afterwards there may be the hidden directory and
nothing at its place.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from satsuma.errors import RunError
from satsuma.run.atomic import part_of, writing
from satsuma.run.lock import LOCK_NAME, locked

_CHOOSE = "Name a directory that is not there yet with -o."


def check_place(place: Path, source: Path, *, called: str = "", needs: str = "a directory is needed") -> None:
    """Check that a new directory, made from `source`, can be put at `place`.

    called: the source in words, its path where left out. needs: what no file can be, in words.

    Raises:
        RunError: there is something, or it lies inside of the source.
    """
    if source.is_dir() and source.resolve() in (place.resolve(), *place.resolve().parents):
        raise RunError(f"{place} is in {called or source}, which is left as it is", _CHOOSE)
    if place.is_symlink() or (place.exists() and not place.is_dir()):
        raise RunError(f"{place} is a file, but {needs}", _CHOOSE)
    if place.is_dir() and any(place.iterdir()):
        raise RunError(f"{place} is not empty", _CHOOSE)
    check_replaceable(place)


def check_replaceable(place: Path) -> None:
    """Check that a rename can put a directory at `place`, whatever is there.

    Raises:
        RunError: it ends in no name, or it is the directory that the process is in.
    """
    _part(place)
    if place.is_dir() and place.samefile("."):
        raise RunError(f"{place} is the current directory, which no new one can take the place of", _CHOOSE)


def neighbour(path: Path, name: str) -> Path:
    """The path of this name in the directory that `path` is in; of `.`, too, which says in none."""
    return path.with_name(name) if path.name not in ("", "..") else path / ".." / name


@contextmanager
def made(place: Path) -> Iterator[Path]:
    """A hidden directory to fill, empty but for its lock, that takes the name of `place` at the end.

    Raises:
        RunError: another process makes the same one, it cannot be written, or something came to be at `place`.
    """
    with beside(place) as part:
        yield part
        with writing(place):
            part.replace(place)


@contextmanager
def beside(place: Path) -> Iterator[Path]:
    """The same without the rename, for those who decide at the end: gone, unless it has another name by then.

    Raises:
        RunError: another process makes the same one, or it cannot be written.
    """
    part = _part(place)
    with locked(part):
        _empty(part)
        try:
            yield part
        finally:
            shutil.rmtree(part, ignore_errors=True)


def _part(place: Path) -> Path:
    return part_of(place if place.name else place.absolute())


def _empty(part: Path) -> None:
    """Remove what a killed process left."""
    with writing(part):
        for left in part.iterdir():
            if left.is_dir() and not left.is_symlink():
                shutil.rmtree(left)
            elif left.name != LOCK_NAME:
                left.unlink()
