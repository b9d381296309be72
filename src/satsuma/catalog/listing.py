"""A JSON Lines file of dataset cards. Only `name` and `description` are required; see `entry.py` for the rest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson

from satsuma.catalog.entry import Entry, cell, entry_from
from satsuma.catalog.filters import Dropped
from satsuma.catalog.pieces import lines_of
from satsuma.errors import DataError

LONGEST = 4 << 20
"""Bytes of one card."""
_HINT = 'A catalog is JSON Lines: {"name": "...", "description": "..."} on each line.'


def entries_of_listing(path: Path) -> Iterator[Entry | Dropped]:
    """The cards in a file, in its order.

    Raises:
        DataError: it cannot be read, or a line is not a card.
    """
    try:
        for number, (line, whole) in enumerate(lines_of(path, LONGEST), 1):
            if line.strip():
                yield _entry(f"{path}:{number}", line, whole)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error


def _entry(where: str, line: str, whole: bool) -> Entry | Dropped:
    if not whole:
        return Dropped(where, f"is a card of more than {LONGEST >> 20} MB")
    try:
        said = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise DataError(f"{where} is not JSON: {error}", _HINT) from None
    if not isinstance(said, dict):
        raise DataError(f"{where} is not a dataset card but {cell(said, 40)!r}", _HINT)
    entry = entry_from(said)
    if not entry.name:
        raise DataError(f"{where} has no name", _HINT)
    return entry
