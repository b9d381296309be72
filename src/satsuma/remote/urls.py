"""What is a URL, how it is told, and how one is refused where a command needs a place on this machine.

A URL is a protocol of two letters or more, `://`, and the rest: `s3://bucket/x.parquet`. It has to be recognised before
`pathlib` sees it, which takes the second slash away; what pathlib left of one is recognised too, to be refused in
words. `file://` is a path like any other, for which nothing else in this room is needed.

What may be a key never leaves a URL: a user with a password is refused, and what stands behind the question mark (a
signature, a token) is told as `?…`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from satsuma.errors import SettingsError

if TYPE_CHECKING:
    from os import PathLike

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://", re.ASCII)
_WITHOUT_A_SLASH = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/(?!/)", re.ASCII)
_HERE = ("file", "local")
_CONTAINERS = ("abfs", "abfss", "wasb", "wasbs")
"""Azure's protocols: what stands before the `@` is a container and no secret."""
NOT_FETCHED = "what lies elsewhere cannot be read at this place"
FETCHED_BY = "Copy it to this machine, and name the copy."
MADE_HERE = "this is made on this machine"
ELSEWHERE = "a run is made on this machine, where its journal is safe"
RUNS_ARE_HERE = "Name a directory on this machine; then `satsuma export DIR -o URL`, or `satsuma push`."


def is_url(where: object) -> bool:
    """Whether a text is a URL. A path never is."""
    return isinstance(where, str) and _URL.match(where) is not None


def is_elsewhere(where: object) -> bool:
    """Whether a text is a URL of something that does not lie on this machine's disks."""
    return is_url(where) and _protocol(str(where)) not in _HERE


def path_in(where: str) -> Path | None:
    """The path of a `file://` URL; None of every other."""
    if not is_url(where) or _protocol(where) not in _HERE:
        return None
    parts = urlsplit(where)
    if _protocol(where) == "file" and parts.netloc not in ("", "localhost"):
        raise SettingsError(
            f"{where} is a file of the machine {parts.netloc}", "Of this machine it has three slashes: file:///DIR/FILE"
        )
    return Path(unquote(parts.path) if parts.netloc in ("", "localhost") else f"{parts.netloc}{parts.path}")


def shown(url: str) -> str:
    """A URL as it is told and recorded."""
    bare, question, _ = url.partition("?")
    scheme, _, rest = bare.partition("://")
    host, slash, path = rest.partition("/")
    user, _, bucket = host.rpartition("@")
    if user and _may_be_a_key(user, scheme):
        host = f"[redacted]@{bucket}"
    return f"{scheme}://{host}{slash}{path}" + ("?…" if question else "")


def check(url: str) -> None:
    """Check that a URL is one that can be told.

    Raises:
        SettingsError: it carries a password, or is a chain of several.
    """
    host = url.split("://", 1)[1].split("/", 1)[0]
    user = host.rpartition("@")[0]
    if user and _may_be_a_key(user, _protocol(url)):
        raise SettingsError(
            f"{shown(url)} carries a key, which would be seen in lists of processes and in histories",
            "Leave it out of the URL: keys belong into the environment, or into the store's own settings.",
        )
    if "::" in url:
        raise SettingsError(f"{shown(url)} is a chain of several URLs", "Name the file itself.")


def name_in(url: str) -> str:
    """The name of the file or folder at a URL, as a name that can stand on any disk."""
    rest = url.split("://", 1)[1].partition("?")[0].partition("#")[0].rstrip("/")
    name = unquote(rest.rpartition("/")[2]).replace("\0", "")
    return "data" if name in ("", ".", "..") or "/" in name else name


def refuse_url(where: str | PathLike[str], what: str, hint: str = RUNS_ARE_HERE) -> None:
    """Refuse a URL where there has to be a place on this machine. what: why, behind the URL and a colon.

    Raises:
        SettingsError: it is a URL, or was one before pathlib took a slash away.
    """
    text = str(where)
    lost = _WITHOUT_A_SLASH.match(text)
    if lost is not None and not Path(f"{lost[1]}:").exists():
        text = f"{lost[1]}://{text[lost.end() :]}"
    if is_url(text):
        raise SettingsError(f"{shown(text)}: {what}", hint)


def refuse_path_of_url(where: str | PathLike[str]) -> None:
    """Refuse what pathlib left of a URL.

    Raises:
        SettingsError: it lost a slash.
    """
    if not isinstance(where, str):
        refuse_url(where, "a URL loses a slash in pathlib.Path", "Give it as text.")


def _may_be_a_key(user: str, scheme: str) -> bool:
    return ":" in user or scheme.lower() not in _CONTAINERS


def _protocol(url: str) -> str:
    return url.split("://", 1)[0].lower()
