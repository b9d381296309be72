"""Parquet: the columns of its schema, the first rows read as that schema has them.

A file that lies about its schema shows when its first rows are read, and is then unusable as a whole.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from satsuma.catalog.entry import MAX_COLUMNS, MAX_SAMPLE
from satsuma.catalog.tables import Table, table_of
from satsuma.errors import DataError

THRIFT_LIMIT = 64 << 20
"""Bytes and members that a footer may unfold to."""


def read_parquet(path: Path) -> Table:
    """The columns, the first rows and the number of rows.

    Raises:
        DataError: it is no Parquet file, is cut off, or is not what its schema says.
    """
    try:
        with pq.ParquetFile(
            path, thrift_string_size_limit=THRIFT_LIMIT, thrift_container_size_limit=THRIFT_LIMIT, pre_buffer=False
        ) as file:
            schema = file.schema_arrow
            names = [field.name for field in schema]
            rows = _first_rows(file, names[:MAX_COLUMNS]) if names else []
            return table_of(names, [str(field.type) for field in schema], rows, max(file.metadata.num_rows, 0))
    except (pa.ArrowException, ValueError, OverflowError, MemoryError) as error:
        raise DataError(f"{path} is not the Parquet that it says it is: {str(error)[:300]}") from error


def _first_rows(file: pq.ParquetFile, names: list[str]) -> list[list[object]]:
    for batch in file.iter_batches(batch_size=MAX_SAMPLE, columns=names):
        batch.validate(full=True)
        return [[row.get(name) for name in names] for row in batch.to_pylist()]
    return []
