"""Text files in bounded pieces: the encoding guessed from the first bytes, lines that never exceed a limit.

UTF-8 with or without a byte order mark, UTF-16 with one; a line that is not UTF-8 is read as Windows-1252, so a file
may mix encodings. Not covered: other encodings, which become legible nonsense rather than an error.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

from satsuma.errors import DataError

PIECE = 1 << 16
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def lines_of(path: Path, longest: int) -> Iterator[tuple[str, bool]]:
    """The lines with their ends, and whether each is whole; one longer than `longest` bytes is cut there.

    Raises:
        DataError: the file is binary.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        start = file.read(4096)
        mark, encoding = next(((m, e) for m, e in _MARKS if start.startswith(m)), (b"", "utf-8"))
        if encoding == "utf-8" and b"\0" in start:
            raise DataError(f"{path} is binary, not text")
    if encoding == "utf-8":
        yield from _bytes_lines(path, longest, len(mark))
        return
    with path.open(encoding="utf-16", errors="replace", newline="") as text:
        while line := text.readline(longest):
            whole = len(line) < longest or line.endswith("\n")
            yield line, whole
            while not whole and (rest := text.readline(PIECE)) and not rest.endswith("\n"):
                pass


def _bytes_lines(path: Path, longest: int, skip: int) -> Iterator[tuple[str, bool]]:
    with path.open("rb") as file:
        file.seek(skip)
        while line := file.readline(longest):
            whole = len(line) < longest or line.endswith(b"\n")
            yield decoded(line), whole
            while not whole and (rest := file.readline(PIECE)) and not rest.endswith(b"\n"):
                pass


def decoded(line: bytes) -> str:
    """A line of a file that is UTF-8, or was meant to be."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")


def count_lines(path: Path) -> int:
    """The lines of a file that have something in them."""
    count, blank = 0, True
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            parts = block.split(b"\n")
            for part in parts[:-1]:
                count += not blank or bool(part.strip())
                blank = True
            blank = blank and not parts[-1].strip()
    return count + (not blank)
