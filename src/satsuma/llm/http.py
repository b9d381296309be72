"""One HTTP endpoint: bytes posted, bytes back, every way that HTTP can go wrong turned into `CallFailed`.

Client: aiohttp, by measurement. Posting 2 kB and reading 1.8 kB it costs 0.10 to 0.24 ms of CPU, httpx 1.3 to 2.4 ms,
the SDKs 1.1 to 3.3 ms.

What holds:

* The key goes to the address it was given for and nowhere else: redirects are not followed, certificates are verified.
* A read timeout counts silence, not length: an answer may take as long as bytes keep coming.
* A body is read up to a limit *after* decompression, so that a small gzip cannot fill the memory.
* Headers, URL and connections are made once; a request allocates next to nothing here.

Not covered: what status and body mean (`retry.py`, the providers), how many requests are in flight (`limits.py`).
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from satsuma.errors import SettingsError
from satsuma.llm.provider import CallFailed, FailureKind
from satsuma.llm.secrets import redact, spellings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from aiohttp import ClientResponse, ClientSession

LARGEST_BODY = 16 * 1024 * 1024
"""Bytes of an answer, decompressed."""
LONGEST_CONNECT = 20.0
"""Seconds for a connection to come about, at most; the read timeout if that is shorter."""

SHORTEST_TOTAL = 600.0
"""Seconds for a whole answer, or ten read timeouts if that is more: a server that drips holds no slot for ever."""


def checked_url(url: str) -> str:
    """A base URL as it is used: no slash at the end.

    Raises:
        SettingsError: it is not an http(s) URL, or has credentials or a query in it.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError(
            f"the base URL {url!r} is not an http:// or https:// address",
            "For example --base-url http://localhost:8000/v1",
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise SettingsError(
            f"the base URL for {parts.hostname} carries credentials or a query",
            "Put the key into the provider's environment variable; `satsuma models` lists them.",
        )
    return url.rstrip("/")


class Endpoint:
    """One address that JSON is posted to, over connections that are kept.

    timeout: seconds of silence before an attempt fails. concurrency: connections at most. secrets: keys, taken out of
    everything that comes back.
    """

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        timeout: float = 60.0,
        concurrency: int = 256,
        secrets: Iterable[str] = (),
    ) -> None:
        self.url = url
        self._proxy = _proxy(url)
        self.secrets = spellings([*secrets, urlsplit(self._proxy or "").password or ""])
        self._headers = {
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "satsuma",
            **headers,
        }
        self._hidden = tuple(s.encode() for s in self.secrets)
        self._timeout = timeout
        self._concurrency = concurrency
        self._session: ClientSession | None = None

    async def post(self, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        """Post a body; status, headers (their names in any case) and body of the answer.

        Raises:
            CallFailed: no complete answer came.
        """
        import aiohttp

        session = self._session or self._connect()
        try:
            async with session.post(self.url, data=body, allow_redirects=False) as response:
                if 300 <= response.status < 400:
                    raise self._redirected(response)
                return response.status, response.headers, self.without_secrets(await _read(response))
        except TimeoutError as error:
            raise self._timed_out(error) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise self._failed(error) from None

    @asynccontextmanager
    async def opened(
        self, method: str, path: str = "", body: bytes = b"", kind: str = "application/json"
    ) -> AsyncIterator[ClientResponse]:
        """The answer to any request below the URL, whatever its status, to be read as long as bytes keep coming.

        kind: the body's content type.

        Raises:
            CallFailed: no complete answer came.
        """
        import aiohttp

        session = self._session or self._connect()
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=LONGEST_CONNECT, sock_read=self._timeout)
        try:
            async with session.request(
                method, self.url + path, data=body or None, allow_redirects=False, timeout=timeout,
                headers={"Content-Type": kind},
            ) as response:  # fmt: skip
                self.reached = True
                if 300 <= response.status < 400:
                    raise self._redirected(response)
                yield response
        except TimeoutError as error:
            raise self._timed_out(error) from None
        except (aiohttp.ClientError, OSError) as error:
            raise self._failed(error) from None

    async def close(self) -> None:
        """Let go of the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _connect(self) -> ClientSession:
        """The session; made in the event loop that uses it."""
        import aiohttp

        self._session = aiohttp.ClientSession(
            headers=self._headers,
            connector=aiohttp.TCPConnector(limit=self._concurrency, keepalive_timeout=60.0),
            timeout=aiohttp.ClientTimeout(
                total=max(SHORTEST_TOTAL, 10 * self._timeout),
                sock_connect=min(self._timeout, LONGEST_CONNECT),
                sock_read=self._timeout,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            proxy=self._proxy,
        )
        return self._session

    def without_secrets(self, body: bytes) -> bytes:
        """A body, or a part of one, without the keys that it may echo."""
        for secret in self._hidden:
            if secret in body:
                body = body.replace(secret, b"[redacted]")
        return body

    def _redirected(self, response: ClientResponse) -> CallFailed:
        target = urlsplit(response.headers.get("Location", ""))
        where = f"to {target.hostname}" if target.hostname else "elsewhere on its host"
        return CallFailed(
            FailureKind.BAD_REQUEST,
            f"HTTP {response.status}: {self.url} redirects {where}, and redirects are not followed: "
            "the key stays with the address it was given for",
        )

    def _timed_out(self, error: TimeoutError) -> CallFailed:
        import aiohttp

        if isinstance(error, aiohttp.ConnectionTimeoutError):
            return CallFailed(FailureKind.TIMEOUT, f"no connection to {self.url} came about in time", reached=False)
        return CallFailed(FailureKind.TIMEOUT, f"no byte from {self.url} for {self._timeout:g} s")

    def _failed(self, error: Exception) -> CallFailed:
        """The failure that an exception of the HTTP client is."""
        import aiohttp

        said = redact(str(error), self.secrets)[:300] or type(error).__name__
        if isinstance(error, aiohttp.ClientSSLError | aiohttp.ServerFingerprintMismatch):
            return CallFailed(FailureKind.BAD_REQUEST, f"no secure connection to {self.url}: {said}", reached=False)
        if isinstance(error, aiohttp.InvalidURL):
            return CallFailed(FailureKind.BAD_REQUEST, f"{self.url} is not an address")
        if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ClientProxyConnectionError):
            return CallFailed(FailureKind.TRANSPORT, f"no connection to {self.url}: {said}", reached=False)
        return CallFailed(FailureKind.TRANSPORT, f"the connection to {self.url} broke: {said}")


async def _read(response: ClientResponse) -> bytes:
    """The body, up to the limit."""
    content = response.content
    first = await content.readany()
    if content.at_eof():
        return first
    chunks, size = [first], len(first)
    while chunk := await content.readany():
        size += len(chunk)
        if size > LARGEST_BODY:
            response.close()
            raise CallFailed(FailureKind.MALFORMED, f"the answer is longer than {LARGEST_BODY >> 20} MB")
        chunks.append(chunk)
    return b"".join(chunks)


def _proxy(url: str) -> str | None:
    """The proxy that the environment names for the URL; looked up once, not for each request.

    Raises:
        SettingsError: it is of a kind that cannot be used.
    """
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(url)
    if parts.hostname in ("localhost", "127.0.0.1", "::1") or proxy_bypass(parts.hostname or ""):
        return None
    proxy = getproxies().get(parts.scheme)
    if proxy is not None and urlsplit(proxy).scheme not in ("http", "https"):
        name = f"{parts.scheme}_proxy"
        raise SettingsError(f"the proxy in {name} is not an http:// address", f"Unset {name}, or name an HTTP proxy.")
    return proxy
