"""OpenAI's batch API: a file of requests is uploaded, a batch is made of it, its results are one or two files.

A batch carries our name in its metadata, so that one whose answer was never seen is found in the list. What was
answered with 200 is in the output file, everything else in the error file; a batch that was not accepted at all is
`failed` and says why. Up to 50,000 requests and 200 MB; uploaded files expire after 30 days.

Not covered: deleting files.

Source: https://platform.openai.com/docs/guides/batch, …/docs/api-reference/batch, …/docs/api-reference/files
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

import orjson

from satsuma.llm.batch_api import (
    PAGE,
    SLACK,
    Found,
    Remote,
    Result,
    Sought,
    ask,
    failed,
    lines,
    listed,
    number,
    refused,
    text,
)
from satsuma.llm.openai import decoded, parsed
from satsuma.llm.provider import CallFailed, FailureKind
from satsuma.llm.retry import Complaint

if TYPE_CHECKING:
    from satsuma.llm.http import Endpoint
    from satsuma.llm.openai import OpenAI
    from satsuma.llm.request import Request

URL = "/v1/chat/completions"
NAME = "satsuma_batch"
"""The name in a batch's metadata under which ours stands."""
ENDED = frozenset({"completed", "failed", "expired", "cancelled"})
CANCELLED = frozenset({"cancelling", "cancelled"})
CROWDED = "token_limit_exceeded"
"""What a batch fails with when too many tokens are queued for the model."""


class OpenAIBatches:
    """The batches of one model. provider: the same model outside of a batch. endpoint: the base URL."""

    most_requests = 50_000
    most_bytes = 200_000_000

    def __init__(self, provider: OpenAI, endpoint: Endpoint) -> None:
        self._provider = provider
        self._endpoint = endpoint

    def line(self, request: Request, name: str) -> bytes:  # noqa: ARG002 - the batch has the name
        """One request as a line of the input file."""
        body = orjson.Fragment(self._provider.body(request))
        return orjson.dumps({"custom_id": request.key(), "method": "POST", "url": URL, "body": body})

    def learn(self, request: Request, result: Result) -> bool:
        """Learn from a refusal what this model does not take; True if the request would be another one now."""
        return self._provider.learn(request, result.status, result.body)

    async def submit(self, name: str, lines: Sequence[bytes], begin: Callable[[], Awaitable[None]]) -> Remote:
        """Upload the requests and make a batch of them.

        Raises:
            CallFailed: it was refused, or nobody knows.
        """
        body, kind = _form(name, b"\n".join(lines) + b"\n")
        file = text(await ask(self._endpoint, "POST", "/files", body, kind), "id")
        await begin()
        asked = {"input_file_id": file, "endpoint": URL, "completion_window": "24h", "metadata": {NAME: name}}
        return self._remote(await ask(self._endpoint, "POST", "/batches", orjson.dumps(asked)))

    async def find(self, sought: Sought) -> Found:
        """The batch whose metadata has the name.

        Raises:
            CallFailed: the provider did not list its batches.
        """
        after = ""
        while True:
            page = await ask(self._endpoint, "GET", f"/batches?limit={PAGE}{after}")
            batches = listed(page)
            for batch in batches:
                metadata = batch.get("metadata")
                if isinstance(metadata, dict) and metadata.get(NAME) == sought.name:
                    return Found(self._remote(batch))
            if not batches or not page.get("has_more") or number(batches[-1], "created_at") < sought.since - SLACK:
                return Found()
            after = f"&after={quote(text(batches[-1], 'id'))}"

    async def look(self, remote: str) -> Remote:
        """How a batch stands.

        Raises:
            CallFailed: the provider did not say.
        """
        return self._remote(await ask(self._endpoint, "GET", f"/batches/{quote(remote, safe='')}"))

    async def results(self, remote: Remote) -> AsyncIterator[Result]:
        """The lines of the output file and of the error file.

        Raises:
            CallFailed: not all of them came.
        """
        for file in remote.files:
            async for line in lines(self._endpoint, f"/files/{quote(file, safe='')}/content"):
                if (result := self._result(line)) is not None:
                    yield result

    async def cancel(self, remote: str) -> Remote:
        """Ask for a batch to be cancelled.

        Raises:
            CallFailed: it was not.
        """
        return self._remote(await ask(self._endpoint, "POST", f"/batches/{quote(remote, safe='')}/cancel"))

    async def close(self) -> None:
        """Let go of connections."""
        await self._endpoint.close()
        await self._provider.close()

    def _remote(self, data: Mapping[str, object]) -> Remote:
        state, counts = text(data, "status"), data.get("request_counts")
        files = tuple(f for name in ("output_file_id", "error_file_id") if (f := text(data, name)))
        remote = Remote(
            text(data, "id"), state, state in ENDED, state in CANCELLED, files,
            total=number(counts, "total"), done=number(counts, "completed", "failed"),
        )  # fmt: skip
        if not remote.id or not state:
            raise CallFailed(FailureKind.MALFORMED, "the answer is not a batch")
        if state != "failed":
            return remote
        said = _first_error(data.get("errors"))
        failure = failed(said, self._endpoint.secrets)
        if said.code == CROWDED:
            failure.kind = FailureKind.RATE
        return replace(remote, failure=failure, crowded=said.code == CROWDED)

    def _result(self, line: bytes) -> Result | None:
        """What a line says; None if it cannot be read, and then its request has no result."""
        try:
            data = parsed(line)
        except CallFailed:
            return None
        key, response, error = text(data, "custom_id"), data.get("response"), data.get("error")
        if isinstance(response, dict):
            status, body = number(response, "status_code"), orjson.dumps(response.get("body"))
            if status != 200:
                return Result(key, None, refused(status, body, self._endpoint.secrets), status, body)
            try:
                return Result(key, decoded(body))
            except CallFailed as failure:
                return Result(key, None, failure)
        said = error if isinstance(error, dict) else {}
        why = f"{text(said, 'code') or 'no response'}: {text(said, 'message')}".removesuffix(": ")
        return Result(key, None, CallFailed(FailureKind.OVERLOAD, why))


def _form(name: str, content: bytes) -> tuple[bytes, str]:
    """A file as a form, and its content type. The name, which is random, is the boundary: no request contains it."""
    head = (
        f'--{name}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
        f'--{name}\r\nContent-Disposition: form-data; name="file"; filename="{name}.jsonl"\r\n'
        "Content-Type: application/jsonl\r\n\r\n"
    )
    return b"".join((head.encode(), content, f"\r\n--{name}--\r\n".encode())), f"multipart/form-data; boundary={name}"


def _first_error(errors: object) -> Complaint:
    data = errors.get("data") if isinstance(errors, dict) else None
    first = data[0] if isinstance(data, list) and data and isinstance(data[0], dict) else {}
    return Complaint(text(first, "message"), code=text(first, "code"), param=text(first, "param"))
