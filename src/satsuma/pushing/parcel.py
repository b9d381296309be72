"""What is pushed of a run or of a curated folder: its Parquet files and its dataset card, and nothing else.

The journal, run.json, the rejects, leaks and flags stay here: they hold raw replies, places of this machine, and rows
of evaluation sets. The card says how the dataset is loaded from the hub, where the local one says how from its files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from satsuma.errors import DataError, RunError, SettingsError
from satsuma.remote.urls import FETCHED_BY, NOT_FETCHED, refuse_url
from satsuma.run.directory import RunDirectory

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
_LOADING = re.compile(r'datasets\.load_dataset\("parquet", data_files=.*\)')
_SPLIT = re.compile(r'split="(\w+)"\)$')


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is pushed. name: USER/NAME. card: README.md. data: path in the repository → file. rows: instances."""

    name: str
    card: str
    data: Mapping[str, Path]
    rows: int

    def sizes(self) -> dict[str, int]:
        """Path in the repository → bytes."""
        return {"README.md": len(self.card.encode()), **{name: path.stat().st_size for name, path in self.data.items()}}


def packed(source: Path, name: str) -> Parcel:
    """What is pushed of the run or the curated folder at a path, as USER/NAME.

    Raises:
        SettingsError: that is no name of a dataset on the hub.
        DataError: it is neither a run nor a curated folder.
        RunError: it has no dataset or no card yet.
    """
    import pyarrow.parquet as pq

    if not _NAME.fullmatch(name):
        raise SettingsError(f"{name!r} is no name of a dataset on the hub", "Write it as USER/NAME.")
    refuse_url(source, NOT_FETCHED, FETCHED_BY)
    if not (source / "run.json").is_file() and not (source / "curation.json").is_file():
        raise DataError(
            f"{source} is neither a run nor what `satsuma curate` wrote",
            f"`satsuma curate {source}` makes a folder that can be pushed.",
        )
    directory = RunDirectory(source)
    files = {f"data/{split}.parquet": directory.data_path(split) for split in ("train", "validation", "test")}
    data = {path: file for path, file in files.items() if file.is_file()}
    if not data or not directory.readme_path.is_file():
        raise RunError(f"{source} has no dataset to push yet", "Run the command that makes it again: it goes on.")
    rows = sum(pq.read_metadata(file).num_rows for file in data.values())
    return Parcel(name, _from_hub(directory.readme_path.read_text("utf-8"), name), data, rows)


def _from_hub(card: str, name: str) -> str:
    """The card, with how the dataset is loaded from the hub."""

    def loading(found: re.Match[str]) -> str:
        split = _SPLIT.search(found[0])
        return f'datasets.load_dataset("{name}"' + (f', split="{split[1]}")' if split else ")")

    return _LOADING.sub(loading, card)
