"""What a run has used, over all its processes: from its journal, and from what came to no reply.

The rule: whatever may have been billed counts, so that a budget holds for the run and not for each of its processes.
Replies, and the attempts that failed on the way to them, are in the journal's rows. A request that ended without a
reply, because the run was stopped between two tries or while it was in flight, has no row; what it used is kept under a
name of its own (`UNANSWERED`) when the models are closed.

What came by a provider's batch API costs what it costs there.

Not covered: requests that were in flight when a process was killed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from satsuma.errors import JournalError
from satsuma.llm.batch_notes import billed
from satsuma.llm.batch_opening import BATCH
from satsuma.llm.prices import PICO, Price
from satsuma.llm.request import Json, Usage

if TYPE_CHECKING:
    from satsuma.llm.journal import Journal

UNANSWERED = "unanswered"
"""The journal's name for what came to no reply: identity → [attempts, input tokens, output tokens]."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What has been used: picodollars, tokens in and out together, and requests sent."""

    picodollars: int = 0
    tokens: int = 0
    requests: int = 0

    @property
    def usd(self) -> float:
        """US dollars."""
        return self.picodollars / PICO


@dataclass(frozen=True, slots=True)
class Used:
    """What a model was used for: attempts, and their tokens. model: its identity, with `batch:` for its batch API."""

    model: str
    attempts: int
    usage: Usage


def spent_for(uses: Iterable[Used], price_of: Callable[[str], Price | None]) -> Spent:
    """What so much has cost. A model without a price counts no money; budgets see to it before (`require_prices`)."""
    money = tokens = requests = 0
    for used in uses:
        into, out, known = used.usage.input_tokens, used.usage.output_tokens, price_of(used.model)
        tokens += into + out
        requests += used.attempts
        if known is not None:
            money += known.cost(into, out, used.attempts)
    return Spent(money, tokens, requests)


class Bill:
    """What a run has used so far, by its journal.

    Raises:
        JournalError: the journal cannot be read.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._unanswered = _read(journal.meta(UNANSWERED))
        self._changed = False

    def uses(self) -> list[Used]:
        """What was used, by model."""
        total = dict(self._unanswered)
        for tally in self._journal.tallies():
            _add(total, Used(tally.identity, tally.attempts, tally.usage + tally.wasted))
        for identity, (count, usage) in billed(self._journal).items():
            _add(total, Used(identity, -count, _minus(usage)))
            _add(total, Used(f"{BATCH}{identity}", count, usage))
        return list(total.values())

    def lose(self, model: str, attempts: int, usage: Usage) -> None:
        """A request of so many attempts ends without a reply."""
        _add(self._unanswered, Used(model, attempts, usage))
        self._changed = True

    def usd(self, price_of: Callable[[str], Price | None]) -> float | None:
        """US dollars; None if the price of a model that was asked is unknown."""
        uses = self.uses()
        if any(price_of(used.model) is None for used in uses):
            return None
        return spent_for(uses, price_of).usd

    def close(self) -> None:
        """Keep what came to no reply. A journal that cannot be written has ended the run already, and has said so."""
        if self._changed:
            sums: dict[str, Json] = {
                used.model: [used.attempts, used.usage.input_tokens, used.usage.output_tokens]
                for used in self._unanswered.values()
            }
            with suppress(JournalError):
                self._journal.set_meta(UNANSWERED, sums)


def _add(total: dict[str, Used], more: Used) -> None:
    before = total.get(more.model)
    total[more.model] = (
        Used(more.model, before.attempts + more.attempts, before.usage + more.usage) if before is not None else more
    )


def _minus(usage: Usage) -> Usage:
    return Usage(-usage.input_tokens, -usage.output_tokens)


def _read(stored: object) -> dict[str, Used]:
    if not isinstance(stored, dict):
        return {}
    return {
        model: Used(model, sums[0], Usage(sums[1], sums[2]))
        for model, sums in stored.items()
        if isinstance(sums, list) and len(sums) == 3 and all(isinstance(each, int) for each in sums)
    }
