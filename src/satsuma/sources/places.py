"""Which files make up a dataset: its configurations and splits, found by the names of folders and files.

The rules are those of the Hugging Face hub, as far as names go: a split is the word `train`, `validation` or `test`
(or `dev`, `valid`, `val`, `eval`) in a file's name or the name of its folder, else `train`; several files of one
split are its parts, in the order of their names, numbers as numbers. A folder inside the dataset's folder is a
configuration, except for `data`. Where a split is there in several formats, the one that knows most of types is read.
A folder that `datasets` has saved (`save_to_disk`) is recognised by its `state.json` or `dataset_dict.json`.

A folder that has a script and no data needs code to be read, and is refused. Not covered: the list of configurations
in a hub repository's README.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from satsuma.errors import SourceError
from satsuma.remote.urls import FETCHED_BY, NOT_FETCHED, refuse_url

Format = Literal["parquet", "arrow", "jsonl", "json", "csv", "tsv"]

SUFFIXES: dict[str, Format] = {
    ".parquet": "parquet", ".arrow": "arrow", ".feather": "arrow", ".jsonl": "jsonl", ".ndjson": "jsonl",
    ".json": "json", ".csv": "csv", ".tsv": "tsv",
}  # fmt: skip
"""What a file is, by the end of its name; text may end with `.gz` besides."""
PREFERENCE: tuple[Format, ...] = ("parquet", "arrow", "jsonl", "json", "csv", "tsv")
"""Which format is read where there are several: the one that knows most of types."""
DEFAULT = "default"
"""The configuration of files that lie in no folder of their own."""
FILES = 10_000
"""Files of a folder at most."""
CODE = "its rows come out of a program of its own, which satsuma never runs"

_SPLITS = {
    "train": "train", "training": "train", "validation": "validation", "valid": "validation", "val": "validation",
    "dev": "validation", "test": "test", "testing": "test", "eval": "test", "evaluation": "test",
}  # fmt: skip
_ORDER = ("train", "validation", "test")
_ABOUT = {"dataset_info.json", "dataset_infos.json", "state.json", "dataset_dict.json", "package.json"}


@dataclass(frozen=True, slots=True)
class Part:
    """The files of one split of one configuration, in order."""

    configuration: str
    split: str
    format: Format
    files: tuple[Path, ...]


def parts(place: Path, only: tuple[str, ...] = ()) -> tuple[Part, ...]:
    """The parts of a dataset: a file, or a folder. Configurations by name, splits as train, validation, test, others.

    only: files inside the folder, relative to it; empty: all that there are.

    Raises:
        SourceError: there is nothing at this place, or nothing that could be read.
        SettingsError: it is what pathlib left of a URL.
    """
    if place.is_file():
        kind = format_of(place)
        if kind is None:
            raise SourceError(f"{place} is none of the files that can be read", _readable())
        return (Part(DEFAULT, "train", kind, (place,)),)
    if not place.is_dir():
        refuse_url(place, NOT_FETCHED, FETCHED_BY)
        raise SourceError(f"there is no file and no folder {place}")
    found = _grouped(place, _listed(place, only) if only else _walked(place))
    if not found:
        raise SourceError(f"{place} holds no data", _readable())
    return tuple(sorted(found, key=_rank))


def choose(found: tuple[Part, ...], configuration: str | None, split: str | None) -> Part:
    """One part: of the configuration that is named or the first, and of the split that is named or the first.

    Raises:
        SourceError: there is no such configuration or split; the message names those that there are.
    """
    wanted = configuration or (DEFAULT if any(p.configuration == DEFAULT for p in found) else found[0].configuration)
    of_it = [part for part in found if part.configuration == wanted]
    if not of_it:
        names = ", ".join(sorted({part.configuration for part in found}))
        raise SourceError(f"there is no configuration {wanted!r}", f"configurations: {names}")
    for part in of_it:
        if split in (None, part.split):
            return part
    raise SourceError(f"there is no split {split!r}", f"splits: {', '.join(part.split for part in of_it)}")


def format_of(path: Path) -> Format | None:
    """What a file is, by its name."""
    name = path.name.lower()
    kind = SUFFIXES.get(Path(name.removesuffix(".gz")).suffix)
    return None if name.endswith(".gz") and kind in ("parquet", "arrow") else kind


def _readable() -> str:
    return f"what can be read: {', '.join(SUFFIXES)}, text also with .gz"


def _listed(place: Path, only: tuple[str, ...]) -> list[Path]:
    """The files that are named, by name."""
    for name in only:
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise SourceError(f"{name!r} is no file inside {place}")
    return [place / name for name in sorted(only, key=_natural)]


def _walked(place: Path) -> list[Path]:
    """The data files of a folder, by name; links to folders are not followed."""
    found: list[Path] = []
    scripts: list[Path] = []
    for folder, folders, names in os.walk(place):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "_")))
        for name in names:
            path = Path(folder, name)
            if name.endswith(".py"):
                scripts.append(path)
            elif not name.startswith((".", "_")) and name.lower() not in _ABOUT and format_of(path):
                found.append(path)
        if len(found) > FILES:
            raise SourceError(f"{place} holds more than {FILES:,} data files", "name one of its folders")
    if scripts and not found:
        raise SourceError(f"{place} holds {scripts[0].name} and no data: {CODE}")
    return sorted(found, key=lambda path: _natural(path.relative_to(place).as_posix()))


def _grouped(place: Path, files: list[Path]) -> list[Part]:
    groups: dict[tuple[str, str], dict[Format, list[Path]]] = {}
    for path in files:
        kind = format_of(path)
        if kind is not None and _saved(path):
            groups.setdefault(_named(place, path), {}).setdefault(kind, []).append(path)
    made = []
    for (configuration, split), formats in groups.items():
        best = min(formats, key=PREFERENCE.index)
        made.append(Part(configuration, split, best, tuple(formats[best])))
    return made


def _saved(path: Path) -> bool:
    """False for a file beside `state.json` that is none of the dataset's: a cache of what was computed from it."""
    state = path.with_name("state.json")
    if path.suffix != ".arrow" or not state.is_file():
        return True
    try:
        listed = json.loads(state.read_text("utf-8"))["_data_files"]
        return path.name in {entry["filename"] for entry in listed}
    except (OSError, ValueError, KeyError, TypeError):
        return True


def _named(place: Path, path: Path) -> tuple[str, str]:
    """The configuration and the split of a file."""
    folders = [name for name in path.relative_to(place).parts[:-1] if name.lower() != "data"]
    split = None if path.with_name("state.json").is_file() else _split(path.name.split(".", 1)[0])
    if folders and folders[-1].lower() in _SPLITS:
        split = _SPLITS[folders.pop().lower()]
    elif split is None and folders and (path.parent.parent / "dataset_dict.json").is_file():
        split = folders.pop()
    return "/".join(folders) or DEFAULT, split or "train"


def _split(name: str) -> str | None:
    for word in re.split(r"[^a-z]+", name.lower()):
        if word in _SPLITS:
            return _SPLITS[word]
    return None


def _rank(part: Part) -> tuple[object, ...]:
    order = _ORDER.index(part.split) if part.split in _ORDER else len(_ORDER)
    return part.configuration != DEFAULT, part.configuration, order, part.split


def _natural(name: str) -> list[tuple[int, str]]:
    """A key that sorts numbers in names as numbers."""
    return [(int(piece), "") if piece.isdecimal() else (-1, piece) for piece in re.split(r"(\d+)", name)]
