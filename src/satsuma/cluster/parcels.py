"""Files that travel in pieces, so that neither end, nor Ray in between, ever holds one whole.

Rule: a file is in its place when its last piece has come, and not before (`satsuma.run.atomic`). Pieces of a file come
in order; the first of them begins it anew, so that what was left half by somebody who died is of no account.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from satsuma.run.atomic import part_of, put_in_place, writing

PIECE = 32 << 20
"""Bytes of a piece."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of the file `name`, a path in POSIX form. folder: which of the other end's folders it goes to."""

    folder: str
    name: str
    offset: int
    data: bytes = field(repr=False)
    last: bool


def pieces_of(folder: str, name: str, file: IO[bytes], size: int) -> Iterator[Piece]:
    """An open file in pieces of `size` bytes, at least one."""
    whole, offset = os.fstat(file.fileno()).st_size, 0
    while True:
        data = file.read(size)
        last = offset + len(data) >= whole
        yield Piece(folder, name, offset, data, last)
        if last:
            return
        offset += len(data)


def put(piece: Piece, folder: Path) -> Path | None:
    """Write a piece into a folder; the file's path once it is whole and in its place.

    Raises:
        RunError: it could not be written.
    """
    path = folder / piece.name
    part = part_of(path)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("ab" if piece.offset else "wb") as file:
            file.write(piece.data)
        if not piece.last:
            return None
        put_in_place(part, path)
    return path


def forget_halves(folder: Path) -> None:
    """Remove what is not whole and will not be."""
    for part in folder.rglob(".*.part"):
        part.unlink(missing_ok=True)
