"""An endpoint that speaks HTTP badly is an error or a retry; the key stays where it belongs; the memory stays small."""

from __future__ import annotations

import asyncio
import gzip
import shutil
import ssl
import subprocess
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from satsuma.errors import SettingsError
from satsuma.llm.http import LARGEST_BODY, Endpoint
from satsuma.llm.provider import CallFailed, FailureKind

KEY = "planted-key-1234567890"
Speak = Callable[[asyncio.StreamWriter], Awaitable[None]]


def response(body: bytes, *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


@asynccontextmanager
async def server(
    answers: list[bytes | Speak], heads: list[bytes] | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[str]:
    """Answers each request with the next bytes, then closes; with a function, as that does."""
    waiting = list(answers)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while waiting:
                head = await reader.readuntil(b"\r\n\r\n")
                if heads is not None:
                    heads.append(head)
                await reader.readexactly(int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0]))
                answer = waiting.pop(0)
                if isinstance(answer, bytes):
                    writer.write(answer)
                    await writer.drain()
                    if b"200 OK" not in answer[:20]:
                        break
                else:
                    await answer(writer)
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=tls)
    try:
        port = listening.sockets[0].getsockname()[1]
        yield f"{'https' if tls else 'http'}://127.0.0.1:{port}/v1/chat/completions"
    finally:
        listening.close()


def post(
    *answers: bytes | Speak, times: int = 1, timeout: float = 5.0, heads: list[bytes] | None = None
) -> list[bytes | CallFailed]:
    """What posting so often comes to."""

    async def main() -> list[bytes | CallFailed]:
        async with server(list(answers), heads) as url:
            endpoint = Endpoint(url, {"Authorization": f"Bearer {KEY}"}, timeout=timeout, secrets=[KEY])
            came: list[bytes | CallFailed] = []
            for _ in range(times):
                try:
                    came.append((await endpoint.post(b"{}"))[2])
                except CallFailed as failure:
                    came.append(failure)
            await endpoint.close()
            return came

    return asyncio.run(main())


def kind(came: bytes | CallFailed) -> FailureKind | None:
    return came.kind if isinstance(came, CallFailed) else None


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x16\x03\x01 this is not HTTP\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
    ],
    ids=lambda a: repr(a[:60]),
)
def test_broken_http_is_a_broken_connection(answer: bytes) -> None:
    async def speak(writer: asyncio.StreamWriter) -> None:
        writer.write(answer)

    (came,) = post(speak)
    assert kind(came) is FailureKind.TRANSPORT


def test_a_body_shorter_than_it_says_is_a_broken_connection() -> None:
    async def speak(writer: asyncio.StreamWriter) -> None:
        writer.write(response(b'{"a": 1}', length=1000))

    assert kind(post(speak)[0]) is FailureKind.TRANSPORT


def test_a_body_longer_than_it_says_never_becomes_the_next_answer() -> None:
    smuggled = response(b"first", length=5) + response(b"SMUGGLED")
    came = post(smuggled, response(b"second"), times=2)
    assert came[0] == b"first"
    assert came[1] != b"SMUGGLED"


def test_silence_ends_the_attempt_before_and_within_the_answer() -> None:
    async def silent(_: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async def stalled(writer: asyncio.StreamWriter) -> None:
        writer.write(response(b'{"a"', length=100))
        await asyncio.Event().wait()

    for speak in (silent, stalled):
        (came,) = post(speak, timeout=0.1)
        assert kind(came) is FailureKind.TIMEOUT


def test_a_slow_answer_is_not_silence() -> None:
    async def slow(writer: asyncio.StreamWriter) -> None:
        writer.write(response(b"", length=6))
        loop = asyncio.get_running_loop()
        for at in range(6):
            piece: asyncio.Future[None] = loop.create_future()
            loop.call_later(0.1, piece.set_result, None)
            await piece
            writer.write(b"abcdef"[at : at + 1])
            await writer.drain()

    assert post(slow, timeout=0.4) == [b"abcdef"]


def test_a_redirect_is_not_followed_and_the_key_goes_nowhere_else() -> None:
    async def main() -> tuple[CallFailed, list[bytes], list[bytes]]:
        first: list[bytes] = []
        other: list[bytes] = []
        async with server([response(b"{}")], other) as elsewhere:
            target = elsewhere.replace("127.0.0.1", "localhost")
            redirect = response(b"", f"Location: {target}?k={KEY}", status="307 Temporary Redirect")
            async with server([redirect], first) as url:
                endpoint = Endpoint(url, {"Authorization": f"Bearer {KEY}"}, secrets=[KEY])
                with pytest.raises(CallFailed) as caught:
                    await endpoint.post(b"{}")
                await endpoint.close()
                return caught.value, first, other

    failure, first, other = asyncio.run(main())
    assert failure.kind is FailureKind.BAD_REQUEST
    assert "redirects to localhost" in failure.message
    assert KEY not in failure.message
    assert KEY.encode() in first[0]
    assert other == []


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes a certificate with the openssl command")
def test_a_certificate_that_does_not_verify_is_an_error_before_the_key_is_sent(tmp_path: Path) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)

    async def main() -> tuple[CallFailed, list[bytes]]:
        heads: list[bytes] = []
        async with server([response(b"{}")], heads, tls) as url:
            endpoint = Endpoint(url, {"Authorization": f"Bearer {KEY}"}, secrets=[KEY])
            with pytest.raises(CallFailed) as caught:
                await endpoint.post(b"{}")
            await endpoint.close()
            return caught.value, heads

    failure, heads = asyncio.run(main())
    assert failure.kind is FailureKind.BAD_REQUEST
    assert "no secure connection" in failure.message
    assert heads == []


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_decompression_bomb_is_malformed_and_small(encoding: str) -> None:
    size = 16 * LARGEST_BODY
    block = bytes(1 << 20)
    packer = zlib.compressobj(wbits=31 if encoding == "gzip" else 15)
    bomb = b"".join([*(packer.compress(block) for _ in range(size >> 20)), packer.flush()])
    assert len(bomb) < LARGEST_BODY / 32
    tracemalloc.start()
    try:
        (came,) = post(response(bomb, f"Content-Encoding: {encoding}"))
        assert tracemalloc.get_traced_memory()[1] < 3 * LARGEST_BODY
    finally:
        tracemalloc.stop()
    assert kind(came) is FailureKind.MALFORMED
    assert "longer than 16 MB" in str(came)


