"""Objects as files that other programs read: JSON Lines, CSV, Parquet, or what `datasets` loads from the disk.

A file is written under a hidden name and put in place whole. In CSV, which has no types, a value that is no text is its
JSON and null is empty; Parquet and `datasets` have the types of the values (`satsuma.run.inferring`).
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Literal

import orjson

from satsuma.errors import RunError
from satsuma.extras import require
from satsuma.run.atomic import part_of, put_in_place, writing

Object = Mapping[str, object]
Objects = Callable[[], Iterable[Object]]
"""The objects, from the first one each time: some files need to know all columns beforehand."""
Kind = Literal["jsonl", "csv", "parquet", "datasets"]
_MARKS = ("state.json", "dataset_dict.json")


def write_jsonl(path: Path, objects: Objects) -> None:
    """A line of JSON per object, in UTF-8.

    Raises:
        RunError: it cannot be written.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        part = part_of(path)
        try:
            with part.open("wb") as file:
                file.writelines(orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE) for one in objects())
            put_in_place(part, path)
        finally:
            part.unlink(missing_ok=True)


def write_csv(path: Path, objects: Objects) -> None:
    """A line of CSV (RFC 4180) per object, behind a line with the names of the columns, in UTF-8.

    Raises:
        RunError: it cannot be written.
    """
    names = list(dict.fromkeys(name for one in objects() for name in one))
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        part = part_of(path)
        try:
            with part.open("w", encoding="utf-8", newline="") as file:
                written = csv.writer(file)
                written.writerow(names)
                written.writerows([_cell(one.get(name)) for name in names] for one in objects())
            put_in_place(part, path)
        finally:
            part.unlink(missing_ok=True)


def write_parquet(path: Path, objects: Objects) -> None:
    """A row per object.

    Raises:
        RunError: it cannot be written.
    """
    from satsuma.run.inferring import as_typed, schema_of
    from satsuma.run.tables import write_table

    columns = schema_of(objects())
    write_table(path, columns, (as_typed(one, columns) for one in objects()))


WRITERS: Mapping[str, Callable[[Path, Objects], None]] = {
    "csv": write_csv, "jsonl": write_jsonl, "parquet": write_parquet,
}  # fmt: skip
"""The end of a file's name → what writes it."""


def save_datasets(path: Path, splits: Mapping[str, Objects]) -> None:
    """A folder that `datasets.load_from_disk` gives back: a dataset, or a dictionary of them if there are several.

    Raises:
        ExtraError: `datasets` is not installed.
        RunError: there is something else at this place, or it cannot be written.
    """
    require("datasets", "datasets", needed_by="--as datasets")
    if path.is_file() or (path.is_dir() and any(path.iterdir()) and not any((path / mark).exists() for mark in _MARKS)):
        raise RunError(f"{path} holds something that `datasets` did not save", "Name another folder with -o.")
    part = part_of(path)
    with writing(path):
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        try:
            _save(part, splits)
            shutil.rmtree(path, ignore_errors=True)
            (part / "saved").replace(path)
        finally:
            shutil.rmtree(part, ignore_errors=True)


def _save(part: Path, splits: Mapping[str, Objects]) -> None:
    import datasets
    import pyarrow.parquet as pq

    datasets.disable_progress_bars()
    made = {}
    for name, objects in splits.items():
        write_parquet(part / f"{name}.parquet", objects)
        made[name] = datasets.Dataset(pq.read_table(part / f"{name}.parquet"))
    whole = next(iter(made.values())) if len(made) == 1 else datasets.DatasetDict(made)
    whole.save_to_disk(part / "saved")


def _cell(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()
