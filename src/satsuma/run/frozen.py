"""Frozen benchmarks: how one is told from data to train on, and whether it still is what was frozen.

    SHA256SUMS         the hash of every other file, as `sha256sum -c` reads it; its own hash names the benchmark
    FROZEN             JSON: what it is, where it is from, its canary
    card.yaml          the task card
    data/test.parquet  the instances; the column `canary` holds the canary in every row

A path is frozen if it is such a directory, lies in one, or is a data file, or a folder of them, in which any row has
such a canary: so copies of rows are known, too, among others and in other formats, as long as the column is there.

Whatever reads data to train on, or to make training data of, calls `refuse_frozen` first: `train`, `compare-students`
(its training sets), `blend`, `curate`, `export`, `transform`, `new`, the seeds and contexts of `generate`, and the
examples of `score`. Not covered: copies without the column, compressed Arrow files, and datasets of the hub.
"""

from __future__ import annotations

import gzip
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from satsuma.errors import RunError, SettingsError
from satsuma.remote.urls import FETCHED_BY, NOT_FETCHED, refuse_url
from satsuma.run.directory import sha256

SUMS, ABOUT, CARD, DATA, README = "SHA256SUMS", "FROZEN", "card.yaml", "data/test.parquet", "README.md"
COLUMN = "canary"
MARK = "BENCHMARK DATA, NEVER TO BE TRAINED ON. satsuma canary "
"""How a canary begins; a UUID follows."""
_LINE = re.compile(r"([0-9a-f]{64}) [ *](.+)")
_IGNORED = frozenset({".DS_Store"})
_TEXTS = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".txt", ".arrow", ".feather")
"""Files whose bytes have the canary as it is."""
_CHUNK = 1 << 20


def is_frozen(path: str | Path) -> bool:
    """Whether a path is a frozen benchmark, a part of one, or data in which a row has a canary."""
    place = Path(path).expanduser()
    if not place.exists():
        return False
    near = [place, *place.resolve().parents[:2]] if place.is_file() else [place, place.resolve().parent]
    if any(_is_benchmark(one) for one in near if one.is_dir()):
        return True
    return _has_canary(place) if place.is_file() else any(_has_canary(one) for one in _files(place))


def refuse_frozen(paths: Iterable[str | Path], what: str) -> None:
    """Refuse frozen benchmarks. what: is not to be done with them: `blended`, `trained on`.

    Raises:
        SettingsError: one of the paths is frozen.
    """
    for path in paths:
        if is_frozen(path):
            raise SettingsError(
                f"{path} is a frozen benchmark, or has rows of one, and these must never be {what}",
                "Leave it out: `satsuma score` and `satsuma evaluate --on` measure with it.",
            )


def benchmark_hash(place: str | Path) -> str:
    """The hash that names a frozen benchmark: the sha256 of its SHA256SUMS.

    Raises:
        RunError: it is none.
    """
    return sha256(_opened(Path(place).expanduser()) / SUMS)


def differing(place: str | Path) -> list[str]:
    """What is not as it was frozen: a line for each file that was changed, taken away or added; empty if nothing is.

    Raises:
        RunError: it is no frozen benchmark, or a file cannot be read.
    """
    root = _opened(Path(place).expanduser())
    told: list[str] = []
    expected: dict[str, str] = {}
    for number, line in enumerate(_read(root / SUMS).splitlines(), start=1):
        found = _LINE.fullmatch(line)
        if found is None:
            told.append(f"{SUMS} is damaged in line {number}")
        else:
            expected[found[2]] = found[1]
    for name, digest in expected.items():
        path = root / name
        if not path.is_file():
            told.append(f"{name} is missing")
        elif sha256(path) != digest:
            told.append(f"{name} was changed")
    there = {one.relative_to(root).as_posix() for one in root.rglob("*") if one.is_file()}
    told += [f"{name} was added" for name in sorted(there - expected.keys() - {SUMS})
             if Path(name).name not in _IGNORED]  # fmt: skip
    return told


def sums_of(root: Path) -> str:
    """The text of SHA256SUMS for the files that are there, by name."""
    files = sorted(one.relative_to(root).as_posix() for one in root.rglob("*") if one.is_file())
    return "".join(f"{sha256(root / name)}  {name}\n" for name in files if not Path(name).name.startswith("."))


def _opened(root: Path) -> Path:
    refuse_url(root, NOT_FETCHED, FETCHED_BY)
    if not (root / SUMS).is_file() or not (root / ABOUT).is_file():
        raise RunError(f"{root} is no frozen benchmark", f"`satsuma freeze RUN -o {root}` makes one of an audited run.")
    return root


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RunError(f"{path} cannot be read: {error}", "Copy the benchmark again.") from error


def _is_benchmark(folder: Path) -> bool:
    return (folder / ABOUT).is_file() and (folder / SUMS).is_file()


def _files(place: Path) -> Iterator[Path]:
    """The files of a folder that readers of datasets would find, of a run its dataset's; links are not followed."""
    top = place / "data" if (place / "run.json").is_file() else place
    for folder, folders, names in os.walk(top):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "_")))
        yield from (Path(folder, name) for name in sorted(names))


def _has_canary(path: Path) -> bool:
    """Whether a row of a file has a canary; a file that cannot be read has none."""
    name = path.name.lower()
    try:
        if name.endswith(".parquet"):
            return _of_parquet(path)
        if name.removesuffix(".gz").endswith(_TEXTS):
            return _of_bytes(path)
    except (OSError, EOFError, ValueError):
        return False
    return False


def _of_bytes(path: Path) -> bool:
    mark, end = MARK.encode(), b""
    with gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            if mark in end + chunk:
                return True
            end = chunk[-len(mark) :]
    return False


def _of_parquet(path: Path) -> bool:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        if COLUMN not in file.schema_arrow.names:
            return False
        batches = file.iter_batches(columns=[COLUMN])
        return any(str(value).startswith(MARK) for batch in batches for value in batch.column(0).unique().to_pylist())
