"""The driver's hand on a replica: what it can be told, and how Ray carries that.

Rule: nothing is asked of Ray twice (`max_restarts` and `max_task_retries` are 0): a request that was lost is the
lane's to ask again, where it is counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from satsuma.cluster.sizing import CPUS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from satsuma.cluster.sizing import Size
    from satsuma.cluster.wire import Order, Ready, Told
    from satsuma.llm.request import Request


class Actor(Protocol):
    """What is used of Ray's handle of a `Replica`."""

    def begin(self) -> Awaitable[Ready]:
        """Open the model."""
        ...

    def take(self, asked: Sequence[tuple[int, Request]]) -> None:
        """Send requests."""
        ...

    def give(self) -> Awaitable[tuple[list[Told], list[str]]]:
        """Get what was answered."""
        ...

    def close(self) -> Awaitable[None]:
        """Let go of the model."""
        ...

    def kill(self) -> None:
        """End the process."""
        ...


class Handle:
    """A `Replica` on Ray, as an `Actor`."""

    def __init__(self, order: Order, size: Size) -> None:
        import ray

        from satsuma.cluster.replica import Replica

        self._actor = (
            ray.remote(Replica)
            .options(num_cpus=CPUS, num_gpus=size.gpus, max_restarts=0, scheduling_strategy="SPREAD")
            .remote(order)
        )

    def begin(self) -> Awaitable[Ready]:
        """Open the model."""
        ready: Awaitable[Ready] = self._actor.begin.remote()
        return ready

    def take(self, asked: Sequence[tuple[int, Request]]) -> None:
        """Send requests; whether they arrived shows in `give`."""
        self._actor.take.options(num_returns=0).remote(asked)

    def give(self) -> Awaitable[tuple[list[Told], list[str]]]:
        """Get what was answered."""
        told: Awaitable[tuple[list[Told], list[str]]] = self._actor.give.remote()
        return told

    def close(self) -> Awaitable[None]:
        """Let go of the model."""
        closed: Awaitable[None] = self._actor.close.remote()
        return closed

    def kill(self) -> None:
        """End the process."""
        import ray

        ray.kill(self._actor)
