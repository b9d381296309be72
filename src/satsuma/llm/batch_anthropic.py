"""Anthropic's message batches: the requests are posted in one body, the results are one file.

A batch has no place for a name of ours, so each request's `custom_id` carries it behind the key. A batch whose answer
was never seen is looked for among those that came after it was sent and have as many requests: one that has ended
proves itself by its results, one that is at work has to be waited for. Up to 100,000 requests and 256 MB; results
are there for 29 days.

Results are read from the address that they are documented to be at, never from a URL in an answer: the key stays with
its host.

Source: https://platform.claude.com/docs/en/api/creating-message-batches, …/build-with-claude/batch-processing
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

import orjson

from satsuma.llm.anthropic import decoded
from satsuma.llm.batch_api import PAGE, SLACK, Found, Remote, Result, Sought, ask, lines, listed, number, refused, text
from satsuma.llm.openai import parsed
from satsuma.llm.provider import CallFailed, FailureKind

if TYPE_CHECKING:
    from satsuma.llm.anthropic import Anthropic
    from satsuma.llm.http import Endpoint
    from satsuma.llm.request import Request

STATUSES = {
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "timeout_error": 504,
    "overloaded_error": 529,
    "api_error": 500,
}
"""The status that goes with each type of error outside of a batch; all others go with 400."""
_COUNTS = ("succeeded", "errored", "canceled", "expired")


class AnthropicBatches:
    """The batches of one model. provider: the same model outside of a batch. endpoint: …/v1/messages/batches."""

    most_requests = 100_000
    most_bytes = 256_000_000

    def __init__(self, provider: Anthropic, endpoint: Endpoint) -> None:
        self._provider = provider
        self._endpoint = endpoint

    def line(self, request: Request, name: str) -> bytes:
        """One request as it stands in the body."""
        params = orjson.Fragment(self._provider.body(request))
        return orjson.dumps({"custom_id": custom_id(request.key(), name), "params": params})

    def learn(self, request: Request, result: Result) -> bool:
        """Learn from a refusal what this model does not take; True if the request would be another one now."""
        return self._provider.learn(request, result.status, result.body)

    async def submit(self, name: str, lines: Sequence[bytes], begin: Callable[[], Awaitable[None]]) -> Remote:  # noqa: ARG002 - the lines have the name
        """Post the requests.

        Raises:
            CallFailed: they were refused, or nobody knows.
        """
        await begin()
        return _remote(await ask(self._endpoint, "POST", "", b'{"requests":[' + b",".join(lines) + b"]}"))

    async def find(self, sought: Sought) -> Found:
        """The batch whose results carry the name, and those at work that may be it.

        Raises:
            CallFailed: the provider did not list its batches.
        """
        after, possible = "", []
        while True:
            page = await ask(self._endpoint, "GET", f"?limit={PAGE}{after}")
            batches = listed(page)
            for remote in map(_remote, (b for b in batches if _may_be(b, sought))):
                if not remote.ended:
                    possible.append(remote.id)
                elif await self._carries(remote, sought.name):
                    return Found(remote)
            if not batches or not page.get("has_more") or _created(batches[-1]) < sought.since - SLACK:
                return Found(None, tuple(possible))
            after = f"&after_id={quote(text(batches[-1], 'id'))}"

    async def look(self, remote: str) -> Remote:
        """How a batch stands.

        Raises:
            CallFailed: the provider did not say.
        """
        return _remote(await ask(self._endpoint, "GET", f"/{quote(remote, safe='')}"))

    async def results(self, remote: Remote) -> AsyncIterator[Result]:
        """The lines of the results.

        Raises:
            CallFailed: not all of them came.
        """
        async for line in self._lines(remote):
            if (result := self._result(line)) is not None:
                yield result

    async def cancel(self, remote: str) -> Remote:
        """Ask for a batch to be cancelled.

        Raises:
            CallFailed: it was not.
        """
        return _remote(await ask(self._endpoint, "POST", f"/{quote(remote, safe='')}/cancel"))

    async def close(self) -> None:
        """Let go of connections."""
        await self._endpoint.close()
        await self._provider.close()

    def _lines(self, remote: Remote) -> AsyncGenerator[bytes]:
        return lines(self._endpoint, f"/{quote(remote.id, safe='')}/results")

    async def _carries(self, remote: Remote, name: str) -> bool:
        """Whether the first result is of a request of ours."""
        async with aclosing(self._lines(remote)) as results:
            async for line in results:
                return text(parsed(line), "custom_id").endswith(f"_{name}")
        return False

    def _result(self, line: bytes) -> Result | None:
        """What a line says; None if it cannot be read, and then its request has no result."""
        try:
            data = parsed(line)
        except CallFailed:
            return None
        key, result = text(data, "custom_id").partition("_")[0], data.get("result")
        said = result if isinstance(result, dict) else {}
        match text(said, "type"):
            case "succeeded":
                try:
                    return Result(key, decoded(orjson.dumps(said.get("message"))))
                except CallFailed as failure:
                    return Result(key, None, failure)
            case "errored":
                return self._errored(key, said.get("error"))
            case other:
                return Result(
                    key, None, CallFailed(FailureKind.OVERLOAD, f"the request is {other or 'without a result'}")
                )

    def _errored(self, key: str, error: object) -> Result:
        inner = error.get("error") if isinstance(error, dict) else None
        said = inner if isinstance(inner, dict) else error if isinstance(error, dict) else {}
        status, body = STATUSES.get(text(said, "type"), 400), orjson.dumps({"error": said})
        return Result(key, None, refused(status, body, self._endpoint.secrets), status, body)


def custom_id(key: str, name: str) -> str:
    """What a request is called in a batch: its key and the batch's name, at most 64 letters, digits, `-` and `_`."""
    return f"{key}_{name}"


def _may_be(batch: Mapping[str, object], sought: Sought) -> bool:
    size = number(batch.get("request_counts"), "processing", *_COUNTS)
    late = _created(batch) >= sought.since - SLACK
    return late and size == sought.size and text(batch, "id") not in sought.known


def _created(batch: Mapping[str, object]) -> float:
    """Seconds since 1970; 0 if the answer does not say."""
    try:
        return datetime.fromisoformat(text(batch, "created_at")).timestamp()
    except ValueError:
        return 0.0


def _remote(data: Mapping[str, object]) -> Remote:
    state, counts = text(data, "processing_status"), data.get("request_counts")
    identifier, done = text(data, "id"), number(counts, *_COUNTS)
    if not identifier or not state:
        raise CallFailed(FailureKind.MALFORMED, "the answer is not a batch")
    cancelled = state == "canceling" or bool(data.get("cancel_initiated_at"))
    return Remote(
        identifier, "canceled" if cancelled and state == "ended" else state, state == "ended", cancelled,
        total=number(counts, "processing") + done, done=done,
    )  # fmt: skip
