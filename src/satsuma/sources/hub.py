"""Rows of a repository of the Hugging Face hub, streamed by `datasets`, which is an extra.

A repository whose rows come out of a script is refused, always: `datasets` below 4 could run one, and is refused too.
A repository may change, so the revision that is read is part of the name that comes back (`OWNER/NAME@COMMIT`), and a
name with a revision is read as it was then.

Columns of images, sounds, other files and bytes are not decoded, not read, and named in the report. The address of
the hub and the token are those of `huggingface_hub` (HF_ENDPOINT, HF_TOKEN, `hf auth login`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

from satsuma.errors import ExtraError, SourceError
from satsuma.sources.places import CODE, DEFAULT
from satsuma.sources.rows import BadRow, Record, Report, as_json

if TYPE_CHECKING:
    from datasets import IterableDataset

OLDEST = 4
"""The first version of `datasets` that cannot run a dataset's code."""
SECONDS = 30.0
"""Seconds to wait for what the hub says about a repository."""
_FILES = ("Image", "Audio", "Video", "Pdf", "Nifti")
_SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class HubRows:
    """Rows of a repository. name: with its revision."""

    name: str
    configuration: str
    split: str
    records: Iterator[Record]


def read_hub(name: str, configuration: str | None, split: str | None, report: Report) -> HubRows:
    """The rows of a repository, `OWNER/NAME` or `OWNER/NAME@REVISION`.

    Raises:
        SourceError: there is no such repository, configuration or split, it is not open, it needs code, or the hub
            cannot be reached.
        ExtraError: `datasets` is not installed, or too old.
    """
    library = _library()
    repository, _, wanted = name.partition("@")
    try:
        revision = _revision(repository, wanted or None)
        configurations = library.get_dataset_config_names(repository, revision=revision)
        chosen = _one_of("configuration", configurations, configuration, (DEFAULT,))
        splits = library.get_dataset_split_names(repository, chosen, revision=revision)
        part = _one_of("split", splits, split, _SPLITS)
        stream = library.load_dataset(repository, chosen, split=part, revision=revision, streaming=True)
        stream = _readable(stream, report)
    except SourceError:
        raise
    except Exception as error:  # whatever the library, the hub and the network may raise
        raise _wrong(repository, error) from error
    return HubRows(f"{repository}@{revision}", chosen, part, _rows(repository, part, stream))


def _revision(repository: str, wanted: str | None) -> str:
    """The commit that a name stands for now.

    Raises:
        SourceError: the repository has a script where its data should be.
    """
    from huggingface_hub import HfApi

    info = HfApi().dataset_info(repository, revision=wanted, timeout=SECONDS)
    script = repository.rpartition("/")[2] + ".py"
    if any(file.rfilename == script for file in info.siblings or ()):
        raise SourceError(f"{repository} on the hub is refused: it has a script {script}, and {CODE}")
    return str(info.sha)


def _library() -> ModuleType:
    try:
        import datasets
    except ImportError:
        raise ExtraError(
            "datasets of the hub are read with the package datasets, which is not installed",
            "pip install 'satsuma[datasets]'",
        ) from None
    if int(datasets.__version__.split(".")[0]) < OLDEST:
        raise ExtraError(
            f"datasets {datasets.__version__} can run code that comes with a dataset",
            f"pip install 'datasets>={OLDEST}'",
        )
    module: ModuleType = datasets
    return module


def _one_of(what: str, names: Sequence[str], wanted: str | None, first: tuple[str, ...]) -> str:
    if wanted is not None and wanted not in names:
        raise SourceError(f"there is no {what} {wanted!r}", f"{what}s: {', '.join(names)}")
    return wanted or next((name for name in first if name in names), names[0])


def _readable(stream: IterableDataset, report: Report) -> IterableDataset:
    """The stream without the columns that are not read."""
    features = stream.features
    if features is None:
        stream = stream._resolve_features()
        features = stream.features
    for column, feature in features.items():
        kind = type(feature).__name__
        if kind in _FILES:
            report.dropped[column] = kind.lower()
        elif _holds_bytes(feature):
            report.dropped[column] = "binary"
        elif kind == "ClassLabel":
            report.labels[column] = tuple(feature.names)
    kept = [column for column in features if column not in report.dropped]
    if not kept:
        raise SourceError("it has no column that can be read", f"left out: {', '.join(features)}")
    return stream.decode(False).select_columns(kept)


def _holds_bytes(feature: object) -> bool:
    if type(feature).__name__ in _FILES or "binary" in str(getattr(feature, "dtype", "")):
        return True
    if isinstance(feature, Mapping):
        return any(_holds_bytes(inner) for inner in feature.values())
    if isinstance(feature, list):
        return any(_holds_bytes(inner) for inner in feature)
    inner = getattr(feature, "feature", None)
    return inner is not None and _holds_bytes(inner)


def _rows(name: str, part: str, stream: IterableDataset) -> Iterator[Record]:
    number = 0
    try:
        for row in stream:
            yield {str(column): as_json(value) for column, value in row.items()}
            number += 1
    except Exception as error:
        if not number:
            raise _wrong(name, error) from error
        yield BadRow(f"{name}, {part}, row {number}", f"from here on it cannot be read: {_short(error)}")


def _wrong(name: str, error: Exception) -> SourceError:
    kind, text = type(error).__name__, str(error)
    if "trust_remote_code" in text or "scripts are no longer supported" in text:
        return SourceError(f"{name} on the hub is refused: {CODE}")
    if kind in ("RepositoryNotFoundError", "DatasetNotFoundError") and "is a gated dataset" not in text:
        return SourceError(
            f"there is no dataset {name} on the hub, or it is private", "`hf auth login` for private ones"
        )
    if kind in ("GatedRepoError", "DatasetNotFoundError", "RepositoryNotFoundError"):
        return SourceError(f"{name} on the hub is gated", "agree to its terms on its page, then `hf auth login`")
    if kind == "RevisionNotFoundError":
        return SourceError(f"{name} on the hub has no such revision")
    return SourceError(f"{name} on the hub cannot be read: {kind}: {_short(error)}")


def _short(error: Exception) -> str:
    return str(error).split("\n", 1)[0][:300]
