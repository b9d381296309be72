"""HTTP/1.1 on asyncio, as little as a model server needs, with a hand on every byte so that it can fail in every way.

A connection reads requests one after the other, hands each to a handler with a way to respond, and writes what the
handler decided: at once, after a delay, in pieces, half of it, or nothing. Delays are timers of the loop; nothing is
polled and no task is made. A client that leaves ends what was being done for it. Not covered: TLS, HTTP/2, trailers,
compression.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TypeAlias

from satsuma.testing.faults import Fault

_LONGEST_HEAD = 65536
_LONGEST_BODY = 256 * 1024 * 1024
_PIECES = 8


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request: the path without its query, the query as it came, header names in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """What is to be written, when (`delay` and `slow_seconds` in seconds), and what is to go wrong with it.

    done: told once how it ended, True if all of it was written.
    """

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    delay: float = 0.0
    fault: Fault | None = None
    slow_seconds: float = 0.0
    done: Callable[[bool], None] | None = None

    def encoded(self) -> tuple[bytes, bytes]:
        """Head and body as they go over the wire."""
        head = [
            f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}",
            f"Content-Type: {self.content_type}",
            f"Content-Length: {len(self.body)}",
            *(f"{name}: {value}" for name, value in self.headers.items()),
        ]
        return ("\r\n".join(head) + "\r\n\r\n").encode("latin-1"), self.body


Respond: TypeAlias = Callable[[Response], None]
Handler: TypeAlias = Callable[[HttpRequest, Respond], None]


class BadHttp(Exception):
    """What came is no HTTP request that this server takes; carries the status to answer with."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(slots=True)
class _Head:
    method: str
    target: str
    headers: dict[str, str]
    length: int
    chunked: bool


def _parse_head(raw: bytes) -> _Head:
    lines = raw.decode("latin-1").split("\r\n")
    parts = lines[0].split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise BadHttp(400, "not an HTTP/1 request")
    headers = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if colon:
            headers[name.lower()] = value.strip()
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > _LONGEST_BODY:
        raise BadHttp(413 if length.isdigit() else 400, f"Content-Length {length}")
    return _Head(parts[0], parts[1], headers, int(length), "chunked" in headers.get("transfer-encoding", "").lower())


def _unchunked(buffer: bytearray) -> tuple[bytes, int] | None:
    """The body in chunks at the front of the buffer and its length on the wire, None until all of it is there."""
    at = 0
    parts: list[bytes] = []
    while (end := buffer.find(b"\r\n", at)) >= 0:
        try:
            size = int(bytes(buffer[at:end]).split(b";")[0], 16)
        except ValueError:
            raise BadHttp(400, "a chunk without a size") from None
        at = end + 2
        if size == 0:
            return (b"".join(parts), at + 2) if len(buffer) >= at + 2 else None
        if len(buffer) < at + size + 2:
            return None
        parts.append(bytes(buffer[at : at + size]))
        at += size + 2
    return None


class Connection(asyncio.Protocol):
    """One client; answers its requests in order."""

    def __init__(self, handler: Handler, connections: set[Connection]) -> None:
        self._handler = handler
        self._connections = connections
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._head: _Head | None = None
        self._busy = False
        self._closing = False
        self._timer: asyncio.TimerHandle | None = None
        self._response: Response | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client came."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what asyncio gives a stream protocol
        self._transport = transport
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """The client left: forget what was being done for it."""
        self._transport = None
        self._connections.discard(self)
        if self._timer is not None:
            self._timer.cancel()
        self._end(written=False)

    def abort(self) -> None:
        """End it now."""
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Some bytes came."""
        self._buffer += data
        if not self._busy:
            self._read()

    def _read(self) -> None:
        """Handle the request at the front of the buffer, if all of it is there."""
        try:
            request = self._request()
        except BadHttp as error:
            self._busy = self._closing = True
            self._respond(Response(error.status, b'{"error":{"message":"%s"}}' % str(error).encode()))
            return
        if request is not None:
            self._busy = True
            self._closing = request.headers.get("connection", "").lower() == "close"
            self._handler(request, self._once())

    def _request(self) -> HttpRequest | None:
        if self._head is None:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                if len(self._buffer) > _LONGEST_HEAD:
                    raise BadHttp(413, "the head is too long")
                return None
            self._head = _parse_head(bytes(self._buffer[:end]))
            del self._buffer[: end + 4]
            if self._head.headers.get("expect", "").lower() == "100-continue" and self._transport is not None:
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        head = self._head
        body = _unchunked(self._buffer) if head.chunked else self._whole(head.length)
        if body is None:
            return None
        del self._buffer[: body[1]]
        self._head = None
        path, _, query = head.target.partition("?")
        return HttpRequest(head.method, path, query, head.headers, body[0])

    def _whole(self, length: int) -> tuple[bytes, int] | None:
        return (bytes(self._buffer[:length]), length) if len(self._buffer) >= length else None

    def _once(self) -> Respond:
        """A way to respond to this request, even if it is gone by then."""

        def respond(response: Response) -> None:
            if self._transport is None:
                if response.done is not None:
                    response.done(False)
                return
            self._respond(response)

        return respond

    def _respond(self, response: Response) -> None:
        self._response = response
        if response.delay > 0:
            self._timer = asyncio.get_running_loop().call_later(response.delay, self._write)
        else:
            self._write()

    def _write(self) -> None:
        response, transport = self._response, self._transport
        if response is None or transport is None:
            return
        head, body = response.encoded()
        match response.fault:
            case None | Fault.RATE | Fault.ERROR:
                transport.write(head + body)
                self._end(written=True)
            case Fault.HANG:
                pass
            case Fault.DROP:
                transport.close()
            case Fault.CUT:
                transport.write(head + body[: len(body) // 2])
                transport.close()
            case Fault.STALL:
                transport.write(head + body[: len(body) // 2])
            case Fault.SLOW:
                transport.write(head)
                self._piece(body, response.slow_seconds / _PIECES)

    def _piece(self, body: bytes, pause: float, sent: int = 0) -> None:
        """Write the next piece of a slow body."""
        if self._transport is None:
            return
        size = len(body) // _PIECES + 1
        self._transport.write(body[sent : sent + size])
        if sent + size >= len(body):
            self._end(written=True)
        else:
            self._timer = asyncio.get_running_loop().call_later(pause, self._piece, body, pause, sent + size)

    def _end(self, *, written: bool) -> None:
        """Tell how the response ended, and go on to the next request."""
        response, self._response, self._timer = self._response, None, None
        if response is not None and response.done is not None:
            response.done(written)
        self._busy = False
        if self._transport is None:
            return
        if self._closing:
            self._transport.close()
        elif self._buffer:
            asyncio.get_running_loop().call_soon(self._read_on)

    def _read_on(self) -> None:
        if not self._busy and self._transport is not None:
            self._read()
