"""One Parquet file, from rows: written under a hidden name, put in place whole, the same bytes for the same rows."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from satsuma.run.atomic import part_of, put_in_place, writing
from satsuma.run.writer import ParquetFile

if TYPE_CHECKING:
    import pyarrow as pa

    from satsuma.run.columns import Row


def write_table(path: Path, columns: pa.Schema, rows: Iterable[Row]) -> None:
    """Write the rows.

    Raises:
        RunError: they could not be written; what was there is still there.
    """
    file = ParquetFile(path, columns)
    try:
        for row in rows:
            file.add(row)
        file.finish()
        with writing(path):
            put_in_place(part_of(path), path)
    finally:
        file.discard()
