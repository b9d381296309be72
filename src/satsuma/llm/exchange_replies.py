"""The file of replies of `file:DIR`: which of its lines answer what, and why the others do not.

Each line is in the output form of OpenAI's Batch API, or `{"custom_id": key, "content": text}`; an object as content
is its JSON. The file is read line by line, and only where each answer lies is kept.

Source: https://platform.openai.com/docs/guides/batch
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import orjson

from satsuma.errors import DataError
from satsuma.llm.openai import decoded
from satsuma.llm.parse import encodable
from satsuma.llm.provider import CallFailed
from satsuma.llm.request import Reply

SHOWN = 3
"""Lines of each kind that a note names."""
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the replies that was not used. number: from 1."""

    number: int
    why: str


@dataclass(frozen=True, slots=True)
class Found:
    """How many lines there were of a kind, and the first few."""

    count: int = 0
    first: tuple[Line, ...] = ()

    def __add__(self, line: Line) -> Found:
        return Found(self.count + 1, self.first if len(self.first) >= SHOWN else (*self.first, line))

    def note(self, kind: str, path: Path) -> str:
        """One line of text about them."""
        more = ", …" if self.count > len(self.first) else ""
        shown = ", ".join(f"line {line.number}: {line.why}" for line in self.first)
        return f"{path}: {self.count} {kind} ({shown}{more})"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an answer lies: its line, and the bytes of that in the file."""

    number: int
    offset: int
    length: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Index:
    """What a file of replies holds: key → where its answer lies, and the lines that are no use."""

    places: Mapping[str, Place]
    broken: Found
    failed: Found
    conflicting: Found


class Unusable(Exception):
    """A line that is no answer. failed: it says that the request failed."""

    def __init__(self, why: str, *, failed: bool = False) -> None:
        super().__init__(why)
        self.failed = failed


def scan(path: Path) -> Index:
    """Read a file of replies line by line."""
    places: dict[str, Place] = {}
    broken, failed, conflicting = Found(), Found(), Found()
    for number, offset, line in _lines(path):
        try:
            key, reply = read_answer(line)
        except Unusable as error:
            if error.failed:
                failed += Line(number, str(error))
            else:
                broken += Line(number, str(error))
            continue
        first = places.setdefault(key, Place(number, offset, len(line), digest(reply)))
        if first.digest != digest(reply):
            conflicting += Line(number, f"as line {first.number}")
    return Index(places, broken, failed, conflicting)


def _lines(path: Path) -> Iterator[tuple[int, int, bytes]]:
    """Number, offset and bytes of every line that is not blank."""
    if not path.exists():
        return
    with reading(path), path.open("rb") as file:
        offset = 0
        for number, line in enumerate(file, 1):
            if line.strip():
                yield number, offset, line
            offset += len(line)


def read_answer(line: bytes) -> tuple[str, Reply]:
    """The key and the reply in a line.

    Raises:
        Unusable: there is none.
    """
    try:
        return _read_answer(line)
    except RecursionError:
        raise Unusable("nested too deeply") from None


def _read_answer(line: bytes) -> tuple[str, Reply]:
    data = _parsed(line)
    key = data.get("custom_id")
    if not isinstance(key, str) or not key:
        raise Unusable("no custom_id")
    if data.get("error"):
        raise Unusable(_short(data["error"]), failed=True)
    response = data.get("response")
    if isinstance(response, dict):
        return key, _completion(response)
    content = data.get("content")
    if isinstance(content, dict | list):
        content = json.dumps(content, ensure_ascii=False)
    if not isinstance(content, str):
        raise Unusable("neither a response nor a content")
    return key, Reply(encodable(content))


def _completion(response: Mapping[str, object]) -> Reply:
    """The reply in the response of a line in the Batch API's output form."""
    status, body = response.get("status_code", 200), response.get("body")
    if status != 200:
        raise Unusable(f"status {status}: {_short(body)}", failed=True)
    try:
        return decoded(json.dumps(body).encode())
    except CallFailed as error:
        raise Unusable(error.message, failed=True) from error


def _parsed(line: bytes) -> Mapping[str, object]:
    try:
        data: object = orjson.loads(line.removeprefix(_BOM))
    except orjson.JSONDecodeError:
        try:
            data = json.loads(line.removeprefix(_BOM).decode())  # takes lone surrogates
        except UnicodeDecodeError:
            raise Unusable("not UTF-8") from None
        except ValueError:
            raise Unusable("not JSON") from None
    if not isinstance(data, dict):
        raise Unusable("not a JSON object")
    return data


def custom_id(line: bytes) -> str:
    """The key in a line, empty if there is none."""
    try:
        return str(_parsed(line).get("custom_id", ""))
    except Unusable:
        return ""


def _short(value: object) -> str:
    """What an error says, on one line."""
    if isinstance(value, dict):
        inner = value.get("error")
        value = value.get("message") or (inner.get("message") if isinstance(inner, dict) else None) or value
    return " ".join(str(value).split())[:120]


def digest(reply: Reply) -> bytes:
    """Tells answers apart."""
    return blake2b(reply.content.encode("utf-8", "surrogatepass"), digest_size=8).digest()


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turns the system's errors into a `DataError` about this file."""
    try:
        yield
    except OSError as error:
        raise DataError(
            f"{path} cannot be read: {error.strerror or error}", "Check the file and its permissions."
        ) from error
