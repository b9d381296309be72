"""The dataset and the rejects, written as they come, the same bytes for the same rows.

A row group is closed after `GROUP_ROWS` rows or `GROUP_BYTES` bytes, whichever is first: both depend on the
rows alone, so that neither timing nor batching shows in the file, and memory holds one row group however many rows
there are. Everything is written under hidden names and renamed by `complete`; until then the previous files are
untouched.

Not covered: the same bytes from another version of pyarrow (run.json records which one).
"""

from __future__ import annotations

import io
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, Self, TypeAlias

import orjson
import pyarrow as pa
import pyarrow.json as pj
import pyarrow.parquet as pq

from satsuma.run.atomic import part_of, put_in_place, writing
from satsuma.run.columns import REJECTS, Row, schema, to_reject_row, to_row
from satsuma.run.directory import RunDirectory
from satsuma.task.card import Card
from satsuma.task.instance import Instance, Reject
from satsuma.task.written import Written

_POOL = pa.system_memory_pool()
"""Arrow's own pool keeps some 40 MB more than it uses."""
GROUP_ROWS = 512
GROUP_BYTES = 32 * 1024 * 1024
COMPRESSION = "zstd"


class ParquetFile:
    """One Parquet file in the making: rows in, row groups out.

    A context manager: leaving it before `complete` leaves the previous file as it was.
    """

    def __init__(self, path: Path, columns: pa.Schema) -> None:
        """Open the hidden file.

        Raises:
            RunError: it cannot be written.
        """
        self.path = path
        self.rows = 0
        self._columns = columns
        self._pending: list[bytes] = []
        self._bytes = 0
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = part_of(path).open("wb")
            self._writer = pq.ParquetWriter(self._file, columns, compression=COMPRESSION, memory_pool=_POOL)

    def add(self, row: Row) -> None:
        """Append a row.

        Raises:
            RunError: a row group could not be written.
        """
        self.add_line(line_of(row))

    def add_line(self, line: bytes) -> None:
        """Append a row that is JSON already (`line_of`).

        Raises:
            RunError: a row group could not be written.
        """
        self._pending.append(line)
        self._bytes += len(line)
        self.rows += 1
        if len(self._pending) >= GROUP_ROWS or self._bytes >= GROUP_BYTES:
            self._flush()

    def finish(self) -> None:
        """Write what is pending and the footer.

        Raises:
            RunError: it could not be written.
        """
        self._flush()
        with writing(self.path):
            self._writer.close()
            self._file.close()

    def discard(self) -> None:
        """Close and remove the hidden file, if it is still there."""
        with suppress(OSError, ValueError):  # of a disk that is full, or a file that is closed
            self._writer.close()
        self._writer.is_open = False
        with suppress(OSError):
            self._file.close()
        part_of(self.path).unlink(missing_ok=True)

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Remove what was not completed."""
        self.discard()

    def _flush(self) -> None:
        if not self._pending:
            return
        table = _table(b"".join(self._pending), self._columns)
        with writing(self.path):
            self._writer.write_table(table, row_group_size=len(self._pending))
        self._pending = []
        self._bytes = 0


def _table(lines: bytes, columns: pa.Schema) -> pa.Table:
    """The rows as Arrow reads them from JSON; `pa.array` would import pandas, where it is installed."""
    return pj.read_json(
        io.BytesIO(lines),
        read_options=pj.ReadOptions(use_threads=False, block_size=len(lines) + 1),
        parse_options=pj.ParseOptions(explicit_schema=columns, unexpected_field_behavior="error"),
        memory_pool=_POOL,
    )


class JsonLines:
    """The same rows as lines of JSON. A context manager, as `ParquetFile` is."""

    def __init__(self, path: Path) -> None:
        """Open the hidden file.

        Raises:
            RunError: it cannot be written.
        """
        self.path = path
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: IO[bytes] = part_of(path).open("wb")

    def add(self, row: Row) -> None:
        """Append a row.

        Raises:
            RunError: it could not be written.
        """
        self.add_line(line_of(row))

    def add_line(self, line: bytes) -> None:
        """Append a row that is JSON already (`line_of`).

        Raises:
            RunError: it could not be written.
        """
        with writing(self.path):
            self._file.write(line)

    def finish(self) -> None:
        """Write what is pending.

        Raises:
            RunError: it could not be written.
        """
        with writing(self.path):
            self._file.close()

    def discard(self) -> None:
        """Close and remove the hidden file, if it is still there."""
        with suppress(OSError):
            self._file.close()
        part_of(self.path).unlink(missing_ok=True)

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Remove what was not completed."""
        self.discard()


def line_of(row: Row) -> bytes:
    """A row as JSON, with the end of its line."""
    return orjson.dumps(row) + b"\n"  # a copy: what orjson returns holds a buffer of many times the size


Sink: TypeAlias = ParquetFile | JsonLines


def complete(*files: Sink) -> None:
    """Finish the files, and when all of them are written, put each in its place.

    Raises:
        RunError: one could not be written (all previous ones are still there), or could not be put in place.
    """
    for file in files:
        file.finish()
    for file in files:
        with writing(file.path):
            put_in_place(part_of(file.path), file.path)


class DatasetWriter:
    """Writes data/train.parquet and rejects.parquet, and data/train.jsonl if asked for.

    A data/train.jsonl that is there already is written too, so that it cannot go stale.
    A context manager: leaving it without `commit` leaves the previous dataset as it was.
    """

    def __init__(self, directory: RunDirectory, card: Card, *, jsonl: bool = False) -> None:
        """Open the hidden files.

        Raises:
            RunError: one cannot be written.
        """
        self._directory = directory
        self._card = card
        lines = directory.data_path("train", "jsonl")
        with ExitStack() as opened:
            self._train = opened.enter_context(ParquetFile(directory.data_path("train"), schema(card)))
            self._rejects = opened.enter_context(ParquetFile(directory.rejects_path, REJECTS))
            self._lines = opened.enter_context(JsonLines(lines)) if jsonl or lines.exists() else None
            self._opened = opened.pop_all()

    def accept(self, instance: Instance | Written) -> bytes:
        """Append an instance; call it in index order. Returns its row as JSON.

        Raises:
            RunError: it could not be written.
        """
        line = instance.row if isinstance(instance, Written) else line_of(to_row(instance, self._card))
        self._train.add_line(line)
        if self._lines is not None:
            self._lines.add_line(line)
        return line

    def reject(self, reject: Reject) -> None:
        """Append a reject; call it in index order.

        Raises:
            RunError: it could not be written.
        """
        self._rejects.add(to_reject_row(reject))

    def commit(self) -> dict[str, str]:
        """Put all files in the place of the previous ones; returns path in the directory → sha256.

        Raises:
            RunError: one could not be written; the previous dataset is still there.
        """
        complete(*(f for f in (self._train, self._lines, self._rejects) if f is not None))
        return self._directory.hashes()

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Remove whatever was not committed."""
        self._opened.close()
