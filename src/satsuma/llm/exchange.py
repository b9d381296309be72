"""`file:DIR`: a model whose answers somebody puts into a file.

The run writes what it cannot go on without to DIR/requests.jsonl, in the input form of OpenAI's Batch API
(`custom_id` is the request's key), and stops with `Waiting`. The answers are read from DIR/replies.jsonl, line by line,
in that API's output form or as `{"custom_id": "k1-…", "content": "…"}` (an object as content is its JSON), when the
same command runs again. Nothing in that file is fatal: lines that are broken, that carry an error (their request stays
open), that answer what was never asked, or that answer something a second time and differently (the first counts)
are noted.

Only where each answer lies in the file is kept in memory, never the answers. One run at a time uses a directory.

Source: https://platform.openai.com/docs/guides/batch (input and output files)
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from satsuma.errors import DataError, RunError, SettingsError, Waiting
from satsuma.llm.exchange_replies import Found, Line, Unusable, custom_id, digest, read_answer, reading, scan
from satsuma.llm.request import Reply, Request

URL = "/v1/chat/completions"
_FORM = 'One line for each answer: {"custom_id": "k1-…", "content": "…"}, or as in the output of OpenAI\'s Batch API.'
"""What is told until there is a file of replies."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a file of replies held. usable: distinct requests that it answers."""

    usable: int
    broken: Found
    failed: Found
    conflicting: Found
    unknown: Found


class FileExchange:
    """The model behind a directory.

    note: takes what a person should read about the replies. known: whether a key is in the journal (an answer to it is
    not unknown).

    Raises:
        SettingsError: `directory` is a file.
        DataError: the replies cannot be read.
    """

    def __init__(
        self,
        directory: Path,
        *,
        note: Callable[[str], None] | None = None,
        known: Callable[[str], bool] | None = None,
    ) -> None:
        if directory.exists() and not directory.is_dir():
            raise SettingsError(
                f"file:{directory} is not a directory", "Name one that satsuma may write requests into."
            )
        self.requests = directory / "requests.jsonl"
        self.replies = directory / "replies.jsonl"
        self._note = note or _silent
        self._known = known or _never
        self._asked: set[str] = set()
        self._told_unknown = False
        self._read()

    def look_up(self, request: Request) -> Reply | None:
        """The answer in the file, None if there is none.

        Raises:
            DataError: the file was changed since it was read.
        """
        key = request.key()
        self._asked.add(key)
        place = self._index.places.get(key)
        if place is None:
            return None
        with reading(self.replies), self.replies.open("rb") as file:
            file.seek(place.offset)
            line = file.read(place.length)
        try:
            found, reply = read_answer(line)
        except Unusable:
            found, reply = "", Reply("")
        if found != key or digest(reply) != place.digest:
            raise DataError(f"{self.replies} was changed while it was read", "Run the same command again.")
        return reply

    async def exchange(self, waiting: Sequence[Request]) -> Mapping[str, Reply]:
        """Answers that came since the file was read, if there are any; else write the requests and stop.

        Raises:
            Waiting: the requests are written.
            RunError: they could not be.
        """
        if _signature(self.replies) != self._seen:
            self._read()
            fresh = {r.key(): reply for r in waiting if (reply := self.look_up(r)) is not None}
            if fresh:
                return fresh
        self._tell_unknown()
        _write(self.requests, (request_line(request) for request in waiting))
        raise Waiting(
            f"waiting for {len(waiting):,} answer{'s' * (len(waiting) != 1)} in {self.replies}; "
            f"the requests are in {self.requests}",
            "" if self._seen else _FORM,
        )

    def close(self) -> None:
        """Note what was never asked, and take answered requests out of the requests' file."""
        self._tell_unknown()
        if self._index.places and self.requests.is_file():
            with reading(self.requests), self.requests.open("rb") as file:
                lines = [line.rstrip(b"\r\n") for line in file if line.strip()]
            still_open = [line for line in lines if custom_id(line) not in self._index.places]
            if len(still_open) < len(lines):
                _write(self.requests, still_open)

    def report(self) -> Report:
        """What the replies held, as they were read last; unknown are those that nobody has asked for so far."""
        index, unknown = self._index, Found()
        for key, place in index.places.items():
            if key not in self._asked and not self._known(key):
                unknown += Line(place.number, f"key {key[:60]}")
        return Report(len(index.places) - unknown.count, index.broken, index.failed, index.conflicting, unknown)

    def _read(self) -> None:
        self._seen = _signature(self.replies)
        self._index = index = scan(self.replies)
        for found, kind in (
            (index.broken, "lines that cannot be read"),
            (index.failed, "lines with an error instead of an answer; their requests stay open"),
            (index.conflicting, "lines that answer a request a second time, differently; the first counts"),
        ):
            if found.count:
                self._note(found.note(kind, self.replies))

    def _tell_unknown(self) -> None:
        if not self._told_unknown and (unknown := self.report().unknown).count:
            self._told_unknown = True
            self._note(unknown.note("answers to requests that this run does not have", self.replies))


def request_line(request: Request, key: str = "") -> bytes:
    """A request as one line of the Batch API's input. key: where the request is shown with changes."""
    s = request.sampling
    sampling = {
        "temperature": s.temperature,
        "top_p": s.top_p,
        "max_completion_tokens": s.max_tokens,
        "seed": request.wire_seed(),
    }
    body: dict[str, object] = {
        "model": request.model.partition("/")[2] or request.model,
        "messages": [{"role": m.role, "content": m.content} for m in request.messages],
        **{name: value for name, value in sampling.items() if value is not None},
    }
    if request.schema is not None:
        name = re.sub(r"[^a-zA-Z0-9_-]", "_", request.step)[:64] or "answer"
        named = {"name": name, "strict": True, "schema": request.schema}
        body["response_format"] = {"type": "json_schema", "json_schema": named}
    line = {"custom_id": key or request.key(), "method": "POST", "url": URL, "body": body}
    try:
        return orjson.dumps(line)
    except TypeError:  # a lone surrogate: JSON can escape it
        return json.dumps(line).encode()


def _signature(path: Path) -> tuple[int, ...]:
    """Changes when the file does; empty when there is none."""
    try:
        stat = path.stat()
    except OSError:
        return ()
    return (stat.st_ino, stat.st_size, stat.st_mtime_ns)


def _write(path: Path, lines: Iterable[bytes]) -> None:
    """Write a file whole or not at all."""
    temporary = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.writelines(line + b"\n" for line in lines)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise RunError(
            f"{path} cannot be written: {error.strerror or error}",
            "Make room or set the permissions, then run the same command again.",
        ) from error


def _silent(_: str) -> None:
    """Nobody reads the notes."""


def _never(_: str) -> bool:
    """There is no journal."""
    return False
