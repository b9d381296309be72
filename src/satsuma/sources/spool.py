"""Rows on disk under their index: written once, in the order of their source, and read at random from then on.

The file has no name and is gone with the process. In memory is one offset of eight bytes per row. Rows may be read
from several threads.
"""

from __future__ import annotations

import os
import tempfile
from array import array
from typing import IO

import orjson

from satsuma.sources.rows import BadRow, Record

_GOOD, _BAD = b"+", b"-"


class Spool:
    """Rows by index. Close it when they are no longer needed."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="satsuma-rows-", buffering=1 << 20)  # noqa: SIM115
        self._ends = array("Q", [0])

    def __len__(self) -> int:
        return len(self._ends) - 1

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return self._ends[-1]

    def add(self, record: Record) -> None:
        """Put a row behind the others.

        Raises:
            TypeError: it is no JSON (half a character, a number of more than 64 bits).
        """
        bad = isinstance(record, BadRow)
        text = orjson.dumps([record.where, record.reason] if isinstance(record, BadRow) else record)
        self._file.write(_BAD if bad else _GOOD)
        self._file.write(text)
        self._ends.append(self.size + 1 + len(text))

    def flush(self) -> None:
        """Make what was added readable."""
        self._file.flush()

    def __getitem__(self, index: int) -> Record:
        if not 0 <= index < len(self):
            raise IndexError(f"row {index} of {len(self)}")
        first, end = self._ends[index], self._ends[index + 1]
        raw = os.pread(self._file.fileno(), end - first, first)
        value = orjson.loads(raw[1:])
        if raw.startswith(_GOOD) and isinstance(value, dict):
            return value
        return BadRow(*value)

    def close(self) -> None:
        """Give the disk back."""
        self._file.close()
