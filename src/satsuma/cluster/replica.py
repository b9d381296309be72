"""A replica: one model, opened in a Ray actor, answering many requests at a time.

Rule: a replica knows of requests and replies only. It makes one attempt at each, as `Provider.complete` does; retries,
rates, money and the journal are the driver's.

Mechanism: requests come in with `take`, which returns at once; what is answered goes out with `give`, which waits until
there is something and then hands over all of it. So thousands of requests travel in a few messages, and yet none waits
for another: awaiting a message for each, an actor does some 20 requests/s. A replica that dies makes the driver's
`give` fail, and that is how it is noticed.

Not covered: what is asked of whom (`fleet.py`).
"""

from __future__ import annotations

import asyncio
import os
import traceback
from typing import TYPE_CHECKING

from satsuma import __version__
from satsuma.cluster.wire import Failure, Order, Ready, Refused, Told, plain
from satsuma.errors import SatsumaError
from satsuma.llm.models import open_model
from satsuma.llm.provider import Answer, CallFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from satsuma.llm.provider import Provider
    from satsuma.llm.request import Request


class Replica:
    """The actor's class."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._provider: Provider | None = None
        self._done: list[Told] = []
        self._notes: list[str] = []
        self._some = asyncio.Event()
        self._working: set[asyncio.Task[None]] = set()

    async def begin(self) -> Ready:
        """Open the model; nothing is loaded before the first request."""
        order, refused = self._order, None
        try:
            self._provider = open_model(
                order.model, base_url=order.base_url, timeout=order.timeout, concurrency=order.concurrency,
                tensor_parallel=order.tensor_parallel, note=self._notes.append,
            )  # fmt: skip
        except SatsumaError as error:
            refused = Refused.of(error)
        return Ready(_node(), os.getpid(), __version__, refused)

    async def take(self, asked: Sequence[tuple[int, Request]]) -> None:
        """Begin to answer requests, each with its number."""
        for number, request in asked:
            task = asyncio.create_task(self._carry_out(number, request))
            self._working.add(task)
            task.add_done_callback(self._working.discard)

    async def give(self) -> tuple[list[Told], list[str]]:
        """What was answered since the last call, at least one, and lines for people."""
        await self._some.wait()
        self._some.clear()
        told, self._done = self._done, []
        notes = self._notes.copy()
        self._notes.clear()
        return told, notes

    async def close(self) -> None:
        """Let go of the model."""
        for task in self._working:
            task.cancel()
        if self._provider is not None:
            await self._provider.close()

    async def _carry_out(self, number: int, request: Request) -> None:
        told = Told(number, await self._outcome(request))
        self._done.append(told)
        self._some.set()

    async def _outcome(self, request: Request) -> Answer | Failure | Refused | str:
        if self._provider is None:
            return Refused("the model is not open")
        try:
            answer = await self._provider.complete(request)
        except CallFailed as failed:
            return Failure.of(failed)
        except SatsumaError as error:
            return Refused.of(error)
        except Exception:
            return traceback.format_exc()
        return Answer(answer.reply, plain(answer.headers))


def _node() -> str:
    import ray

    return str(ray.util.get_node_ip_address())
