"""The client against a real server: a reply is paid once, journaled before it is seen, and every end is orderly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import orjson
import pytest

from satsuma.errors import BudgetSpent, Interrupted, ModelError, Stopped
from satsuma.llm.client import Client, open_client
from satsuma.llm.journal import Journal
from satsuma.llm.request import Message, Reply, Request, Sampling, Usage
from satsuma.llm.retry import RetryPolicy
from satsuma.settings import Settings
from satsuma.testing.faults import Fault
from satsuma.testing.wire import Connection, HttpRequest, Response

T = TypeVar("T")
Answer = Callable[[dict[str, object], int], Response | None]
MODEL = "vllm-server/m"
QUICK = RetryPolicy(first=0.001, longest=0.002)


def request(text: str = "Where to?", model: str = MODEL, **sampling: int) -> Request:
    return Request(model, (Message("user", text),), sampling=Sampling(**sampling), step="instance", path=f"seed {text}")


def said(content: str = "hello", finish: str = "stop", tokens: int = 2) -> Response:
    choice = {"message": {"content": content}, "finish_reason": finish}
    usage = {"prompt_tokens": 7, "completion_tokens": tokens}
    return Response(200, orjson.dumps({"model": "m-1", "choices": [choice], "usage": usage}))


def refused(status: int, message: str = "", headers: dict[str, str] | None = None) -> Response:
    return Response(status, orjson.dumps({"error": {"message": message}}), headers or {})


class Server:
    """A server under the test's control: answers by a function of the body and of how many came before.

    A request whose answer is None is held until `let_go`.
    """

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.bodies: list[dict[str, object]] = []
        self.headers: list[dict[str, str]] = []
        self.held: list[Callable[[Response], None]] = []
        self._arrived = asyncio.Condition()
        self.url = ""

    def handle(self, request: HttpRequest, respond: Callable[[Response], None]) -> None:
        body = orjson.loads(request.body)
        answer = self._answer(body, len(self.bodies))
        self.bodies.append(body)
        self.headers.append(dict(request.headers))
        if answer is None:
            self.held.append(respond)
        else:
            respond(answer)
        self._told = asyncio.ensure_future(self._tell())

    async def _tell(self) -> None:
        async with self._arrived:
            self._arrived.notify_all()

    async def arrived(self, count: int) -> None:
        """Wait until so many requests have come."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.bodies) >= count)

    def let_go(self, answer: Response | None = None) -> None:
        held, self.held = self.held, []
        for respond in held:
            respond(answer or said())


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[Server]:
    server = Server(answer)
    connections: set[Connection] = set()
    listening = await asyncio.get_running_loop().create_server(
        lambda: Connection(server.handle, connections), "127.0.0.1", 0
    )
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
    try:
        yield server
    finally:
        listening.close()
        for connection in tuple(connections):
            connection.abort()
        await listening.wait_closed()


def run(
    tmp_path: Path,
    answer: Answer,
    do: Callable[[Client, Server], Awaitable[T]],
    policy: RetryPolicy | None = QUICK,
    log: Callable[[Mapping[str, object]], None] | None = None,
    file: str = "",
    **settings: object,
) -> T:
    """What `do` comes to with a client whose run directory is `tmp_path`."""

    async def main() -> T:
        async with serving(answer) as server:
            chosen = replace(Settings(1, MODEL, base_url=server.url, timeout=5.0, log=file), **settings)  # type: ignore[arg-type]
            with Journal.open(tmp_path / "journal.sqlite") as journal:
                async with open_client(chosen, journal, policy=policy, log=log) as client:
                    return await do(client, server)

    return asyncio.run(main())


def journaled(tmp_path: Path) -> dict[str, Reply]:
    with Journal.open(tmp_path / "journal.sqlite", readonly=True) as journal:
        return {entry.key: entry.reply for entry in journal.entries()}


async def gathered(client: Client, *requests: Request) -> list[Reply | BaseException]:
    return await asyncio.gather(*(client.reply(r) for r in requests), return_exceptions=True)


