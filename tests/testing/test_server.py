"""The server over real connections: answers, counts, faults, limits, and HTTP as it comes."""

import asyncio
import http.client
import os
import socket
import threading

import orjson
import pytest

import satsuma.testing as testing
from satsuma.llm.request import Json
from satsuma.testing.faults import Faults, Latency
from satsuma.testing.server import Server, serve
from satsuma.testing.windows import Windows, duration

CHAT = "/v1/chat/completions"
STRING: dict[str, Json] = {"type": "string"}


def _body(number: int = 0, **more: Json) -> dict[str, Json]:
    schema: Json = {"type": "object", "properties": {"a": STRING}}
    form: Json = {"type": "json_schema", "json_schema": {"name": "instance", "strict": True, "schema": schema}}
    return {"model": "m", "messages": [{"role": "user", "content": str(number)}], "response_format": form, **more}


def _send(
    server: Server, body: object, *, headers: dict[str, str] | None = None, path: str = CHAT, method: str = "POST"
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(server.host, server.port, timeout=20)
    try:
        raw = body if isinstance(body, bytes) else orjson.dumps(body)
        connection.request(method, path, raw, headers or {})
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def _error(answer: tuple[int, dict[str, str], bytes]) -> tuple[int, dict[str, Json]]:
    return answer[0], orjson.loads(answer[2])["error"]


def test_an_answer_has_the_form_of_openai() -> None:
    with serve() as server:
        status, headers, raw = _send(server, _body())
    answer = orjson.loads(raw)

    assert (status, headers["content-type"]) == (200, "application/json")
    assert answer["object"] == "chat.completion"
    assert answer["model"] == "m"
    assert answer["choices"][0]["finish_reason"] == "stop"
    assert isinstance(orjson.loads(answer["choices"][0]["message"]["content"])["a"], str)
    assert answer["usage"]["total_tokens"] == answer["usage"]["prompt_tokens"] + answer["usage"]["completion_tokens"]


def test_a_server_in_a_process_says_the_same_as_one_in_a_thread() -> None:
    bodies = [_body(i) for i in range(10)]
    with serve(seed=3) as near, serve(seed=3, process=True) as far:
        assert [_send(near, body)[2] for body in bodies] == [_send(far, body)[2] for body in reversed(bodies)][::-1]
        assert near.counters.answered == far.counters.answered == 10
        assert near.requests == far.requests
        assert (near.pid, far.pid != near.pid) == (os.getpid(), True)


def test_questions_are_counted_by_content() -> None:
    with serve() as server:
        for number in (1, 2, 1):
            _send(server, _body(number))
        counters = server.counters
        assert server.requests == server.answered == {testing.digest(_body(1)): 2, testing.digest(_body(2)): 1}
    assert (counters.requests, counters.answered, counters.distinct, counters.repeated) == (3, 3, 2, 1)
    assert (dict(counters.by_status), dict(counters.by_step)) == ({200: 3}, {"instance": 3})


def test_bodies_are_kept_when_asked_for() -> None:
    with serve(record=True) as server:
        _send(server, _body(1))
        _send(server, _body(2))
        assert server.bodies == [_body(1), _body(2)]
    with serve() as server:
        _send(server, _body(1))
        assert server.bodies == []


def test_waiting_ends_with_the_request_that_was_waited_for() -> None:
    with serve() as server:
        waited: list[int] = []
        waiter = threading.Thread(target=lambda: waited.append(server.wait_for(3).requests))
        waiter.start()
        for number in range(3):
            _send(server, _body(number))
        waiter.join(20)
        assert waited == [3]
        assert server.wait_for(2).requests == 3


def test_waiting_in_vain_is_a_timeout() -> None:
    with serve() as server, pytest.raises(TimeoutError):
        server.wait_for(1, timeout=0.05)


def test_mistakes_are_said_in_the_form_of_openai() -> None:
    with serve(key="right", models=("m",)) as server:
        allowed = {"Authorization": "Bearer right"}
        status, error = _error(_send(server, _body(), headers={"Authorization": "Bearer wrong"}))
        assert (status, error["code"]) == (401, "invalid_api_key")
        assert "wrong" not in str(error)
        assert _send(server, _body(), headers=allowed)[0] == 200
        cases: list[tuple[object, int, object]] = [
            (_body(model=testing.UNKNOWN_MODEL), 404, "model"),
            (_body(model="other"), 404, "model"),
            (_body(messages=[]), 400, "messages"),
            ({"messages": []}, 400, "model"),
            (b"{", 400, None),
            ([], 400, None),
        ]
        for body, expected, param in cases:
            status, error = _error(_send(server, body, headers=allowed))
            assert (status, error["param"]) == (expected, param)
        assert _error(_send(server, b"", path="/v1/embeddings", headers=allowed))[0] == 404
        assert _send(server, b"", path="/v1/models", method="GET")[0] == 401


def test_response_format_can_be_rejected_by_name() -> None:
    with serve(reject_response_format=True) as server:
        status, error = _error(_send(server, _body()))
        assert (status, error["param"]) == (400, "response_format")
        assert "response_format" in str(error["message"])
        plain = _body()
        del plain["response_format"]
        assert _send(server, plain)[0] == 200


def test_the_models_are_listed() -> None:
    with serve(models=("a", "b")) as server:
        listed = orjson.loads(_send(server, b"", path="/v1/models", method="GET")[2])

    assert [model["id"] for model in listed["data"]] == ["a", "b"]


def _until_answered(server: Server, body: dict[str, Json]) -> list[int | str]:
    """What each attempt came to, up to the first answer."""
    outcomes: list[int | str] = []
    while not outcomes or outcomes[-1] != 200:
        try:
            outcomes.append(_send(server, body)[0])
        except (http.client.HTTPException, ConnectionError) as error:
            outcomes.append("cut" if isinstance(error, http.client.IncompleteRead) else "dropped")
    return outcomes


def test_faults_of_transport_follow_from_the_attempt_and_end() -> None:
    faults = Faults(rate=0.25, error=0.25, drop=0.25, cut=0.25, consecutive=3)
    outcomes = []
    for _ in range(2):
        with serve(faults=faults) as server:
            outcomes.append([_until_answered(server, _body(i)) for i in range(15)])
            counters = server.counters
            assert (counters.answered, counters.requests, counters.repeated) == (15, 60, 0)
            assert sum(counters.faults.values()) == 45

    assert outcomes[0] == outcomes[1]
    assert {outcome for attempts in outcomes[0] for outcome in attempts} == {200, 429, 500, "dropped", "cut"}
    assert all(len(attempts) == 4 for attempts in outcomes[0])


def test_a_refusal_says_when_to_come_again() -> None:
    with serve(faults=Faults(rate=1.0, retry_after=0.25)) as server:
        status, headers, _ = _send(server, _body())

    assert (status, headers["retry-after"]) == (429, "0.25")


@pytest.mark.parametrize("fault", ["hang", "stall"])
def test_a_request_that_is_never_answered_is_forgotten_when_its_client_leaves(fault: str) -> None:
    with serve(faults=Faults(hang=float(fault == "hang"), stall=float(fault == "stall"))) as server:
        with socket.create_connection((server.host, server.port)) as client:
            raw = orjson.dumps(_body())
            client.sendall(b"POST %s HTTP/1.1\r\nContent-Length: %d\r\n\r\n%s" % (CHAT.encode(), len(raw), raw))
            assert server.wait_for(1).in_flight == 1
        assert server.wait_until_idle().abandoned == 1
        assert server.answered == {}


def test_a_slow_body_comes_whole() -> None:
    with serve(faults=Faults(slow=1.0, slow_seconds=0.05)) as server:
        assert orjson.loads(_send(server, _body())[2])["object"] == "chat.completion"
        assert server.counters.answered == 1


def test_latency_is_waited_for_side_by_side() -> None:
    async def ask(server: Server) -> None:
        raw = orjson.dumps(_body())
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(b"POST %s HTTP/1.1\r\nContent-Length: %d\r\n\r\n%s" % (CHAT.encode(), len(raw), raw))
        assert b"200 OK" in await reader.readline()
        writer.close()
        await writer.wait_closed()

    async def ask_all(server: Server) -> None:
        await asyncio.gather(*(ask(server) for _ in range(20)))

    with serve(latency=Latency(median_ms=100)) as server:
        asyncio.run(ask_all(server))
        assert server.counters.max_in_flight == 20


def test_what_goes_over_the_rate_is_refused_and_the_headers_tell() -> None:
    with serve(rpm=60, burst=3) as server:
        answers = [_send(server, _body(i)) for i in range(5)]
    statuses = [status for status, _, _ in answers]

    assert statuses == [200, 200, 200, 429, 429]
    assert [headers["x-ratelimit-remaining-requests"] for _, headers, _ in answers][:3] == ["2", "1", "0"]
    assert {headers["x-ratelimit-limit-requests"] for _, headers, _ in answers} == {"60"}
    assert 0 < float(answers[3][1]["retry-after"]) <= 1


def test_token_windows_fill_again_with_time() -> None:
    now = 0.0
    windows = Windows(None, 600, None, lambda: now)

    assert windows.take(600) == 0
    assert windows.take(10) == pytest.approx(1.0)
    assert windows.headers()["x-ratelimit-reset-tokens"] == "1m0s"
    now = 1.0
    assert windows.take(10) == 0
    assert [duration(s) for s in (0.0, 0.012, 1.5, 60, 361)] == ["0ms", "12ms", "1.5s", "1m0s", "6m1s"]


def test_a_function_can_be_called_for_the_answer() -> None:
    tool: Json = {"type": "function", "function": {"name": "extract", "parameters": {"properties": {"a": STRING}}}}
    body = _body(tools=[tool])
    with serve() as server:
        choice = orjson.loads(_send(server, body)[2])["choices"][0]

    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["tool_calls"][0]["function"]["name"] == "extract"
    assert "a" in orjson.loads(choice["message"]["tool_calls"][0]["function"]["arguments"])


def test_an_answer_can_be_streamed() -> None:
    with serve() as server:
        _, headers, raw = _send(server, _body(stream=True, stream_options={"include_usage": True}))
        whole = orjson.loads(_send(server, _body())[2])
    events = [line.removeprefix("data: ") for line in raw.decode().split("\n\n") if line]
    chunks = [orjson.loads(event) for event in events[:-1]]

    assert (headers["content-type"], events[-1]) == ("text/event-stream", "[DONE]")
    assert chunks[0]["choices"][0]["delta"]["content"] == whole["choices"][0]["message"]["content"]
    assert chunks[-1]["usage"] == whole["usage"]


def _exchange(server: Server, *pieces: bytes) -> bytes:
    """Send the pieces one after the other, close this side, and read all there is."""
    with socket.create_connection((server.host, server.port)) as client:
        for piece in pieces:
            client.sendall(piece)
        return b"".join(iter(lambda: client.recv(65536), b""))


def test_bodies_in_chunks_in_pieces_and_in_a_row_are_read() -> None:
    raw = orjson.dumps(_body())
    head = b"POST /v1/chat/completions HTTP/1.1\r\n"
    chunked = (
        head
        + b"Transfer-Encoding: chunked\r\n\r\n"
        + b"5\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n" % (raw[:5], len(raw) - 5, raw[5:])
    )
    last = head + b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(raw), raw)
    with serve() as server:
        everything = chunked + chunked + last
        assert _exchange(server, everything).count(b"HTTP/1.1 200 OK") == 3
        assert _exchange(server, *(everything[i : i + 50] for i in range(0, len(everything), 50))).count(b"200 OK") == 3
        assert server.counters.answered == 6


@pytest.mark.parametrize(
    "raw",
    [
        b"hello\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"x" * 70_000,
    ],
)
def test_what_is_no_http_is_refused(raw: bytes) -> None:
    with serve() as server:
        assert _exchange(server, raw).startswith(b"HTTP/1.1 4")
        assert _send(server, _body())[0] == 200
