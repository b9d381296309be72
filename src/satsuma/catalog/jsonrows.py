"""JSON Lines, and JSON that is one list of objects: the columns are the keys of the first rows, in order.

A line that is no JSON makes the file unusable if it comes first; later ones are for whoever reads the rows. A row that
is no object has one column, `value`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson

from satsuma.catalog.entry import MAX_COLUMNS, MAX_SAMPLE, cell
from satsuma.catalog.pieces import count_lines, lines_of
from satsuma.catalog.tables import COUNTED, MAX_LINE, Table, table_of
from satsuma.errors import DataError

_TYPES = {str: "str", int: "int", float: "float", bool: "bool", list: "list", dict: "dict"}
_LOOKED_AT = 20
"""Rows whose keys are columns."""


def read_json_lines(path: Path) -> Table:
    """The columns, the first rows and the number of rows.

    Raises:
        DataError: it is empty, binary, or not JSON.
    """
    if path.stat().st_size == 0:
        raise DataError(f"{path} is empty")
    if path.suffix.lower() == ".json" and (listed := _list(path)) is not None:
        return _table(listed[:_LOOKED_AT], len(listed))
    rows = list(_first_rows(path))
    return _table(rows, count_lines(path) if path.stat().st_size <= COUNTED else None)


def _list(path: Path) -> list[object] | None:
    """The rows of a file that is one list; None if it is none, or too large to be read at once."""
    if path.stat().st_size > MAX_LINE:
        return None
    try:
        found = orjson.loads(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, list) else None


def _first_rows(path: Path) -> Iterator[object]:
    found = 0
    for number, (line, whole) in enumerate(lines_of(path, MAX_LINE), 1):
        if not line.strip():
            continue
        if not whole:
            raise DataError(f"{path}:{number}: a row is longer than {MAX_LINE >> 20} MB")
        try:
            yield orjson.loads(line)
        except orjson.JSONDecodeError as error:
            if not found:
                raise DataError(f"{path}:{number}: not JSON: {error}") from None
            return
        found += 1
        if found == _LOOKED_AT:
            return
    if not found:
        raise DataError(f"{path} is empty")


def _table(rows: list[object], count: int | None) -> Table:
    kept = [row if isinstance(row, dict) else {"value": row} for row in rows]
    types: dict[str, str] = {}
    for row in kept:
        for name, value in row.items():
            if not types.get(name):
                types[name] = _TYPES.get(type(value), "")
    names = list(types)
    shown = names[:MAX_COLUMNS]
    sample: list[list[object]] = [[row.get(name) for name in shown] for row in kept[:MAX_SAMPLE]]
    return table_of([cell(n) for n in names], list(types.values()), sample, count)
