"""Single rows of a Parquet file without reading all of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from satsuma.errors import RunError

if TYPE_CHECKING:
    import pyarrow.parquet as pq

    from satsuma.run.columns import Row


def first_rows(path: Path, count: int) -> list[Row]:
    """The first rows of a file; none if there is no file.

    Raises:
        RunError: it cannot be read.
    """
    return _rows(path, count, None)


def rows_of(path: Path, identifier: str) -> list[Row]:
    """The rows whose `id` is the identifier, in order; none if there is no file.

    Raises:
        RunError: it cannot be read.
    """
    return _rows(path, None, identifier)


def _rows(path: Path, count: int | None, identifier: str | None) -> list[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.exists():
        return []
    found: list[Row] = []
    try:
        with pq.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                if count is not None and len(found) >= count:
                    break
                found += _matching(file, group, identifier, count)
    except (OSError, pa.ArrowInvalid) as error:
        raise RunError(f"{path} cannot be read: {error}", "Run the same `satsuma generate` command again.") from error
    return found if count is None else found[:count]


def _matching(file: pq.ParquetFile, group: int, identifier: str | None, count: int | None) -> list[Row]:
    import pyarrow.compute as pc

    if identifier is None:
        rows: list[Row] = file.read_row_group(group).slice(0, count).to_pylist()
        return rows
    hits = pc.equal(file.read_row_group(group, columns=["id"]).column("id"), identifier)
    if not pc.any(hits).as_py():
        return []
    matching: list[Row] = file.read_row_group(group).filter(hits).to_pylist()
    return matching