def test_a_reply_is_asked_for_once_and_then_comes_from_the_journal(tmp_path: Path) -> None:
    async def twice(client: Client, server: Server) -> tuple[Reply, Reply, int]:
        return await client.reply(request()), await client.reply(request()), len(server.bodies)

    first, second, asked = run(tmp_path, lambda *_: said(), twice)
    assert first == second == Reply("hello", "stop", Usage(7, 2), "m-1")
    assert asked == 1
    again, _, asked = run(tmp_path, lambda *_: refused(500), twice)
    assert (again, asked) == (first, 0)


def test_a_reply_is_in_the_journal_before_anybody_sees_it(tmp_path: Path) -> None:
    async def do(client: Client, _: Server) -> bool:
        await client.reply(request())
        return request().key() in journaled(tmp_path)

    assert run(tmp_path, lambda *_: said(), do)


def test_identical_questions_in_flight_are_one_request(tmp_path: Path) -> None:
    async def do(client: Client, server: Server) -> tuple[list[Reply | BaseException], int]:
        asking = asyncio.ensure_future(gathered(client, *[request()] * 20, request("other")))
        await server.arrived(2)
        server.let_go()
        return await asking, len(server.bodies)

    replies, asked = run(tmp_path, lambda *_: None, do)
    assert asked == 2
    assert len(set(map(repr, replies))) == 1


def test_a_request_whose_caller_is_gone_is_journaled(tmp_path: Path) -> None:
    async def do(client: Client, server: Server) -> None:
        caller = asyncio.ensure_future(client.reply(request()))
        await server.arrived(1)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        server.let_go()
        await client.drain()

    run(tmp_path, lambda *_: None, do)
    assert journaled(tmp_path)[request().key()].content == "hello"


def faulty(fault: Fault) -> Response:
    return replace(said(), fault=fault)


@pytest.mark.parametrize(
    "failure",
    [
        refused(429, "slow down"),
        refused(429, "slow down", {"Retry-After": "0"}),
        refused(500),
        refused(503),
        refused(408),
        refused(409),
        faulty(Fault.DROP),
        faulty(Fault.CUT),
        faulty(Fault.HANG),
        faulty(Fault.STALL),
        Response(200, b"<html>"),
    ],
    ids=lambda r: f"{r.status} {r.fault} {len(r.headers)} {len(r.body)}",
)
def test_a_passing_failure_is_tried_again(tmp_path: Path, failure: Response) -> None:
    reply = run(tmp_path, lambda _, n: failure if n < 2 else said(), lambda c, _: c.reply(request()), timeout=0.1)
    assert reply.content == "hello"
    with Journal.open(tmp_path / "journal.sqlite", readonly=True) as journal:
        (entry,) = journal.entries()
    assert entry.attempts == 3


def test_exhausted_tries_are_journaled_as_given_up_and_asked_again_only_on_demand(tmp_path: Path) -> None:
    async def do(client: Client, server: Server) -> tuple[Reply, Reply, int]:
        return await client.reply(request()), await client.reply(request()), len(server.bodies)

    first, second, asked = run(tmp_path, lambda *_: refused(500, "boom"), do, policy=replace(QUICK, tries=3))
    assert first == second
    assert first.error == "overload: HTTP 500: boom (3 tries)"
    assert asked == 3
    assert run(tmp_path, lambda *_: said(), do)[::2] == (first, 0)
    failed, _, asked = run(tmp_path, lambda *_: refused(500), do, policy=replace(QUICK, tries=2), retry_failed=True)
    assert (failed.given_up, asked) == (True, 2)
    good, _, asked = run(tmp_path, lambda *_: said(), do, retry_failed=True)
    assert (good.content, asked) == ("hello", 1)
    assert run(tmp_path, lambda *_: refused(500), do)[0] == good


