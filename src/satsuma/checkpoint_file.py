"""The file of a checkpoint: a line that says whose it is, and blocks of candidates behind it, only ever appended to.

A block has three parts, each compressed by itself: what is counted of each candidate, which is little and mostly the
same and is read of all of them when a run goes on; all that is known of each; and what the method decided besides since
the block before. One checksum covers them. What a kill or a power cut tore is cut off.

What stands in the lines is `selecting/outcomes.py`'s; where the file is trusted, `checkpoint.py`'s.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import IO

_PARTS = 3
_HEAD = struct.Struct(f">{_PARTS}II")
"""Bytes of each part, and the checksum of all."""


@dataclass(frozen=True, slots=True)
class Block:
    """Candidates in a row. start, end: where the block lies in the file, in bytes."""

    start: int
    end: int
    _parts: tuple[bytes, ...]

    def counted(self) -> list[bytes]:
        """What is counted of each candidate, a line each."""
        return zlib.decompress(self._parts[0]).split(b"\n")

    def known(self) -> list[bytes]:
        """All that is known of each candidate, a line each."""
        return zlib.decompress(self._parts[1]).split(b"\n")

    def decided(self) -> list[bytes]:
        """What was decided besides, a line each."""
        return zlib.decompress(self._parts[2]).splitlines()


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

    good: bytes of the file that stay; what follows them is overwritten. 0 makes a new one. decided: gives the lines of
    what was decided since it was called last.
    """

    def __init__(self, path: Path) -> None:
        self.good = 0
        self.decided: Callable[[], list[bytes]] = list
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
            parts = [zlib.compress(b"\n".join(one), 1) for one in (self._counted, self._known, self.decided())]
            self._blocks.append(_HEAD.pack(*map(len, parts), zlib.crc32(b"".join(parts))) + b"".join(parts))
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
    *sizes, checksum = _HEAD.unpack(head)
    body = file.read(sum(sizes))
    if len(body) < sum(sizes) or zlib.crc32(body) != checksum:
        return None
    ends = [*accumulate(sizes)]
    return Block(start, file.tell(), tuple([body[end - size : end] for size, end in zip(sizes, ends, strict=True)]))
