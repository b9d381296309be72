"""Cells of a journal in less room: what a compacted journal (format 2) has beside the plain ones.

The requests of a run repeat their prompts, so a request shrinks to a tenth with a preset dictionary (zlib's, RFC 1950)
that has one request of each step; without one it halves. A shortened cell is a blob: `MARK`, a byte that no UTF-8 has,
and a raw deflate stream. Every other cell is as it always was, so that a run goes on in a compacted journal with plain
rows behind the shortened ones.

Only `satsuma journal compact` shortens: a run's own journal stays legible for `sqlite3`. Measured on COPA (requests of
1.8 kB): 24 µs to shorten one at level 6, 5 µs to restore it, 1,825 bytes to 172. zstd would be faster and no smaller,
and is no part of Python before 3.14.

Nothing is proved here: the checksum and the key of a row are those of its plain cells. The dictionary, without which
nothing could be restored, is there twice, each with its checksum.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from satsuma.errors import JournalError

MARK = b"\xff"
WINDOW = 13
"""Binary logarithm of the bytes that a stream can refer back to: with zlib's 15, its start takes 80 µs."""
MEMORY = 6
LEVEL = 6
MOST = (1 << WINDOW) - 262
"""Bytes of a dictionary that zlib can use."""
WORTH = 0.9
"""A cell that is not smaller than this part of its plain form stays plain."""

CREATE_DICTIONARY = "CREATE TABLE dictionary (id INTEGER PRIMARY KEY, checksum INTEGER NOT NULL, body BLOB NOT NULL)"
INSERT_DICTIONARY = "INSERT INTO dictionary (checksum, body) VALUES (?, ?)"
_SELECT_DICTIONARY = "SELECT checksum, body FROM dictionary ORDER BY id"


class Cells:
    """Shortens and restores cells with one dictionary."""

    def __init__(self, dictionary: bytes = b"") -> None:
        self.dictionary = dictionary

    def shortened(self, plain: bytes) -> bytes | None:
        """A cell in less room; None if that is not worth it."""
        stream = zlib.compressobj(LEVEL, zlib.DEFLATED, -WINDOW, MEMORY, zlib.Z_DEFAULT_STRATEGY, self.dictionary)
        short = MARK + stream.compress(plain) + stream.flush()
        return short if len(short) < WORTH * len(plain) else None

    def restored(self, cell: object) -> object:
        """The plain cell; a damaged one as it is, which no checksum fits."""
        if not isinstance(cell, bytes) or cell[:1] != MARK:
            return cell
        try:
            return zlib.decompressobj(-WINDOW, self.dictionary).decompress(cell[1:])
        except zlib.error:
            return cell

    def row(self, row: Sequence[object], *places: int) -> tuple[object, ...]:
        """A row with the cells at these places restored."""
        plain = list(row)
        for place in places:
            plain[place] = self.restored(plain[place])
        return tuple(plain)


def dictionary_of(samples: Iterable[bytes]) -> bytes:
    """A dictionary of samples, the most frequent kind last, where a stream reaches it with the shortest distances."""
    return b"".join(samples)[-MOST:]


def keep(connection: sqlite3.Connection, dictionary: bytes) -> None:
    """Write a dictionary into a journal that has none."""
    connection.execute(CREATE_DICTIONARY)
    for _ in range(2):
        connection.execute(INSERT_DICTIONARY, (zlib.crc32(dictionary), dictionary))


def cells_of(path: Path, connection: sqlite3.Connection, plain_format: int) -> Cells:
    """What restores the cells of a journal.

    Raises:
        JournalError: both copies of its dictionary are damaged.
    """
    if connection.execute("PRAGMA user_version").fetchone()[0] <= plain_format:
        return Cells()
    for checksum, body in connection.execute(_SELECT_DICTIONARY):
        if isinstance(body, bytes) and zlib.crc32(body) == checksum:
            return Cells(body)
    raise JournalError(
        f"the journal {path} is damaged: the dictionary that its replies were shortened with cannot be read",
        "Restore the file from a copy, or delete it to ask everything again.",
    )
