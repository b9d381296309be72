"""The Hugging Face hub as dataset cards: every dataset that it lists, page by page, the most downloaded first.

One request gives some hundred datasets with description, tags, card metadata and names of files, so nothing is asked
dataset by dataset, and no data is downloaded. Each page is kept in a file beside the catalog, with the address of the
next one, before that is asked for: a build that is stopped goes on where it was, and a torn last line is owed again.

The only owner of retries is here. 429 and 5xx are asked again, at most `TRIES` times: after what `Retry-After` says,
else after 1, 2, 4, ... seconds. An address of the next page that leads to another host is not followed.

`HF_ENDPOINT` and `HF_TOKEN` mean what they mean to huggingface_hub, whose client and headers are used.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import urlencode, urljoin, urlsplit

import orjson

from satsuma.catalog.entry import Entry, entry_from
from satsuma.catalog.hubentry import entry_of_hub
from satsuma.errors import DataError, Interrupted
from satsuma.extras import require
from satsuma.run.atomic import writing

TRIES = 6
MAX_WAIT = 900.0
"""Seconds that the hub may make one wait for one page; more is told to the user instead."""
PAGE = 500
TIMEOUT = 60.0
"""Seconds."""
ASKED_AGAIN = frozenset({408, 429, 500, 502, 503, 504})
_FIELDS = ("description", "tags", "gated", "disabled", "cardData", "siblings", "sha")
_GOES_ON = "The same command goes on where this one stopped."

Wait = Callable[[float], None]


class Answer(Protocol):
    """What is used of a response."""

    status_code: int

    @property
    def content(self) -> bytes:
        """The body."""
        ...

    @property
    def headers(self) -> dict[str, str]:
        """By their names, whatever their case."""
        ...

    @property
    def links(self) -> dict[str | None, dict[str, str]]:
        """Of the Link header, by their relation."""
        ...


Get = Callable[[str], Answer]
"""One attempt at an address."""


@dataclass(frozen=True, slots=True)
class Page:
    """What one request gave. next: the address of the next page; empty after the last."""

    entries: tuple[Entry, ...]
    next: str


def entries_of_hub(kept: Path, limit: int = 0, wait: Wait = time.sleep) -> Generator[Entry]:
    """The hub's datasets, the first `limit` of them (0: all). kept: the file that pages are kept in.

    Raises:
        ExtraError: huggingface_hub is not installed.
        DataError: the hub cannot be reached, or answers otherwise than it should.
        Interrupted: by Ctrl-C.
        RunError: pages cannot be kept.
    """
    require("hub", "huggingface_hub", needed_by="a catalog of the hub")
    given = 0
    try:
        for page in _pages(kept, _first_address(limit), _client(), wait):
            for entry in page.entries:
                yield entry
                given += 1
                if given == limit:
                    return
    except KeyboardInterrupt:
        raise Interrupted(f"stopped after {given:,} datasets of the hub", _GOES_ON) from None


def _endpoint() -> str:
    from huggingface_hub import constants

    return (os.environ.get("HF_ENDPOINT") or constants.ENDPOINT).rstrip("/")


def _first_address(limit: int) -> str:
    asked = [("limit", min(limit or PAGE, PAGE)), ("sort", "downloads"), ("direction", -1)]
    return f"{_endpoint()}/api/datasets?{urlencode([*asked, *(('expand', field) for field in _FIELDS)])}"


def _client() -> Get:
    from huggingface_hub import get_session
    from huggingface_hub.utils import build_hf_headers

    headers = build_hf_headers(library_name="satsuma")

    def get(address: str) -> Answer:
        answer: Answer = get_session().get(address, headers=headers, timeout=TIMEOUT)
        return answer

    return get


def _pages(kept: Path, first: str, get: Get, wait: Wait) -> Iterator[Page]:
    """The pages that are kept, then those that are not."""
    address = first
    whole = 0
    for page, end in _kept_pages(kept, first):
        yield page
        address, whole = page.next, end
    with writing(kept):
        kept.parent.mkdir(parents=True, exist_ok=True)
        file = kept.open("r+b" if kept.exists() else "w+b")
    with file:
        file.truncate(whole)
        file.seek(whole)
        if not whole:
            file.write(orjson.dumps({"first": first}) + b"\n")
        while address:
            page = _page(address, get, wait)
            with writing(kept):
                file.write(orjson.dumps({"next": page.next, "entries": [e.as_json() for e in page.entries]}) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            yield page
            address = page.next


def _kept_pages(kept: Path, first: str) -> Iterator[tuple[Page, int]]:
    """The pages of an earlier build of the same question, each with where it ends; a torn one is not there."""
    if not kept.is_file():
        return
    with kept.open("rb") as file:
        head = file.readline()
        if _read(head) != {"first": first}:
            return
        while (line := file.readline()).endswith(b"\n"):
            match _read(line):
                case {"next": str(following), "entries": [*cards]}:
                    entries = tuple(entry_from(card) for card in cards if isinstance(card, dict))
                    yield Page(entries, following), file.tell()
                case _:
                    return


def _read(line: bytes) -> object:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return None


def _page(address: str, get: Get, wait: Wait) -> Page:
    answer = _answer(address, get, wait)
    found = _read(answer.content)
    if not isinstance(found, list):
        raise DataError(f"{_host(address)} does not answer as the hub does: {answer.content[:80]!r}")
    following = urljoin(address, answer.links.get("next", {}).get("url", "")) if answer.links.get("next") else ""
    if following and urlsplit(following)[:2] != urlsplit(address)[:2]:
        raise DataError(f"{_host(address)} names {_host(following)} for its next page, which is not asked")
    return Page(tuple(entry_of_hub(said) for said in found if isinstance(said, dict) and said.get("id")), following)


def _answer(address: str, get: Get, wait: Wait) -> Answer:
    """An answer of status 200, however often it has to be asked for."""
    trouble = ""
    for attempt in range(TRIES):
        seconds: float | None = None
        try:
            answer = get(address)
        except Exception as error:  # the client's errors have no common type that is part of its interface
            trouble = f"{type(error).__name__}: {error}"
        else:
            if answer.status_code == 200:
                return answer
            trouble = f"status {answer.status_code}: {answer.content[:80].decode('utf-8', 'replace')}"
            if answer.status_code not in ASKED_AGAIN:
                break
            seconds = retry_after(answer.headers.get("retry-after"))
        if seconds is not None and seconds > MAX_WAIT:
            trouble += f"; it wants {seconds:,.0f} s of rest"
            break
        if attempt + 1 < TRIES:
            wait(seconds if seconds is not None else float(2**attempt))
    raise DataError(f"{_host(address)} does not list its datasets: {trouble}", _GOES_ON)


def retry_after(value: str | None) -> float | None:
    """Seconds that a `Retry-After` asks for, from a number or a date; None if it asks for nothing that is either."""
    if not value:
        return None
    try:
        return max(float(value), 0.0)
    except ValueError:
        pass
    try:
        return max(parsedate_to_datetime(value).timestamp() - time.time(), 0.0)
    except ValueError:
        return None


def _host(address: str) -> str:
    return urlsplit(address).netloc
