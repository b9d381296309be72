"""JSON Lines and JSON: one object is one row.

A `.json` file is a list of objects, an object that holds one (its longest list of objects is taken: `data`,
`examples`, `rows`), an object of columns of equal length, or, as is common, JSON Lines under the wrong name. NaN and
infinities, which Python writes and JSON does not know, are null. A line that is no object is a bad row.

JSON Lines are read line by line. A `.json` file is read whole, up to `WHOLE`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import orjson

from satsuma.errors import SourceError
from satsuma.llm.request import Json
from satsuma.sources.rows import ROW_BYTES, BadRow, Record, Report, as_json, quoted
from satsuma.sources.text import lines, whole

WHOLE = 128 << 20
"""Bytes of a `.json` file at most."""
_KINDS = {str: "text", int: "a number", float: "a number", bool: "true or false", list: "a list", type(None): "null"}


def read_jsonl(path: Path, report: Report) -> Iterator[Record]:
    """The rows of a file of JSON Lines.

    Raises:
        SourceError: it is empty, no text, or cannot be opened.
    """
    for line in lines(path, report):
        where = f"{path.name}, line {line.number}"
        if line.text is None:
            yield BadRow(where, line.problem)
        elif line.text.strip():
            yield _row(where, line.text)


def read_json(path: Path, report: Report) -> Iterator[Record]:
    """The rows of a JSON file.

    Raises:
        SourceError: it is empty, too large, no JSON, or holds no rows.
    """
    if _is_lines(path):
        yield from read_jsonl(path, report)
        return
    try:
        value = _parsed(whole(path, WHOLE))
    except ValueError as error:
        raise SourceError(f"{path} is not JSON: {error}") from error
    name, rows = _rows(path, value)
    if name:
        report.notes.append(f"the rows of {path.name} are its list {quoted(name)}")
    for number, row in enumerate(rows):
        where = f"{path.name}, row {number}"
        if not isinstance(row, Mapping):
            yield BadRow(where, f"it is {_KINDS[type(row)]}, not an object")
        elif len(orjson.dumps(row)) > ROW_BYTES:
            yield BadRow(where, f"it has more than {ROW_BYTES >> 20} MB")
        else:
            yield dict(row)


def _row(where: str, text: str) -> Record:
    try:
        row = _parsed(text)
    except ValueError as error:
        return BadRow(where, f"it is not JSON ({error}): {quoted(text)}")
    if not isinstance(row, dict):
        return BadRow(where, f"it is {_KINDS[type(row)]}, not an object: {quoted(text)}")
    return row


def _parsed(text: str) -> Json:
    """JSON, strictly first and then as Python writes it.

    Raises:
        ValueError: it is neither.
    """
    try:
        strict: Json = orjson.loads(text)
    except orjson.JSONDecodeError:
        try:
            tolerant = json.loads(text, parse_constant=lambda _: None)
        except RecursionError:
            raise ValueError("it is nested too deeply") from None
        loose = as_json(tolerant)
        try:
            orjson.dumps(loose)
        except TypeError as error:  # half a character, a number of more than 64 bits
            raise ValueError(str(error)) from None
        return loose
    return strict


def _is_lines(path: Path) -> bool:
    """True if the first line is an object of its own and another one follows."""
    found = [line.text for line, _ in zip(lines(path, Report()), range(2), strict=False)]
    if len(found) < 2 or not found[0] or not found[1]:
        return False
    try:
        return all(isinstance(_parsed(text), dict) for text in found if text)
    except ValueError:
        return False


def _rows(path: Path, value: Json) -> tuple[str, list[Json]]:
    """The rows that a JSON value holds, and the name of the list where it has one."""
    if isinstance(value, list):
        return "", value
    if isinstance(value, dict):
        lists = {name: inner for name, inner in value.items() if isinstance(inner, list)}
        objects = {name: inner for name, inner in lists.items() if inner and all(isinstance(i, dict) for i in inner)}
        if objects:
            name = max(objects, key=lambda name: len(objects[name]))
            return name, objects[name]
        if lists and len(lists) == len(value) and len({len(inner) for inner in lists.values()}) == 1:
            return "", [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]
    raise SourceError(f"{path} holds no list of objects", "one object per row, in a list, or JSON Lines")
