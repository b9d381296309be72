"""Texts of a user's own, from a list or a file: read whole, trimmed, each once, in the order in which they stand.

A file is told by its name's ending: `.txt` has a text on each line; `.jsonl` (`.ndjson`) a JSON string, or an object
with a field `text`, on each; `.csv` and `.tsv` have a header, `.parquet` has columns. FILE:COLUMN names another field
or column than `text`; a table of one column needs no name. Blank texts are left out, and so are those that say the same
as an earlier one, character by character; how many there were of both is told.

This is a source reader: foreign exceptions end here as `DataError`. Not covered: other encodings than UTF-8,
compressed files, folders.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from satsuma.errors import DataError, SettingsError

Source: TypeAlias = "str | Path | Sequence[str]"
"""A file, FILE:COLUMN, or the texts themselves."""
COLUMN = "text"
HASH_PREFIX = "t1-"
"""Names the algorithm: blake2b, 128 bits, over the texts in order, each with its length before it."""
_LISTED = 8


def hash_of(texts: Sequence[str]) -> str:
    """The content hash of texts in their order."""
    hashed = hashlib.blake2b(digest_size=16)
    for text in texts:
        data = text.encode("utf-8", "surrogatepass")
        hashed.update(len(data).to_bytes(8, "big"))
        hashed.update(data)
    return HASH_PREFIX + hashed.hexdigest()


@dataclass(frozen=True, slots=True)
class Texts:
    """What was found: the texts, and how many more were left out for being blank or for being there already."""

    texts: tuple[str, ...]
    blank: int = 0
    repeats: int = 0

    def left_out(self) -> str:
        """What was left out, in words; empty if nothing was."""
        parts = [(self.repeats, "there already"), (self.blank, "blank")]
        told = [f"{count:,} {'is' if count == 1 else 'are'} {what}" for count, what in parts if count]
        return " and ".join(told)


def texts_from(source: Source, option: str) -> Texts:
    """The texts of a file or a list. option: what to call them in messages.

    Raises:
        DataError: there is no such file, or it is not what its name says.
        SettingsError: what was given is no texts.
    """
    if isinstance(source, str | Path):
        path, column = split_column(str(source))
        return read_texts(path, column, str(path))
    for at, text in enumerate(source):
        if not isinstance(text, str):
            raise SettingsError(f"{option}[{at}] is {text!r}, which is not text", "Give texts, or the path of a file.")
    found = _kept(source)
    if not found.texts:
        raise SettingsError(f"{option} has no texts", "Give some, or leave it out.")
    return found


def split_column(source: str, beside: Path | None = None) -> tuple[Path, str]:
    """FILE:COLUMN as the file and the column (empty if none is named); a file of the whole name comes first.

    beside: the directory that a relative path is in.
    """
    name, colon, column = source.rpartition(":")
    whole = Path(source)
    if colon and name and column and not ((beside or Path()) / whole).exists() and Path(name).suffix:
        return Path(name), column
    return whole, ""


def read_texts(path: Path, column: str, shown: str) -> Texts:
    """The texts of a file. shown: what to call it in messages.

    Raises:
        DataError: there is no such file, it is not what its name says, or it has no texts.
    """
    read = _READERS.get(path.suffix.lower())
    if not path.is_file():
        raise DataError(f"there is no file {shown}", "Give the path of a file with texts, or FILE:COLUMN.")
    if read is None:
        raise DataError(f"{shown}: its kind cannot be told", f"Its name has to end in {', '.join(_READERS)}.")
    try:
        found = _kept(read(path, column, shown))
    except OSError as error:
        raise DataError(f"{shown} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{shown} is not UTF-8: byte {error.start:,} is {error.object[error.start]:#04x}") from None
    if not found.texts:
        raise DataError(f"{shown} has no texts{' that are not blank' if found.blank else ''}")
    return found


def _kept(texts: Iterable[str]) -> Texts:
    trimmed = [text.strip() for text in texts]
    told = [text for text in trimmed if text]
    once = tuple(dict.fromkeys(told))
    return Texts(once, len(trimmed) - len(told), len(told) - len(once))


def _lines(path: Path, column: str, shown: str) -> Iterator[str]:
    if column:
        raise DataError(f"{shown} has no columns, so none can be called {column}", "It has a text on each line.")
    with path.open(encoding="utf-8-sig", newline=None) as file:
        yield from file


def _json_lines(path: Path, column: str, shown: str) -> Iterator[str]:
    import orjson

    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            where = f"{shown}, line {number}"
            try:
                value: object = orjson.loads(line.removeprefix(b"\xef\xbb\xbf"))
            except orjson.JSONDecodeError as error:
                raise DataError(f"{where} is not JSON: {error}") from None
            yield _told(_field(value, column, where, shown), where)


def _field(value: object, column: str, where: str, shown: str) -> object:
    """The text of a line: the line itself, or a field of it."""
    if not isinstance(value, Mapping):
        if column:
            raise DataError(f"{where} is not an object, so it has no field {column}")
        return value
    name = column or COLUMN
    if name not in value:
        raise DataError(f"{where} has no field {name}; it has {_listed(value)}", f"Name the field: {shown}:FIELD")
    field: object = value[name]
    return field


def _told(value: object, where: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise DataError(f"{where}: {str(value)[:40]!r} is not text")
    return value


def _table(separator: str) -> Callable[[Path, str, str], Iterator[str]]:
    def read(path: Path, column: str, shown: str) -> Iterator[str]:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, delimiter=separator, strict=True)
            try:
                name = _column(rows.fieldnames or (), column, shown)
                for row in rows:
                    yield row[name] or ""
            except csv.Error as error:
                raise DataError(f"{shown}, line {rows.line_num} is not CSV: {error}") from None

    return read


def _parquet(path: Path, column: str, shown: str) -> Iterator[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
            name = _column(schema.names, column, shown)
            kind = schema.field(name).type
            if pa.types.is_dictionary(kind):
                kind = kind.value_type
            if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
                raise DataError(f"{shown}: the column {name} holds {kind}, not text")
            for batch in file.iter_batches(columns=[name]):
                yield from (text or "" for text in batch.column(0).to_pylist())
    except pa.ArrowInvalid as error:
        raise DataError(f"{shown} is not Parquet: {error}") from None


def _column(names: Iterable[str], column: str, shown: str) -> str:
    """The column that is asked for: by its name, `text`, or the only one."""
    there = list(names)
    if not there:
        raise DataError(f"{shown} is empty", "A table has a line with the names of its columns.")
    name = column or (there[0] if len(there) == 1 else COLUMN)
    if name not in there:
        raise DataError(f"{shown} has no column {name}; it has {_listed(there)}", f"Name the column: {shown}:COLUMN")
    return name


def _listed(names: Iterable[str]) -> str:
    there = list(names)
    more = f" and {len(there) - _LISTED} more" if len(there) > _LISTED else ""
    return (", ".join(map(str, there[:_LISTED])) or "none") + more


_READERS: Mapping[str, Callable[[Path, str, str], Iterator[str]]] = {
    ".txt": _lines,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".csv": _table(","),
    ".tsv": _table("\t"),
    ".parquet": _parquet,
}
