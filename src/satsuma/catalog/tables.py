"""What a data file holds, as far as a description needs it: columns, a few rows cut short, how many rows.

The file is hostile until shown otherwise: it is read in bounded pieces, cells are cut while they are read, and what
cannot be read is a `DataError` with the file's name (this is the source reader's door: the libraries' own errors end
here). CSV and TSV, JSON Lines and JSON, Parquet. Not covered: compressed files, and reading all rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from satsuma.catalog.entry import MAX_COLUMNS, MAX_SAMPLE, Column, cell
from satsuma.errors import DataError

MAX_LINE = 64 << 20
"""Bytes of a line that is still read as a whole."""
COUNTED = 1 << 30
"""Bytes of a file whose rows are still counted."""


@dataclass(frozen=True, slots=True)
class Table:
    """What a file holds. width: columns in all. sample: cells as text. rows: None where they were not counted."""

    columns: tuple[Column, ...]
    width: int
    sample: tuple[Mapping[str, str], ...]
    rows: int | None


def read_table(path: Path) -> Table:
    """The file's columns and first rows.

    Raises:
        DataError: it is not what its name says, or cannot be read.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise DataError(f"{path} is of no kind that can be read", f"Known are {', '.join(sorted(_READERS))}.")
    try:
        return reader(path)
    except DataError:
        raise
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
    except Exception as error:  # what parsers raise of hostile bytes is beyond listing; a file must not end a build
        raise DataError(f"{path} cannot be read: {type(error).__name__}: {cell(str(error))}") from error


def is_data(path: Path) -> bool:
    """Whether `read_table` knows files of this name."""
    return path.suffix.lower() in _READERS


def table_of(names: list[str], types: list[str], rows: list[list[object]], count: int | None) -> Table:
    """A table from its cells; cells beyond the last column are left out."""
    kept = names[:MAX_COLUMNS]
    columns = tuple(Column(cell(n), cell(t)) for n, t in zip(kept, types[: len(kept)], strict=True))
    sample = tuple(
        {c.name: cell(v) for c, v in zip(columns, row, strict=False)} for row in rows[:MAX_SAMPLE]
    )  # fmt: skip
    return Table(columns, len(names), sample, count)


def joined(tables: list[Table]) -> Table:
    """Files of one dataset: the columns and sample of the first, the rows of all that have the same columns."""
    first, *others = tables
    counts = [t.rows for t in tables if t.columns == first.columns]
    known = [c for c in counts if c is not None]
    return replace(first, rows=sum(known) if len(known) == len(counts) else None) if others else first


def _readers() -> dict[str, Callable[[Path], Table]]:
    # Each reader is its own module and is loaded only where its kind of file turns up.
    def delimited(path: Path) -> Table:
        from satsuma.catalog.delimited import read_delimited

        return read_delimited(path, "\t" if path.suffix.lower() == ".tsv" else ",")

    def lines(path: Path) -> Table:
        from satsuma.catalog.jsonrows import read_json_lines

        return read_json_lines(path)

    def parquet(path: Path) -> Table:
        from satsuma.catalog.parquet import read_parquet

        return read_parquet(path)

    return {
        ".csv": delimited,
        ".tsv": delimited,
        ".jsonl": lines,
        ".ndjson": lines,
        ".json": lines,
        ".parquet": parquet,
    }


_READERS = _readers()
