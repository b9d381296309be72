"""The seam between the asking and a model: what a provider kind has to offer, and how it says that it failed.

A provider makes one attempt. It never retries, never waits for a rate limit and never writes to the journal: those have
one owner each (`retry.py`, `limits.py`, `journal.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from satsuma.llm.request import Reply, Request, Usage


class FailureKind(StrEnum):
    """What went wrong with one attempt; decides whether another is worth it."""

    AUTH = "auth"
    BILLING = "billing"
    NOT_FOUND = "not found"
    BAD_REQUEST = "bad request"
    CONTEXT_LENGTH = "context length"
    CONTENT_FILTER = "content filter"
    RATE = "rate"
    OVERLOAD = "overload"
    TRANSPORT = "transport"
    TIMEOUT = "timeout"
    MALFORMED = "malformed"


class CallFailed(Exception):
    """One attempt failed.

    retry_after: seconds that the provider asked to wait, None if it did not. usage: tokens that the failed attempt
    was billed for, where known. headers: lower-case response headers, for the limiter. reached: False if no
    connection came about.
    """

    def __init__(
        self,
        kind: FailureKind,
        message: str,
        *,
        retry_after: float | None = None,
        usage: Usage | None = None,
        headers: Mapping[str, str] | None = None,
        reached: bool = True,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.retry_after = retry_after
        self.usage = usage or Usage()
        self.headers = headers or {}
        self.reached = reached


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful attempt: the reply, and the lower-case response headers for the limiter."""

    reply: Reply
    headers: Mapping[str, str] = field(default_factory=dict)


class Provider(Protocol):
    """A model that answers while one waits."""

    async def complete(self, request: Request) -> Answer:
        """Make one attempt.

        Raises:
            CallFailed: the attempt failed, classified.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
