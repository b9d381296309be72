"""The one door to fsspec: what a URL names is copied here, and what was made here is copied there.

A single file is one object. A folder is what a reader of datasets would look at: data files, and what says of a run, a
frozen benchmark or a saved dataset what it is; hidden files are passed over. Every copy has to be as long as its
original. A folder is put file by file, and last the file by which it is known to be complete (`LAST`).

fsspec's packages raise what they like, so everything is caught here and told in a line, without what may be a key.
Not covered: going on with half a copy, and retries beyond those of the packages.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, TypeAlias

from satsuma.errors import DataError, ExtraError, RunError, SatsumaError, SettingsError
from satsuma.extras import require
from satsuma.remote.urls import shown
from satsuma.run.redact import redact
from satsuma.sources.places import FILES, format_of

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

    Store: TypeAlias = "tuple[AbstractFileSystem, str]"

EXTRA = "remote"
LAST = ("README.md", "state.json", "dataset_dict.json", "SHA256SUMS", "curation.json", "run.json")
"""What is put after everything else, in this order."""
_ABOUT = frozenset({*LAST, "FROZEN", "card.yaml", "card.md", "journal.sqlite", "journal.sqlite-wal"})
_WEB = ("http", "https")
_DENIED = (401, 403)
_AGAIN = "Check the address, the network and this machine's credentials; then the same command again."


def fetch(url: str, copy: Path) -> None:
    """Copy the file or the folder at a URL.

    Raises:
        SettingsError: nothing knows its protocol.
        ExtraError: a package that knows it is not installed.
        DataError: there is nothing, it may not be read, or only a part of it came.
    """
    with _told(url, DataError, "read"):
        store, path = _opened(url)
        found = {"type": "file"} if _is_web(url) else store.info(path)
        if found["type"] == "directory":
            _fetch_folder(store, path, url, copy)
        else:
            _fetch_file(store, path, url, copy)


def check_free(url: str, *, new: bool) -> None:
    """Check, before work begins, that something can be put at a URL. new: nothing may be there.

    Raises:
        SettingsError: nothing knows its protocol, or it can only be read.
        ExtraError: a package that knows it is not installed.
        RunError: something is there, or nothing may be looked at.
    """
    if _is_web(url):
        raise SettingsError(f"{shown(url)} can be read, but not written", "Write to s3://, gs://, az:// or a path.")
    with _told(url, RunError, "written"):
        store, path = _opened(url)
        if new and store.exists(path) and (store.isfile(path) or store.find(path)):
            raise RunError(f"there is something at {shown(url)} already", "Name another place with -o, or remove it.")


def put(copy: Path, url: str) -> None:
    """Copy a file or a folder to a URL.

    Raises:
        RunError: it cannot be written there.
    """
    with _told(url, RunError, "written"):
        store, path = _opened(url)
        if copy.is_file():
            _put_file(store, copy, path)
            return
        for name in _in_order(copy):
            _put_file(store, copy / name, f"{path.rstrip('/')}/{name}")


def _opened(url: str) -> Store:
    require(EXTRA, "fsspec", needed_by=shown(url))
    from fsspec.core import url_to_fs

    try:
        store, path = url_to_fs(url)
    except ImportError as error:
        raise ExtraError(
            f"{shown(url)} needs a package that is not installed: {error}",
            "Install the one that it names, with pip; `satsuma[remote]` has fsspec alone.",
        ) from error
    except ValueError as error:
        if "rotocol" not in str(error):
            raise
        raise SettingsError(
            f"nothing knows the protocol of {shown(url)}", "Known are s3://, gs://, az://, https:// and more of fsspec."
        ) from None
    store.invalidate_cache()  # which is the process's, and may be older than what is there now
    return store, path


def _fetch_folder(store: AbstractFileSystem, path: str, url: str, copy: Path) -> None:
    root = path.rstrip("/")
    names = sorted(str(one)[len(root) :].lstrip("/") for one in store.find(root))
    wanted = [name for name in names if _is_wanted(name)]
    if not wanted:
        raise DataError(f"{shown(url)} holds no data", "Name a folder of JSONL, JSON, CSV or Parquet files, or a run.")
    if len(wanted) > FILES:
        raise DataError(f"{shown(url)} holds more than {FILES:,} data files", "Name one of its folders.")
    for name in wanted:
        if ".." in PurePosixPath(name).parts:
            raise DataError(f"{shown(url)} holds {name!r}, which is no name of a file in it", "Rename the object.")
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        _fetch_file(store, f"{root}/{name}", url, copy / name)


def _is_wanted(name: str) -> bool:
    parts = PurePosixPath(name).parts
    if any(part.startswith(".") and part != ".." for part in parts):
        return False
    return bool(parts) and (parts[-1] in _ABOUT or format_of(Path(parts[-1])) is not None)


def _fetch_file(store: AbstractFileSystem, path: str, url: str, copy: Path) -> None:
    size = None if _is_web(url) else store.info(path).get("size")  # HTTP says it with what comes, and it is held to it
    store.get_file(path, str(copy))
    came = copy.stat().st_size if copy.is_file() else 0
    if size is not None and came < size:
        raise DataError(f"{shown(url)}: {came:,} of {size:,} bytes came", "The same command again fetches it anew.")


def _put_file(store: AbstractFileSystem, copy: Path, path: str) -> None:
    store.makedirs(store._parent(path), exist_ok=True)  # fsspec has no public name for it
    store.put_file(str(copy), path)
    if (there := store.info(path).get("size")) not in (None, copy.stat().st_size):
        raise RunError(f"{there:,} of {copy.stat().st_size:,} bytes of {copy.name} arrived", "The same command again.")


def _in_order(folder: Path) -> list[str]:
    names = [one.relative_to(folder).as_posix() for one in folder.rglob("*") if one.is_file()]
    own = [name for name in names if not any(part.startswith(".") for part in PurePosixPath(name).parts)]
    return sorted(own, key=lambda name: (LAST.index(name) if name in LAST else -1, name))


def _is_web(url: str) -> bool:
    return url.split("://", 1)[0].lower() in _WEB


@contextmanager
def _told(url: str, kind: type[DataError | RunError], done: str) -> Iterator[None]:
    """Errors of a store in words."""
    try:
        yield
    except SatsumaError:
        raise
    except Exception as error:  # what a store raises is its package's own
        cause = error if shown(url) == url else None  # whose text may have the whole URL
        raise _in_words(url, kind, done, error) from cause


def _in_words(url: str, kind: type[DataError | RunError], done: str, error: Exception) -> SatsumaError:
    place = shown(url)
    if isinstance(error, FileNotFoundError):
        return kind(f"{place}: there is no such object or bucket", "Check the address, letter by letter.")
    if isinstance(error, PermissionError) or getattr(error, "status", None) in _DENIED:
        return kind(
            f"{place} may not be {done} with this machine's credentials",
            "They are the store's own: AWS_PROFILE, GOOGLE_APPLICATION_CREDENTIALS and the like.",
        )
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return kind(f"there is no room here for a copy of {place}", "Name a larger temporary directory: TMPDIR=DIR")
    text = redact(" ".join(str(error).replace(url, place).split()))
    if cut := url.partition("?")[2]:
        text = text.replace(cut, "…")
    return kind(f"{place} cannot be {done}: {text[:200] or type(error).__name__}", _AGAIN)