@pytest.mark.parametrize(
    ("response", "message", "hint"),
    [
        (refused(401, "bad key"), "vllm-server/m refuses the key: HTTP 401: bad key", "VLLM_API_KEY"),
        (refused(402, "pay"), "vllm-server/m has no credit left: HTTP 402: pay", "goes on from here"),
        (
            refused(404, "no model"),
            "vllm-server/m is not there: HTTP 404: no model",
            "Check the name 'm' at http://127",
        ),
        (refused(400, "n is wrong"), "vllm-server/m refuses the request: HTTP 400: n is wrong", "check CARD --prompts"),
        (refused(307), "vllm-server/m refuses the request: HTTP 307: ", ""),
    ],
    ids=lambda r: str(getattr(r, "status", "")),
)
def test_a_refusal_for_good_stops_everything_at_its_first(
    tmp_path: Path, response: Response, message: str, hint: str
) -> None:
    async def do(client: Client, server: Server) -> tuple[list[Reply | BaseException], int]:
        asked = await gathered(client, *(request(str(n)) for n in range(50)))
        return [*asked, *await gathered(client, request("later"))], len(server.bodies)

    replies, asked = run(tmp_path, lambda *_: response, do, concurrency=4)
    assert all(isinstance(r, ModelError) and r.message.startswith(message) and hint in r.hint for r in replies)
    assert len({id(r) for r in replies}) == 51
    assert asked <= 4
    assert not journaled(tmp_path)


@pytest.mark.parametrize(
    ("response", "error", "finish"),
    [
        (refused(400, "maximum context length is 8"), "context length: HTTP 400: maximum context length is 8", "error"),
        (refused(400, "content filter: no"), "content filter: HTTP 400: content filter: no", "content_filter"),
    ],
)  # fmt: skip
def test_a_request_that_can_never_be_answered_does_not_stop_the_others(
    tmp_path: Path, response: Response, error: str, finish: str
) -> None:
    def answer(body: dict[str, object], _: int) -> Response:
        return response if "odd" in str(body["messages"]) else said()

    async def do(client: Client, _: Server) -> list[Reply | BaseException]:
        return await gathered(client, *(request(f"odd {n}") for n in range(30)), request("even"))

    *odd, even = run(tmp_path, answer, do)
    assert {repr(r) for r in odd} == {repr(Reply("", finish, error=error))}
    assert isinstance(even, Reply)
    assert even.content == "hello"


def test_after_a_stop_nothing_is_sent_and_what_is_in_flight_is_journaled(tmp_path: Path) -> None:
    async def do(client: Client, server: Server) -> tuple[list[Reply | BaseException], int]:
        asking = asyncio.ensure_future(gathered(client, *(request(str(n)) for n in range(20))))
        await server.arrived(4)
        client.stop()
        server.let_go()
        await client.drain()
        return [*await asking, *await gathered(client, request("new"), request("0"))], len(server.bodies)

    replies, asked = run(tmp_path, lambda *_: None, do, concurrency=4)
    assert [isinstance(r, Reply) for r in replies] == [True] * 4 + [False] * 17 + [True]
    assert all(isinstance(r, Reply | Interrupted) for r in replies)
    assert asked == 4
    assert len(journaled(tmp_path)) == 4


def test_a_drain_with_a_grace_leaves_what_does_not_come(tmp_path: Path) -> None:
    async def do(client: Client, server: Server) -> Reply | BaseException:
        asking = asyncio.ensure_future(gathered(client, request()))
        await server.arrived(1)
        await client.drain(0.01)
        return (await asking)[0]

    assert isinstance(run(tmp_path, lambda *_: None, do), Interrupted)


def test_too_many_failures_stop_the_run_and_it_can_go_on(tmp_path: Path) -> None:
    async def do(client: Client, _: Server) -> list[Reply | BaseException]:
        return [x for n in range(40) for x in await gathered(client, request(str(n)))]

    policy = replace(QUICK, tries=1)
    replies = run(tmp_path, lambda _, n: said() if n < 20 else refused(500, "boom"), do, policy=policy)
    given_up = [r for r in replies if isinstance(r, Reply) and r.given_up]
    stopped = [r for r in replies if isinstance(r, Stopped)]
    assert (len(given_up), len(stopped)) == (10, 10)
    assert stopped[0].message == "10 of the last 30 requests were given up: overload: HTTP 500: boom"
    assert "--retry-failed" in stopped[0].hint
    assert len(journaled(tmp_path)) == 30
    assert sum(isinstance(r, Reply) and not r.given_up for r in run(tmp_path, lambda *_: said(), do)) == 30


