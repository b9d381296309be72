"""CSV and TSV (RFC 4180, and what people write instead): rows of text under the names of the first line.

CSV knows no types, so every value is text, as it stands: `007` stays `007`. A field in quotes may hold delimiters,
doubled quotes and line ends. Broken quoting costs the row that is broken and no other: if a quote is never closed, or
only so far below that a row could not be so large, the line where it opens is a bad row and reading goes on with the
next line. A row with too few or too many fields is a bad row.

In CSV the delimiter is whichever of comma, semicolon, tab and bar stands most often in the first line. In TSV a line
is a row, whatever quotes it holds. Not covered: files without a line of names, comments, other quotes.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from satsuma.errors import SourceError
from satsuma.sources.rows import ROW_BYTES, BadRow, Record, Report, quoted, unique
from satsuma.sources.text import Line, lines

ROW_LINES = 2000
"""Lines of a row at most."""
_QUOTED = re.compile(r'"([^"]*(?:""[^"]*)*)"(?!")')


def read_csv(path: Path, report: Report) -> Iterator[Record]:
    """The rows of a CSV file.

    Raises:
        SourceError: it is empty, no text, or cannot be opened.
    """
    source = _Lines(lines(path, report))
    first = source.take()
    if first is None or first.text is None:
        raise SourceError(f"{path}: its first line cannot be read" + (f": {first.problem}" if first else ""))
    source.back([first])
    delimiter = max(",;\t|", key=lambda sign: _QUOTED.sub("", first.text or "").count(sign))
    yield from _table(path, _records(source, delimiter))


def read_tsv(path: Path, report: Report) -> Iterator[Record]:
    """The rows of a TSV file.

    Raises:
        SourceError: it is empty, no text, or cannot be opened.
    """
    yield from _table(path, (_plain(line) for line in lines(path, report)))


class _Lines:
    """Lines that can be put back."""

    def __init__(self, source: Iterator[Line]) -> None:
        self._source = source
        self._back: deque[Line] = deque()

    def take(self) -> Line | None:
        return self._back.popleft() if self._back else next(self._source, None)

    def back(self, taken: list[Line]) -> None:
        self._back.extendleft(reversed(taken))

    def __iter__(self) -> Iterator[Line]:
        while (line := self.take()) is not None:
            yield line


_Fields = tuple[int, "list[str] | str"]
"""The line on which a row begins, and its fields or what is wrong with it."""


def _table(path: Path, records: Iterator[_Fields]) -> Iterator[Record]:
    """Records under the names of the first one."""
    names: list[str] | None = None
    for number, fields in records:
        where = f"{path.name}, line {number}"
        if isinstance(fields, str):
            if names is None:
                raise SourceError(f"{where}: the names of the columns cannot be read: {fields}")
            yield BadRow(where, fields)
        elif fields in ([], [""]):
            continue
        elif names is None:
            names = unique([name.strip() for name in fields])
        else:
            fields = _trimmed(fields, len(names))
            if len(fields) == len(names):
                yield dict(zip(names, fields, strict=True))
            else:
                counts = f"{len(fields):,} fields, the first line has {len(names):,}"
                yield BadRow(where, f"it has {counts}: {quoted(fields[0])}")


def _plain(line: Line) -> _Fields:
    """A line of TSV."""
    if line.text is None:
        return line.number, line.problem
    fields = line.text.removesuffix("\r").split("\t")
    return line.number, [_unquoted(f) for f in fields] if '"' in line.text else fields


def _unquoted(field: str) -> str:
    whole = _QUOTED.fullmatch(field)
    return whole[1].replace('""', '"') if whole else field


def _records(source: _Lines, delimiter: str) -> Iterator[_Fields]:
    width = 0
    for first in source:
        fields = _record(source, first, delimiter, width)
        width = width or len(fields)
        yield first.number, fields


def _record(source: _Lines, first: Line, delimiter: str, width: int) -> list[str] | str:
    """The row of CSV that begins with a line: as many lines as its quotes need. width: of the first row, 0 before."""
    if first.text is None:
        return first.problem
    fields = _split(first.text, delimiter)
    taken: list[Line] = []
    text = [first.text]
    size = len(first.text)
    while fields is None:
        line = source.take()
        if line is None or line.text is None or len(taken) >= ROW_LINES or size > ROW_BYTES:
            source.back([*taken, *([line] if line else [])])
            return f"a quote opens and is not closed, or only much later: {quoted(first.text)}"
        taken.append(line)
        text.append(line.text)
        size += len(line.text)
        if '"' in line.text:
            fields = _split("\n".join(text), delimiter)
    if taken and (isinstance(fields, str) or (width and len(_trimmed(fields, width)) != width)):
        source.back(taken)
        return fields if isinstance(fields, str) else f"a quote opens and closes in another row: {quoted(first.text)}"
    return fields


def _trimmed(fields: list[str], width: int) -> list[str]:
    """The fields without what a delimiter at the end of a row seems to begin."""
    return fields[:-1] if len(fields) == width + 1 and not fields[-1] else fields


def _split(text: str, delimiter: str) -> list[str] | str | None:
    """The fields of a row; a text says what is wrong with it, None that a quote is still open."""
    text = text.removesuffix("\r")
    if '"' not in text:
        return text.split(delimiter)
    fields: list[str] = []
    at = 0
    while True:
        if not text.startswith('"', at):
            end = text.find(delimiter, at)
            fields.append(text[at:] if end < 0 else text[at:end])
            if end < 0:
                return fields
        else:
            found = _QUOTED.match(text, at)
            if found is None:
                return None
            fields.append(found[1].replace('""', '"'))
            end = found.end()
            if end == len(text):
                return fields
            if not text.startswith(delimiter, end):
                return f"text follows a closing quote in field {len(fields)}: {quoted(text[end:])}"
        at = end + 1
