"""The seam between a run and a provider's batch API: what every such API has to offer, and how one speaks to it.

A batch is a list of requests, each under an identifier of ours (the request's key), that is answered as a whole, later.
An API makes one attempt at each thing and says how it failed; it never retries, waits or writes to the journal: those
have their owner in `batch.py`.

Not covered: uploads in parts, results while a batch is still at work (neither API has them).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from satsuma.llm.openai import parsed
from satsuma.llm.provider import CallFailed, FailureKind
from satsuma.llm.retry import Complaint, classify, complaint, kind_of
from satsuma.llm.secrets import redact

if TYPE_CHECKING:
    from satsuma.llm.http import Endpoint
    from satsuma.llm.request import Reply, Request

LONGEST_LINE = 16 * 1024 * 1024
"""Bytes of one result."""
PAGE = 100
"""Batches that are listed at once."""
SLACK = 3600.0
"""Seconds by which the clocks of two machines may differ."""


@dataclass(frozen=True, slots=True)
class Remote:
    """A batch as the provider sees it.

    state: in its words. ended: nothing more comes. cancelled: somebody cancelled it. files: where the results are.
    failure: why nothing in it was carried out. crowded: because the provider's queue for this model is full. total,
    done: requests in it, and those that are finished.
    """

    id: str
    state: str
    ended: bool = False
    cancelled: bool = False
    files: tuple[str, ...] = ()
    failure: CallFailed | None = None
    crowded: bool = False
    total: int = 0
    done: int = 0


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one request. failure: why there is no reply; status, body: of the refusal that it came from."""

    key: str
    reply: Reply | None = None
    failure: CallFailed | None = None
    status: int = 0
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Sought:
    """A batch of which nobody knows whether it was received. since: seconds since 1970. known: ids of other batches."""

    name: str
    size: int
    since: float
    known: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Found:
    """What a search came to. possible: ids of batches that may be the one that is sought; it shows when they end."""

    remote: Remote | None = None
    possible: tuple[str, ...] = ()


class BatchApi(Protocol):
    """A provider's batch API for one model. most_requests, most_bytes: of one batch."""

    most_requests: int
    most_bytes: int

    def line(self, request: Request, name: str) -> bytes:
        """One request as it stands in the batch of this name, without a line feed."""
        ...

    def learn(self, request: Request, result: Result) -> bool:
        """Learn from a refusal what this model does not take; True if the request would be another one now."""
        ...

    async def submit(self, name: str, lines: Sequence[bytes], begin: Callable[[], Awaitable[None]]) -> Remote:
        """Submit a batch under a name; `begin` is awaited before the step from which on it may exist.

        Raises:
            CallFailed: it was refused, or nobody knows.
        """
        ...

    async def find(self, sought: Sought) -> Found:
        """Look for a batch among those that the provider lists.

        Raises:
            CallFailed: it did not list them.
        """
        ...

    async def look(self, remote: str) -> Remote:
        """How a batch stands.

        Raises:
            CallFailed: the provider did not say.
        """
        ...

    def results(self, remote: Remote) -> AsyncIterator[Result]:
        """What came of each request of a batch that has ended, in any order.

        Raises:
            CallFailed: not all of it came.
        """
        ...

    async def cancel(self, remote: str) -> Remote:
        """Ask for a batch to be cancelled.

        Raises:
            CallFailed: it was not.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


async def ask(
    endpoint: Endpoint, method: str, path: str, body: bytes = b"", kind: str = "application/json"
) -> dict[str, object]:
    """The JSON object that a path answers with.

    Raises:
        CallFailed: it answers with something else.
    """
    async with endpoint.opened(method, path, body, kind) as response:
        answer = await response.content.read(LONGEST_LINE + 1) if response.status != 200 else await response.read()
        if response.status != 200:
            raise classify(response.status, response.headers, answer, endpoint.secrets)
    return parsed(endpoint.without_secrets(answer))


async def lines(endpoint: Endpoint, path: str) -> AsyncGenerator[bytes]:
    """The lines that a path answers with, as they come.

    Raises:
        CallFailed: not all of them came, or one is too long.
    """
    async with endpoint.opened("GET", path) as response:
        if response.status != 200:
            raise classify(response.status, response.headers, await response.read(), endpoint.secrets)
        left = b""
        async for chunk in response.content.iter_any():
            *whole, left = (left + chunk).split(b"\n")
            for line in whole:
                if line.strip():
                    yield endpoint.without_secrets(line)
            if len(left) > LONGEST_LINE:
                raise CallFailed(FailureKind.MALFORMED, f"a result is longer than {LONGEST_LINE >> 20} MB")
        if left.strip():
            yield endpoint.without_secrets(left)


def refused(status: int, body: bytes, secrets: Sequence[str]) -> CallFailed:
    """The failure of one request in a batch, classified as the same refusal outside of a batch would be."""
    said = complaint(body)
    return CallFailed(kind_of(status, said), f"HTTP {status}: {redact(said.message, secrets)[:500]}")


def failed(said: Complaint, secrets: Sequence[str]) -> CallFailed:
    """The failure of a batch that the provider did not accept after having taken it."""
    return CallFailed(kind_of(400, said), redact(said.message, secrets)[:500] or said.code or "no reason was given")


def text(data: Mapping[str, object], name: str) -> str:
    """A text in an answer; empty if there is none."""
    value = data.get(name)
    return value if isinstance(value, str) else ""


def number(data: object, *names: str) -> int:
    """The sum of some numbers in an answer; what is missing counts as 0."""
    values = data if isinstance(data, dict) else {}
    return sum(n for name in names if isinstance(n := values.get(name), int))


def listed(page: Mapping[str, object]) -> list[dict[str, object]]:
    """The batches on a page of a list."""
    data = page.get("data")
    return [item for item in data if isinstance(item, dict)] if isinstance(data, list) else []
