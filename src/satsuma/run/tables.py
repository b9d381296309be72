"""One Parquet file, from rows: written under a hidden name, put in place whole, the same bytes for the same rows."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from satsuma.run.writer import ParquetFile, complete

if TYPE_CHECKING:
    import pyarrow as pa

    from satsuma.run.columns import Row


def write_table(path: Path, columns: pa.Schema, rows: Iterable[Row]) -> None:
    """Write the rows.

    Raises:
        RunError: they could not be written; what was there is still there.
    """
    with ParquetFile(path, columns) as file:
        for row in rows:
            file.add(row)
        complete(file)