def test_few_failures_do_not_stop_the_run(tmp_path: Path) -> None:
    async def do(client: Client, _: Server) -> list[Reply | BaseException]:
        return await gathered(client, *(request(str(n)) for n in range(1500)))

    def answer(body: dict[str, object], _: int) -> Response:
        messages = body["messages"]
        assert isinstance(messages, list)
        return refused(500) if int(messages[0]["content"]) % 150 == 149 else said()

    replies = run(tmp_path, answer, do, policy=replace(QUICK, tries=1))
    assert sum(isinstance(r, Reply) and r.given_up for r in replies) == 10
    assert all(isinstance(r, Reply) for r in replies)


def test_an_endpoint_that_is_not_there_is_said_so_and_nothing_is_given_up(tmp_path: Path) -> None:
    async def do(client: Client, _: Server) -> list[Reply | BaseException]:
        return await gathered(client, request("a"), request("b"))

    replies = run(tmp_path, lambda *_: said(), do, base_url="http://127.0.0.1:9/v1")
    for error in replies:
        assert isinstance(error, ModelError)
        assert error.message.startswith("vllm-server/m cannot be reached: no connection to http://127.0.0.1:9/v1/chat")
        assert "--base-url" in error.hint
    assert not journaled(tmp_path)


def test_the_budget_is_never_exceeded_and_its_end_is_orderly(tmp_path: Path) -> None:
    async def do(client: Client, server: Server) -> tuple[list[Reply | BaseException], int]:
        return await gathered(client, *(request(str(n)) for n in range(20))), len(server.bodies)

    replies, asked = run(tmp_path, lambda *_: said(), do, max_requests=7)
    assert asked == 7
    assert sum(isinstance(r, Reply) for r in replies) == 7
    assert sum(isinstance(r, BudgetSpent) for r in replies) == 13
    again, asked = run(tmp_path, lambda *_: said(), do, max_requests=7)
    assert (sum(isinstance(r, Reply) for r in again), asked) == (7, 0)


def test_no_artifact_has_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = "planted-key-0123456789"
    monkeypatch.setenv("VLLM_API_KEY", key)
    shown: list[str] = []

    def answer(body: dict[str, object], _: int) -> Response:
        message = f"you sent Bearer {key}"
        for status in (500, 401, 400):
            if str(status) in str(body["messages"]):
                return refused(status, f"{message} {'context length' if status == 400 else ''}", {"x-key": key})
        return said(message)

    async def do(client: Client, server: Server) -> None:
        for text in ("good", "500", "400", "401"):
            shown.extend(map(str, await gathered(client, request(text))))
        shown.extend((repr(client.totals), repr(client.ended), repr(client.models)))
        assert server.headers[0]["authorization"] == f"Bearer {key}"

    log = tmp_path / "log.jsonl"
    run(tmp_path, answer, do, policy=replace(QUICK, tries=2), file=str(log))
    events = [orjson.loads(line) for line in log.read_bytes().splitlines()]
    assert {e["kind"] for e in events if e["event"] == "failure"} == {"overload", "context length", "auth"}
    assert any("[redacted]" in text for text in shown)
    for path in tmp_path.iterdir():
        assert key.encode() not in path.read_bytes(), path
    assert key not in "".join(shown)


def test_totals_say_what_happened(tmp_path: Path) -> None:
    async def do(client: Client, _: Server) -> None:
        await gathered(client, request("a"), request("b"))
        await client.reply(request("a"))
        totals = client.totals
        assert (totals.asked, totals.replayed, totals.attempts, totals.given_up) == (2, 0, 3, 0)
        assert (totals.input_tokens, totals.output_tokens, totals.in_flight) == (14, 4, 0)

    run(tmp_path, lambda _, n: refused(500) if n == 0 else said(), do)
