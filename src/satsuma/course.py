"""What a method is to a run: `satsuma.session` knows no more of TarGEN or DataTune than this."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from satsuma.llm.client import Client
from satsuma.selecting.selection import Outcome, Selection
from satsuma.settings import Settings
from satsuma.stream import Made
from satsuma.task.card import Card
from satsuma.task.instance import Instance, Reject

Make = Callable[[int], Made[Outcome]]


class Decided(Protocol):
    """Decisions of a method besides its candidates, in an order that is always the same: lines that are kept."""

    def recall(self, lines: Iterable[bytes]) -> None:
        """Take the first decisions from these lines, as far as they fit; before any is made."""
        ...

    def taken(self) -> list[bytes]:
        """The lines of the decisions that were made since this was called last, in order."""
        ...


async def _nothing() -> None:
    """Nothing has to be closed."""


@dataclass(frozen=True, slots=True)
class Course:
    """A method at work on one run.

    make: candidate `index`, called in index order. skips: whether an index is no candidate, asked in index order.
    settled: is told every instance and reject in index order. recalls: whether an outcome that is known may be taken
    instead of making the candidate again: not where that has effects besides its outcome. decided: what else is kept
    and recalled then. record: fields of run.json
    besides the common ones. close: gives back what is open.
    """

    make: Make
    skips: Callable[[int], bool] = lambda index: False  # noqa: ARG005 - no index is skipped
    settled: Callable[[Instance | Reject], None] = lambda item: None  # noqa: ARG005 - nobody listens
    recalls: bool = False
    decided: Decided | None = None
    record: Callable[[], Mapping[str, object]] = dict
    close: Callable[[], Coroutine[object, object, None]] = _nothing


@dataclass(frozen=True, slots=True)
class Job:
    """What a run is to do.

    weights: label → weight of its share. make: from the asking and the selection, the method at work. decisive: what
    decides the data besides the settings.
    """

    card: Card
    settings: Settings
    weights: dict[str, int]
    make: Callable[[Client, Selection], Course]
    decisive: Mapping[str, object] = field(default_factory=dict)