def test_a_compressed_answer_is_read_and_a_broken_one_is_a_broken_connection() -> None:
    packed = gzip.compress(b'{"a": 1}' * 1000)
    assert post(response(packed, "Content-Encoding: gzip")) == [b'{"a": 1}' * 1000]
    (came,) = post(response(b"not gzip at all", "Content-Encoding: gzip"))
    assert kind(came) is FailureKind.TRANSPORT


def test_an_answer_without_end_is_cut_off() -> None:
    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        while not writer.is_closing():
            writer.write(bytes(1 << 16))
            await writer.drain()

    assert kind(post(endless)[0]) is FailureKind.MALFORMED


def test_nothing_there_is_told_from_a_broken_connection() -> None:
    async def main() -> CallFailed:
        async with server([]) as url:
            pass
        endpoint = Endpoint(url, {"Authorization": f"Bearer {KEY}"}, secrets=[KEY])
        with pytest.raises(CallFailed) as caught:
            await endpoint.post(b"{}")
        await endpoint.close()
        return caught.value

    failure = asyncio.run(main())
    assert (failure.kind, failure.reached) == (FailureKind.TRANSPORT, False)


def test_an_address_that_does_not_exist_is_not_reached() -> None:
    async def main() -> CallFailed:
        endpoint = Endpoint("http://no-such-host.invalid/v1", {})
        with pytest.raises(CallFailed) as caught:
            await endpoint.post(b"{}")
        await endpoint.close()
        return caught.value

    assert asyncio.run(main()).reached is False


def test_connections_are_kept() -> None:
    async def main() -> int:
        ports = set()

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            ports.add(writer.get_extra_info("peername")[1])
            for _ in range(3):
                await reader.readuntil(b"{}")
                writer.write(response(b"{}"))
            writer.close()

        listening = await asyncio.start_server(talk, "127.0.0.1", 0)
        endpoint = Endpoint(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/", {})
        for _ in range(3):
            await endpoint.post(b"{}")
        await endpoint.close()
        listening.close()
        return len(ports)

    assert asyncio.run(main()) == 1


def test_a_key_that_comes_back_is_taken_out() -> None:
    assert post(response(f"you are {KEY}".encode())) == [b"you are [redacted]"]


def test_the_proxy_of_the_environment_is_used_for_other_hosts_and_its_password_is_a_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def main() -> tuple[tuple[str, ...], list[bytes]]:
        heads: list[bytes] = []
        async with server([response(b"{}")], heads) as url:
            monkeypatch.setenv("http_proxy", url.split("/v1")[0].replace("http://", "http://me:planted-password@"))
            endpoint = Endpoint("http://models.invalid/v1", {})
            await endpoint.post(b"{}")
            await endpoint.close()
            return endpoint.secrets, heads

    secrets, heads = asyncio.run(main())
    assert heads[0].startswith(b"POST http://models.invalid/v1 HTTP/1.1")
    assert secrets == ("planted-password",)


def test_a_proxy_that_cannot_be_used_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "socks5://me:planted@127.0.0.1:1")
    with pytest.raises(SettingsError, match="https_proxy is not an http:// address") as caught:
        Endpoint("https://models.invalid/v1", {})
    assert "planted" not in str(caught.value)
