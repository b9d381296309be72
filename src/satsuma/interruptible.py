"""Work that asks a model, and may be interrupted: what is on the wire is paid, and is not thrown away.

The first interrupt lets the replies that are on their way come in; the second leaves them. Work that ends with an error
waits for them, too: all of them will be needed when it goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, TypeVar

from satsuma.errors import Interrupted, SatsumaError

if TYPE_CHECKING:
    from satsuma.door import Interrupts
    from satsuma.llm.client import Client
    from satsuma.progress import Progress

T = TypeVar("T")


async def interruptible(
    client: Client, work: Coroutine[object, object, T], progress: Progress, interrupts: Interrupts
) -> T:
    """What the work returns.

    Raises:
        Interrupted: it was left with requests in flight.
        SatsumaError: as the work ended; nothing is in flight any more.
    """
    task = asyncio.ensure_future(work)

    def finish() -> None:
        progress.note("Finishing what is in flight; interrupt again to leave at once.")
        client.stop()

    def leave() -> None:
        task.cancel()

    with interrupts.answered(finish, leave):
        try:
            return await task
        except asyncio.CancelledError:
            await client.drain(0)
            raise Interrupted("left with requests in flight", "The same command goes on.") from None
        except SatsumaError:
            await client.drain()
            raise
