"""The model server, started and stopped: in a thread with a loop of its own, or in a process of its own.

`serve` gives a `Server`, which asks the server for what it has seen over HTTP, so that it is the same for both kinds
and can be used from any thread. A process ends with the one that started it, however that ends: it reads its standard
input, which ends then.
"""

from __future__ import annotations

import asyncio
import http.client
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Unpack, cast

import orjson

from satsuma.errors import SettingsError
from satsuma.llm.request import Json
from satsuma.testing.behaviour import Behaviour, Options
from satsuma.testing.counters import Counters, counters_from
from satsuma.testing.routes import Model
from satsuma.testing.wire import Connection

_HOST = "127.0.0.1"
_START_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Server:
    """A running server.

    host, port: where it listens. pid: of its process, which is this one's unless it was started with process=True.
    """

    host: str
    port: int
    pid: int

    @property
    def url(self) -> str:
        """What to give as a base URL; ends in /v1."""
        return f"{self.origin}/v1"

    @property
    def origin(self) -> str:
        """The URL without a path."""
        return f"http://{self.host}:{self.port}"

    @property
    def counters(self) -> Counters:
        """What it has seen so far."""
        return counters_from(self._get("/counters"))

    @property
    def requests(self) -> dict[str, int]:
        """Digest of each question (`satsuma.testing.digest` of its body) → how often it was asked."""
        return {digest: seen[0] for digest, seen in self._questions().items()}

    @property
    def answered(self) -> dict[str, int]:
        """Digest of each question that was answered in full → how often."""
        return {digest: seen[1] for digest, seen in self._questions().items() if seen[1]}

    @property
    def bodies(self) -> list[dict[str, Json]]:
        """Every body in order of arrival, if the server was started with record=True."""
        return cast("list[dict[str, Json]]", self._get("/bodies"))

    def wait_for(self, count: int, *, timeout: float = 60.0) -> Counters:
        """Wait until so many chat completions have been asked for, in all; seconds.

        Blocks the thread; in a coroutine use `asyncio.to_thread(server.wait_for, 10)`.

        Raises:
            TimeoutError: they have not.
        """
        return counters_from(self._get(f"/wait?count={count}", timeout))

    def wait_until_idle(self, *, timeout: float = 60.0) -> Counters:
        """Wait until no request is at work, such as after a client was killed; seconds.

        Raises:
            TimeoutError: there still is one.
        """
        return counters_from(self._get("/idle", timeout))

    def _questions(self) -> dict[str, list[int]]:
        return cast("dict[str, list[int]]", self._get("/questions"))

    def _get(self, path: str, timeout: float = 60.0) -> object:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        try:
            connection.request("GET", path, headers={"Connection": "close"})
            return orjson.loads(connection.getresponse().read())
        finally:
            connection.close()


@contextmanager
def serve(*, port: int = 0, process: bool = False, **options: Unpack[Options]) -> Iterator[Server]:
    """A local model server that speaks OpenAI's chat completions, for as long as the block lasts.

    port: 0 for any free one. process: in a process of its own, for benchmarks and for tests that need its CPU apart.
    options: the fields of `Behaviour`.

    Raises:
        SettingsError: an option that cannot be used, or a port that is taken.
        DataError: a script that cannot be used.
    """
    behaviour = Behaviour(**options)
    with _process(behaviour, port) if process else _thread(behaviour, port) as server:
        yield server


async def run(behaviour: Behaviour, host: str, port: int, *, ready: Callable[[int], None], stop: asyncio.Event) -> None:
    """Serve until `stop` is set; `ready` is called with the port.

    Raises:
        SettingsError: the port is taken.
    """
    model, connections = Model(behaviour), set[Connection]()
    loop = asyncio.get_running_loop()
    try:
        server = await loop.create_server(lambda: Connection(model.handle, connections), host, port, backlog=4096)
    except OSError as error:
        raise SettingsError(
            f"cannot listen on {host}:{port}: {error.strerror}", "Give another port, or 0 for any."
        ) from error
    try:
        ready(server.sockets[0].getsockname()[1])
        await stop.wait()
    finally:
        server.close()
        for connection in tuple(connections):
            connection.abort()
        await server.wait_closed()


@contextmanager
def _thread(behaviour: Behaviour, port: int) -> Iterator[Server]:
    started: Future[tuple[int, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def serving() -> None:
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        await run(behaviour, _HOST, port, ready=lambda at: started.set_result((at, loop, stop)), stop=stop)

    def work() -> None:
        try:
            asyncio.run(serving())
        except SettingsError as error:
            started.set_exception(error)

    thread = threading.Thread(target=work, name="satsuma.testing", daemon=True)
    thread.start()
    at, loop, stop = started.result(_START_SECONDS)
    try:
        yield Server(_HOST, at, os.getpid())
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


@contextmanager
def _process(behaviour: Behaviour, port: int) -> Iterator[Server]:
    command = [sys.executable, "-m", "satsuma.testing", "--port", str(port), "--while-stdin"]
    command += ["--options", orjson.dumps(behaviour.to_json()).decode()]
    environment: Mapping[str, str] = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    with subprocess.Popen(  # noqa: S603 - this interpreter and options of ours
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True, start_new_session=True
    ) as child:
        assert child.stdin is not None and child.stdout is not None  # noqa: S101 - both are pipes
        try:
            line = child.stdout.readline().strip()
            if not line.startswith("http"):
                raise SettingsError(f"the model server did not start on port {port}", "Its own words are above.")
            yield Server(_HOST, int(line.rsplit(":", 1)[1].split("/")[0]), child.pid)
        finally:
            child.stdin.close()
            child.wait(_START_SECONDS)
