"""Writing so that a reader sees either the old file or the new one, whole, whatever happens in between.

A file is written under a hidden name in its own directory, forced to the disk and renamed. Not covered: a disk that
says it has written what it has not.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from satsuma.errors import RunError


def part_of(path: Path) -> Path:
    """The hidden name under which `path` is written; what a killed process left there is overwritten.

    Raises:
        RunError: the path ends in no name (`.`, `..`, `/`).
    """
    if path.name in ("", ".."):
        raise RunError(f"{path} names no new file or directory", "End the path with a name.")
    return path.with_name(f".{path.name}.part")


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Says which file could not be written, and why (a full disk, a missing permission).

    Raises:
        RunError: the operating system refused.
    """
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error)
        raise RunError(
            f"{path} could not be written: {why}",
            "Make room or give permission and run the same command again: no reply is lost.",
        ) from error


def put_in_place(part: Path, path: Path) -> None:
    """Force `part` to the disk and rename it to `path`.

    Raises:
        OSError: the operating system refused.
    """
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    part.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def write_atomically(path: Path, data: bytes) -> None:
    """Replace the contents of `path`.

    Raises:
        RunError: it could not be written; the old file is still there.
    """
    part = part_of(path)
    with writing(path):
        try:
            part.write_bytes(data)
            put_in_place(part, path)
        finally:
            part.unlink(missing_ok=True)


def write_lines(path: Path, lines: Iterable[bytes]) -> int:
    """Replace the contents of `path` by lines, as they come; returns how many.

    Raises:
        RunError: it could not be written; the old file is still there.
    """
    part = part_of(path)
    count = 0
    with writing(path):
        try:
            with part.open("wb") as file:
                for line in lines:
                    file.write(line + b"\n")
                    count += 1
            put_in_place(part, path)
        finally:
            part.unlink(missing_ok=True)
    return count
