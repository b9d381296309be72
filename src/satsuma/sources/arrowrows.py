"""Parquet and Arrow files, as `datasets` writes both: typed rows.

Columns of bytes (images, sounds and files among them, also inside lists and structs) are never read, and named in the
report. Where a file says so in the way of `datasets`, a column of numbers has the names that they stand for.

A few rows are in memory at a time, by what the file says about their size. What cannot be read, because the file ends
early or is not what its schema says, is one bad row for the whole batch; a file of which nothing can be read is an
error. Not covered: a file that is made to break Arrow itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from satsuma.errors import SourceError
from satsuma.sources.rows import ROW_BYTES, BadRow, Record, Report, as_json, unique

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_BYTES = 16 << 20
"""Bytes of a batch, about."""
BATCH_ROWS = 1024
"""Rows of a batch at most."""


def read_parquet(path: Path, report: Report) -> Iterator[Record]:
    """The rows of a Parquet file.

    Raises:
        SourceError: it cannot be opened, or its schema cannot be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path, memory_map=True) as file:
            schema = file.schema_arrow  # made anew each time that one asks for it
            kept, all_names = _columns(schema, report), schema.names
            names = [all_names[number] for number in kept]
            for group in range(file.num_row_groups):
                about = file.metadata.row_group(group)
                size = about.total_byte_size // max(1, about.num_rows)
                count = max(1, min(BATCH_ROWS, BATCH_BYTES // max(1, size)))
                batches = file.iter_batches(batch_size=count, row_groups=[group], columns=names)
                yield from _safely(f"{path.name}, row group {group}", lambda b=batches: next(b, None))  # type: ignore[misc]
    except (pa.ArrowException, OSError, ValueError) as error:
        raise SourceError(f"{path} cannot be read as Parquet: {_short(error)}") from error


def read_arrow(path: Path, report: Report) -> Iterator[Record]:
    """The rows of an Arrow file, in the stream format or in the file format (Feather).

    Raises:
        SourceError: it cannot be opened, or its schema cannot be read.
    """
    import pyarrow as pa

    try:
        with pa.memory_map(str(path)) as source:
            try:
                reader = pa.ipc.open_stream(source)
                batches = iter(reader)
            except pa.ArrowInvalid:
                source.seek(0)
                reader = pa.ipc.open_file(source)
                batches = (reader.get_batch(i) for i in range(reader.num_record_batches))
            kept = _columns(reader.schema, report)
            yield from _safely(path.name, lambda: _checked(next(batches, None), kept))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise SourceError(f"{path} cannot be read as Arrow: {_short(error)}") from error


def _checked(batch: pa.RecordBatch | None, kept: list[int]) -> pa.RecordBatch | None:
    """A batch whose buffers are what they say, since a memory map brings them as they lie in the file."""
    if batch is None:
        return None
    chosen = batch.select(kept)
    chosen.validate(full=True)
    return chosen


def _columns(schema: pa.Schema, report: Report) -> list[int]:
    """The numbers of the columns that are read."""
    features = _features(schema)
    kept = []
    for number, field in enumerate(schema):
        feature = features.get(field.name)
        kind = feature.get("_type") if isinstance(feature, dict) else None
        if kind in ("Image", "Audio", "Video", "Pdf"):
            report.dropped[field.name] = str(kind).lower()
        elif _holds_bytes(field.type):
            report.dropped[field.name] = "binary"
        else:
            kept.append(number)
            if kind == "ClassLabel" and isinstance(feature, dict):
                report.labels[field.name] = tuple(str(name) for name in feature.get("names") or ())
    return kept


def _features(schema: pa.Schema) -> dict[str, object]:
    """What `datasets` has written about the columns."""
    try:
        told = json.loads((schema.metadata or {})[b"huggingface"])
        features = told["info"]["features"]
    except (KeyError, TypeError, ValueError):
        return {}
    return features if isinstance(features, dict) else {}


def _holds_bytes(kind: pa.DataType) -> bool:
    import pyarrow as pa

    if isinstance(kind, pa.BaseExtensionType):
        return _holds_bytes(kind.storage_type)
    if pa.types.is_dictionary(kind):
        return _holds_bytes(kind.value_type)
    if kind.num_fields:
        return any(_holds_bytes(kind.field(i).type) for i in range(kind.num_fields))
    names = ("binary", "large_binary", "binary_view")
    return str(kind) in names or pa.types.is_fixed_size_binary(kind)


def _safely(where: str, take: Callable[[], pa.RecordBatch | None]) -> Iterator[Record]:
    """The rows of batch after batch; the first one that cannot be read is a bad row, and the last."""
    import pyarrow as pa

    while True:
        try:
            batch = take()
        except (pa.ArrowException, OSError, ValueError) as error:
            yield BadRow(where, f"from here on it cannot be read: {_short(error)}")
            return
        if batch is None:
            return
        step = max(1, min(BATCH_ROWS, BATCH_BYTES * max(1, batch.num_rows) // max(1, batch.nbytes)))
        for first in range(0, batch.num_rows, step):
            yield from _rows(where, batch.slice(first, step))


def _rows(where: str, batch: pa.RecordBatch) -> Iterator[Record]:
    names = unique(batch.schema.names)
    try:
        columns = [column.to_pylist() for column in batch.columns]
    except (ValueError, OverflowError) as error:
        if batch.num_rows == 1:
            yield BadRow(where, f"a row is not what the schema says: {_short(error)}")
            return
        for number in range(batch.num_rows):
            yield from _rows(where, batch.slice(number, 1))
        return
    for values in zip(*columns, strict=True):
        large = sum(len(value) for value in values if isinstance(value, str)) > ROW_BYTES
        if large:
            yield BadRow(where, f"a row has more than {ROW_BYTES >> 20} MB")
        else:
            yield {name: as_json(value) for name, value in zip(names, values, strict=True)}


def _short(error: Exception) -> str:
    return str(error).split("\n", 1)[0][:300]
