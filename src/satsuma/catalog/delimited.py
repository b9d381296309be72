"""CSV and TSV: the first row names the columns.

Lines are cut before the parser sees them, and a quotation that the cut left open is closed, so that neither a cell of
50 MB nor a stray quotation mark takes more than its own rows with it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from satsuma.catalog.entry import MAX_SAMPLE
from satsuma.catalog.pieces import lines_of
from satsuma.catalog.tables import COUNTED, Table, table_of
from satsuma.errors import DataError

LONGEST = 1 << 16
"""Bytes of a line; half of what the parser takes as one cell."""
HEADER = 1 << 20
"""Bytes of the header's line, which names the columns of a table however wide."""


def read_delimited(path: Path, delimiter: str) -> Table:
    """The columns, the first rows and the number of rows.

    Raises:
        DataError: it is empty or binary.
    """
    rows = _rows(path, delimiter)
    names = next(rows, None)
    if names is None:
        raise DataError(f"{path} is empty")
    names = _distinct(names)
    counts = path.stat().st_size <= COUNTED
    sample: list[list[object]] = []
    count: int | None = 0
    try:
        for row in rows:
            count = (count or 0) + 1
            if len(sample) < MAX_SAMPLE:
                sample.append(list(row))
            elif not counts:
                count = None
                break
    except csv.Error:
        count = None  # a quotation that is never closed: what was read before it stays
    return table_of(names, [""] * len(names), sample, count)


def _rows(path: Path, delimiter: str) -> Iterator[list[str]]:
    """The rows that are not blank."""
    return (row for row in csv.reader(_closed(path), delimiter=delimiter) if any(row))


def _closed(path: Path) -> Iterator[str]:
    for number, (line, whole) in enumerate(lines_of(path, HEADER)):
        if number and len(line) > LONGEST:
            line, whole = line[:LONGEST], False
        line = line.replace("\0", "")
        yield line if whole else f'{line}"\n' if line.count('"') % 2 else f"{line}\n"


def _distinct(names: list[str]) -> list[str]:
    """Names as columns need them: none empty, none twice."""
    found: dict[str, None] = {}
    for position, name in enumerate(names, 1):
        plain = " ".join(name.split()) or f"column {position}"
        found[plain if plain not in found else f"{plain} ({position})"] = None
    return list(found)
