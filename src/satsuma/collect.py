"""The main loop of both methods: candidates in, a dataset and its rejects out, in index order, until n is reached."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from typing import Protocol

from satsuma.errors import Exhausted
from satsuma.selecting.selection import Outcome, Selection
from satsuma.stream import Made, ordered
from satsuma.task.instance import Instance, Reject
from satsuma.task.written import Written


class Sink(Protocol):
    """Where instances and rejects go."""

    def add(self, item: Instance | Written | Reject) -> None:
        """The next one, in index order."""
        ...


async def collect(
    make: Callable[[int], Made[Outcome]],
    selection: Selection,
    sink: Sink,
    changed: Callable[[], None],
    window: Callable[[], int],
    skips: Callable[[int], bool],
    first: int = 0,
) -> None:
    """Fill the sink until every label has its share. What was judged before an exception is in the sink.

    window: how many candidates may be under way. skips: asked of every index in order; one that is skipped is no
    candidate, whatever was computed for it. first: the candidate that is judged first, where the selection stands.

    Raises:
        Exhausted: the candidates end, or nothing usable has come for too long.
        Stopped: from the asking; the sink then holds a contiguous prefix of the indices.
    """
    async with aclosing(ordered(make, window, first)) as outcomes:
        async for index, outcome in outcomes:
            if skips(index):
                selection.pass_over()
                continue
            for item in selection.judge(index, outcome):
                sink.add(item)
            changed()
            if selection.complete:
                return
    raise Exhausted("there are no more candidates", "What there is by now is in place.")
