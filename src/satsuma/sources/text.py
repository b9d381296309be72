"""Lines of text files, whatever their encoding, plain or compressed with gzip, never more than one line in memory.

The encoding: a byte order mark decides (UTF-8, UTF-16, UTF-32). Without one a line is UTF-8, and where it is not,
that line is Windows-1252 (which is Latin-1 and the typographic signs besides), and the report says how many were. So
a file that was put together from several encodings is read line by line as what each line is.

A line ends with a line feed. A line of more than `ROW_BYTES` is passed over and told. A file that holds zero bytes
without a mark is no text. Not covered: UTF-16 without a mark, lines that end with a carriage return alone.
"""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from satsuma.errors import SourceError
from satsuma.sources.rows import ROW_BYTES, Report

PEEK = 4096
"""Bytes that are looked at to tell what a file is."""
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SIGNS = {
    code: bytes([code]).decode("cp1252") for code in range(0x80, 0xA0) if code not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}


@dataclass(frozen=True, slots=True)
class Line:
    """A line. number: from 1. text: without its end; None if it cannot be read. problem: why."""

    number: int
    text: str | None
    problem: str = ""


def lines(path: Path, report: Report) -> Iterator[Line]:
    """The lines of a file.

    Raises:
        SourceError: it cannot be opened, is empty, or is no text.
    """
    with opened(path) as stream:
        encoding = _encoding(path, stream)
        wide = encoding in ("utf-16", "utf-32")
        source: IO[bytes] = _Narrow(stream, encoding) if wide else stream  # type: ignore[assignment]
        if encoding == "utf-8-sig":
            stream.read(len(codecs.BOM_UTF8))
        number = others = 0
        try:
            while raw := source.readline(ROW_BYTES + 1):
                number += 1
                if len(raw) > ROW_BYTES and not raw.endswith(b"\n"):
                    _skip(source)
                    yield Line(number, None, f"it has more than {ROW_BYTES >> 20} MB")
                    continue
                text, other = _decoded(raw)
                others += other
                yield Line(number, text)
        except (OSError, EOFError, zlib.error, UnicodeError) as error:
            yield Line(number + 1, None, f"the file cannot be read beyond this point: {error}")
    if others:
        report.notes.append(f"{others:,} lines of {path.name} are not UTF-8 and were read as Windows-1252")


def whole(path: Path, limit: int) -> str:
    """All of a file of at most `limit` bytes.

    Raises:
        SourceError: it cannot be opened, is empty, too large, or no text.
    """
    with opened(path) as stream:
        encoding = _encoding(path, stream)
        try:
            raw = stream.read(limit + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise SourceError(f"{path}: it cannot be unpacked: {error}") from error
    if len(raw) > limit:
        raise SourceError(f"{path} has more than {limit >> 20} MB", "write it as JSON Lines, an object per line")
    return _decoded(raw)[0] if encoding == "utf-8" else raw.decode(encoding, "replace")


@contextmanager
def opened(path: Path) -> Iterator[io.BufferedReader]:
    """A file's bytes, unpacked if its name ends with `.gz`.

    Raises:
        SourceError: it cannot be opened.
    """
    try:
        with path.open("rb") as raw:
            if path.suffix.lower() != ".gz":
                yield raw
                return
            with gzip.GzipFile(fileobj=raw) as unpacked:
                yield io.BufferedReader(unpacked)
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror or error}") from error


def _encoding(path: Path, stream: io.BufferedReader) -> str:
    try:
        head = stream.peek(PEEK)[:PEEK]
    except (OSError, EOFError, zlib.error) as error:
        raise SourceError(f"{path}: it cannot be unpacked: {error}") from error
    if not head:
        raise SourceError(f"{path} is empty")
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    if b"\0" in head:
        raise SourceError(f"{path} is not text: it has zero bytes", "convert it, or leave it out of the folder")
    return "utf-8"


def _decoded(raw: bytes) -> tuple[str, bool]:
    """A line's text, and whether it was not UTF-8."""
    raw = raw.removesuffix(b"\n")
    try:
        return raw.decode("utf-8"), False
    except UnicodeDecodeError:
        return raw.decode("latin-1").translate(_SIGNS), True


def _skip(source: IO[bytes]) -> None:
    """Pass over the rest of a line."""
    while (rest := source.readline(ROW_BYTES)) and not rest.endswith(b"\n"):
        pass


class _Narrow:
    """A file in a wide encoding, as UTF-8 lines."""

    def __init__(self, stream: io.BufferedReader, encoding: str) -> None:
        self._text = io.TextIOWrapper(stream, encoding, errors="replace", newline="\n")

    def readline(self, size: int) -> bytes:
        """At most `size` characters of a line."""
        return self._text.readline(size).encode("utf-8", "replace")
