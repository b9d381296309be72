"""Copies on this machine of what lies elsewhere, for as long as a command needs them.

    with staging() as here:
        return analyze_dataset(here(dataset), ...)      # a URL is fetched; everything else stays as it is
    with sending(out) as place:
        write(place)                                    # and then it is put there

The rooms behind a public function see paths alone. What they tell people and record passes `as_told`, which gives the
URL of a copy; a name that was told is opened by `place_of`; and the texts of errors are told so on their way out of
`staging`. A copy has the name of the original, so the result is that of the same file on this disk.

What is fetched is removed at the end of the `with`, also after an error and Ctrl-C. What is sent stays until the
program ends, since the function returns it. Not covered: a process that is killed leaves its copies in the
temporary directory.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from satsuma.errors import SatsumaError, SettingsError
from satsuma.remote.urls import check, is_elsewhere, is_url, name_in, path_in, refuse_path_of_url, shown

T = TypeVar("T")
_COPIES: dict[Path, str] = {}
"""Where the copies are → the URLs as they are told. One for the process, since results are read after their `with`."""
_SENT: list[tempfile.TemporaryDirectory[str]] = []
_NO_PLACE = "Name one with -o: a path, or a URL."


class Staging:
    """Fetches what is named by a URL, each URL once."""

    def __init__(self) -> None:
        """Nothing is made before a URL comes."""
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._fetched: dict[str, Path] = {}

    def __call__(self, where: T) -> T | Path:
        """The local path of what a URL names; anything else as it is.

        Raises:
            SatsumaError: it cannot be fetched.
        """
        if isinstance(where, Path):
            refuse_path_of_url(where)
        if not isinstance(where, str) or not is_url(where):
            return where
        if (path := path_in(where)) is not None:
            return path
        if where not in self._fetched:
            self._fetched[where] = self._fetch(where)
        return self._fetched[where]

    def named(self, where: str | Path) -> str | Path:
        """The same where data may have the name of their card before them: `CARD=URL`."""
        card, equals, url = str(where).partition("=")
        if equals and is_url(url) and not is_url(where):
            return f"{card}={self(url)}"
        return self(where)

    def each(self, wheres: Iterable[str | Path]) -> list[str | Path]:
        """All of some."""
        return [self.named(where) for where in wheres]

    def _fetch(self, url: str) -> Path:
        from satsuma.remote.stores import fetch

        check(url)
        self._folder = self._folder or _temporary()
        copy = Path(self._folder.name).resolve() / str(len(self._fetched)) / name_in(url)
        copy.parent.mkdir(exist_ok=True)
        _COPIES[copy] = shown(url)
        fetch(url, copy)
        return copy

    def close(self) -> None:
        """Remove the copies."""
        if self._folder is None:
            return
        folder = Path(self._folder.name).resolve()
        for copy in [one for one in _COPIES if folder in one.parents]:
            del _COPIES[copy]
        self._folder.cleanup()


@contextmanager
def staging() -> Iterator[Staging]:
    """What fetches URLs; the copies are gone at the end.

    Raises:
        SatsumaError: of what is inside, with URLs in the place of their copies.
    """
    here = Staging()
    try:
        yield here
    except SatsumaError as error:
        _tell(error)
        raise
    finally:
        here.close()


@contextmanager
def sending(out: T, *, new: bool = False) -> Iterator[T | Path]:
    """A local place for what goes to `out`; where that is a URL, it is put there at the end, unless there is an error.

    new: nothing may be there yet.

    Raises:
        SatsumaError: it cannot be put there, which is found out at the beginning where that is possible.
    """
    if isinstance(out, Path):
        refuse_path_of_url(out)
    if not isinstance(out, str) or not is_url(out):
        yield out
        return
    if (path := path_in(out)) is not None:
        yield path
        return
    from satsuma.remote.stores import check_free, put

    check(out)
    check_free(out, new=new)
    folder = _temporary()
    copy = Path(folder.name).resolve() / name_in(out)
    _COPIES[copy] = shown(out)
    try:
        yield copy
        put(copy, out)
    except BaseException as error:
        if isinstance(error, SatsumaError):
            _tell(error)
        del _COPIES[copy]
        folder.cleanup()
        raise
    _SENT.append(folder)  # whose finalizer removes it when the program ends


def _temporary() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="satsuma-", ignore_cleanup_errors=True)


def _tell(error: SatsumaError) -> None:
    error.message, error.hint = said(error.message), said(error.hint)
    error.args = (error.message,)


def check_out(out: object, where: object) -> None:
    """Check that a place for the result is named where there is none beside the data.

    Raises:
        SettingsError: it has to be.
    """
    if out is None and is_elsewhere(where):
        raise SettingsError(
            f"{shown(str(where))} is not on this machine, so the result has no place beside it", _NO_PLACE
        )


def as_told(where: str | Path) -> str:
    """A path as people are told it: the URL where it is a copy, or lies in one."""
    if isinstance(where, str):
        if is_url(where):
            return shown(where)
        if not _COPIES:
            return where
    path = Path(where)
    for copy, url in _COPIES.items():
        if path == copy:
            return url
        if copy in path.parents:
            return f"{url.removesuffix('?…').rstrip('/')}/{path.relative_to(copy).as_posix()}"
    return str(where)


def place_of(name: str | Path) -> Path:
    """Where a dataset lies that was told as `name`; of anything but a URL, the path itself."""
    if is_url(name):
        for copy, url in _COPIES.items():
            if url == name:
                return copy
    return Path(name).expanduser()


def said(text: str) -> str:
    """A text with URLs in the place of their copies."""
    for copy, url in _COPIES.items():
        text = text.replace(str(copy), url)
    return text


def here_all(here: Staging, named: Mapping[str, str | Path]) -> dict[str, str | Path]:
    """The values of a mapping, each on this machine."""
    return {name: here(where) for name, where in named.items()}
