"""The file of a checkpoint: a line that says whose it is, and blocks of candidates behind it, only ever appended to.

A block has two parts, each compressed by itself: what is counted of each candidate, which is little and mostly the same
and is read of all of them when a run goes on; and all that is known of each. Both are covered by one checksum. What a
kill or a power cut tore is cut off.

What stands in the lines is `selecting/outcomes.py`'s; where the file is trusted, `checkpoint.py`'s.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_HEAD = struct.Struct(">III")
"""Bytes of the first part, bytes of the second, checksum of both."""


@dataclass(frozen=True, slots=True)
class Block:
    """Candidates in a row. start, end: where the block lies in the file, in bytes."""

    start: int
    end: int
    _counted: bytes
    _known: bytes

    def counted(self) -> list[bytes]:
        """What is counted of each candidate, a line each."""
        return zlib.decompress(self._counted).split(b"\n")

    def known(self) -> list[bytes]:
        """All that is known of each candidate, a line each."""
        return zlib.decompress(self._known).split(b"\n")


def blocks(path: Path, identity: bytes, after: int = 0) -> Iterator[Block]:
    """The blocks that are whole, up to the first that is not; none if the file is another run's.

    after: the end of a block of it, behind which to begin; the first one where left out.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        if file.read(len(identity)) == identity:
            file.seek(after or len(identity))
            while (block := _read(file)) is not None:
                yield block


def block_at(path: Path, start: int) -> Block:
    """The block at a place where `blocks` found one.

    Raises:
        OSError: the file cannot be read, or the block is not there any more.
    """
    with path.open("rb") as file:
        file.seek(start)
        block = _read(file)
    if block is None:
        raise OSError("it was changed while it was read")
    return block


class Appended:
    """What is appended to a file, block by block.

    good: bytes of the file that stay; what follows them is overwritten. 0 makes a new one.
    """

    def __init__(self, path: Path) -> None:
        self.good = 0
        self._path = path
        self._counted: list[bytes] = []
        self._known: list[bytes] = []
        self._blocks: list[bytes] = []
        self._file: IO[bytes] | None = None

    def add(self, counted: bytes, known: bytes, size: int) -> None:
        """The next candidate. size: candidates of a block."""
        self._counted.append(counted)
        self._known.append(known)
        if len(self._known) >= size:
            self.pack()

    def pack(self) -> None:
        """Make a block of the candidates that there are."""
        if self._known:
            parts = zlib.compress(b"\n".join(self._counted), 1), zlib.compress(b"\n".join(self._known), 1)
            self._blocks.append(_HEAD.pack(*map(len, parts), _checksum(*parts)) + b"".join(parts))
            self._counted, self._known = [], []

    @property
    def is_due(self) -> bool:
        """Whether there are blocks that have not been written."""
        return bool(self._blocks)

    def write(self, identity: bytes) -> None:
        """Write them. identity: the line with which a new file begins.

        Raises:
            OSError: they cannot be written.
        """
        if self._file is None:
            self._file = self._opened(identity)
        self._file.writelines(self._blocks)
        self._file.flush()
        self.good = self._file.tell()
        self._blocks = []

    def close(self) -> None:
        """Let go of the file.

        Raises:
            OSError: what was written could not be.
        """
        if self._file is not None:
            self._file.close()
            self._file = None

    def _opened(self, identity: bytes) -> IO[bytes]:
        file = self._path.open("r+b" if self.good else "wb")
        if self.good:
            file.truncate(self.good)
            file.seek(self.good)
        else:
            file.write(identity)
        return file


def _read(file: IO[bytes]) -> Block | None:
    """The next block; None where there is none, or only a torn one."""
    start, head = file.tell(), file.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    first, second, checksum = _HEAD.unpack(head)
    counted, known = file.read(first), file.read(second)
    if len(counted) < first or len(known) < second or _checksum(counted, known) != checksum:
        return None
    return Block(start, file.tell(), counted, known)


def _checksum(counted: bytes, known: bytes) -> int:
    return zlib.crc32(known, zlib.crc32(counted))
