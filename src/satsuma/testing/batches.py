"""A local server for batches: OpenAI's /v1/files and /v1/batches, Anthropic's /v1/messages/batches, and the rest.

    with serve_batches(switches=Switches(looks=2)) as server:
        satsuma.generate("my-task.yaml", n=50, model="batch:openai/m", base_url=server.url, out="runs/test")
        assert server.submitted.most_common(1)[0][1] == 1

Requests are answered by the simulated teacher. When a batch ends, how, and what becomes of each request is set with
`Switches`, which may be changed while it runs. The server lives in a thread of this process; `wait_for` returns when
something has happened, so that a test never sleeps.

Not covered: checking a batch before it is at work (`validating` lasts no time), and files other than of batches.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Unpack

from satsuma.testing.behaviour import Behaviour, Options
from satsuma.testing.faults import Fault
from satsuma.testing.routes import Model, error
from satsuma.testing.wire import Connection, HttpRequest, Respond, Response

if TYPE_CHECKING:
    from satsuma.testing.batch_jobs import Job

ANSWERED, MISSING, EXPIRED, CANCELED = "answered", "missing", "expired", "canceled"
"""What may become of a request in a batch, besides a status and a message: `400 temperature is not supported`."""
_HOST = "127.0.0.1"


@dataclass
class Switches:
    """What happens to batches.

    looks: times that a batch is looked at, or listed, and still at work. held: none ends before `release`. fate: key of
    a request and which submission of it this is (from 1) → what becomes of it. ending: which batch this is (from 1) →
    `completed`, `expired`, `failed` or `cancelled`. failure: code and message of a failed one. shuffled: results
    come in another order. most_requests: a batch of more is refused. key: the only API key that is let in. unlisted:
    listings in which a new batch is not to be seen yet. silent: operations that are never answered; `create` is not
    carried out then, `created` is. refusals: operation → statuses and messages of its next answers.
    """

    looks: int = 0
    held: bool = False
    fate: Callable[[str, int], str] = lambda _key, _times: ANSWERED
    ending: Callable[[int], str] = lambda _number: "completed"
    failure: tuple[str, str] = ("token_limit_exceeded", "Enqueued token limit reached.")
    shuffled: bool = False
    most_requests: int = 50_000
    key: str | None = None
    unlisted: int = 0
    silent: frozenset[str] = frozenset()
    refusals: dict[str, list[tuple[int, str]]] = field(default_factory=dict)


class BatchServer:
    """A running server. switches: may be changed. submitted: key → how often it was in a batch that was accepted."""

    def __init__(self, behaviour: Behaviour, switches: Switches) -> None:
        from satsuma.testing.batch_jobs import Jobs

        self.switches = switches
        self.port = 0
        self.submitted: Counter[str] = Counter()
        self.seen: Counter[str] = Counter()
        self.bodies: list[bytes] = []
        self._happened = threading.Condition()
        self._model = Model(behaviour)
        self._jobs = Jobs(self, behaviour)

    @property
    def origin(self) -> str:
        """The URL without a path: Anthropic's base URL."""
        return f"http://{_HOST}:{self.port}"

    @property
    def url(self) -> str:
        """OpenAI's base URL; ends in /v1."""
        return f"{self.origin}/v1"

    @property
    def jobs(self) -> list[Job]:
        """The batches, oldest first."""
        return list(self._jobs.all.values())

    def wait_for(self, operation: str, count: int = 1, *, timeout: float = 30.0) -> None:
        """Wait until an operation has been asked for so often; seconds.

        Operations: upload, create, created (create, carried out), list, look, results, cancel.

        Raises:
            TimeoutError: it has not been.
        """
        with self._happened:
            if not self._happened.wait_for(lambda: self.seen[operation] >= count, timeout):
                raise TimeoutError(f"{operation} was asked for {self.seen[operation]} times, not {count}")

    def release(self) -> None:
        """Let batches end."""
        self.switches.held = False

    def saw(self, operation: str) -> None:
        """An operation is asked for."""
        with self._happened:
            self.seen[operation] += 1
            self._happened.notify_all()

    def handle(self, request: HttpRequest, respond: Respond) -> None:
        """Answer a request."""
        operation = self._jobs.operation(request)
        if operation is None:
            self._model.handle(request, respond)
            return
        if (response := self._refusal(operation, request)) is None:
            silent = operation in self.switches.silent
            response = None if silent else self._jobs.carry_out(operation, request)
            if operation == "create" and response is not None and response.status == 200:
                self.saw("created")
                response = None if "created" in self.switches.silent else response
        self.saw(operation)
        respond(response or Response(200, b"", fault=Fault.HANG))

    def _refusal(self, operation: str, request: HttpRequest) -> Response | None:
        given = request.headers.get("authorization", "").removeprefix("Bearer ") or request.headers.get("x-api-key", "")
        if self.switches.key is not None and given != self.switches.key:
            return error(401, f"Incorrect API key provided: {given}", "invalid_request_error", "invalid_api_key")
        queue = self.switches.refusals.get(operation)
        if not queue:
            return None
        status, message = queue.pop(0)
        return Response(0, b"", fault=Fault.DROP) if status == 0 else error(status, message, "refused")


@contextmanager
def serve_batches(*, switches: Switches | None = None, **options: Unpack[Options]) -> Iterator[BatchServer]:
    """A local server for batches, for as long as the block lasts. options: the fields of `Behaviour`."""
    server = BatchServer(Behaviour(**options), switches or Switches())
    started: Future[Callable[[], object]] = Future()

    async def serving() -> None:
        loop, stop, connections = asyncio.get_running_loop(), asyncio.Event(), set[Connection]()
        listening = await loop.create_server(lambda: Connection(server.handle, connections), _HOST, 0)
        server.port = listening.sockets[0].getsockname()[1]
        started.set_result(lambda: loop.call_soon_threadsafe(stop.set))
        await stop.wait()
        listening.close()
        for connection in tuple(connections):
            connection.abort()
        await listening.wait_closed()

    thread = threading.Thread(target=lambda: asyncio.run(serving()), name="satsuma.testing.batches", daemon=True)
    thread.start()
    stop = started.result(30)
    try:
        yield server
    finally:
        stop()
        thread.join()


def fates(table: Mapping[int, str], after: str = ANSWERED) -> Callable[[str, int], str]:
    """A `Switches.fate` by the number of the submission alone: {1: EXPIRED} lets every first one expire."""
    return lambda _key, times: table.get(times, after)
