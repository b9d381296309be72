"""The batches of a run, from outside of it: how they stand, cancelling, giving up.

Looking and cancelling only read the journal and ask the provider, so that they may be done while the run waits for
its batches; what was cancelled is seen by the run, or by the next command that goes on with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from satsuma.errors import DataError, ModelError, SatsumaError
from satsuma.llm import batch_notes as notes
from satsuma.llm.batch_opening import open_batches
from satsuma.llm.provider import CallFailed

if TYPE_CHECKING:
    from satsuma.llm.batch_api import BatchApi, Remote
    from satsuma.llm.journal import Journal
    from satsuma.llm.journal_schema import Batch

SILENCE = 30.0
"""Seconds after which a provider that says nothing is not waited for."""


class Standing:
    """A batch as it was noted, and as the provider sees it now.

    now: None if it was not asked, or did not say; why: why it did not.
    """

    __slots__ = ("batch", "now", "why")

    def __init__(self, batch: Batch, now: Remote | None = None, why: str = "") -> None:
        self.batch = batch
        self.now = now
        self.why = why

    @property
    def state(self) -> str:
        """In the provider's words, or in ours."""
        return self.now.state if self.now is not None else self.batch.state

    @property
    def answered(self) -> int:
        """Requests that are done."""
        if notes.is_read(self.batch):
            return len(self.batch.keys) - len(notes.unanswered(self.batch))
        return self.now.done if self.now is not None else 0


async def standings(batches: Sequence[Batch]) -> list[Standing]:
    """How batches stand; those whose results were read are not asked for."""
    return [await _standing(batch) for batch in batches]


async def cancel(batches: Sequence[Batch]) -> list[Standing]:
    """Cancel batches.

    Raises:
        ModelError: the provider refuses; those before it are cancelled.
    """
    return [Standing(batch, await _cancelled(batch)) for batch in batches]


async def forget(batches: Sequence[Batch], journal: Journal) -> None:
    """Give batches up: their requests are submitted anew by the next command that goes on with the run."""
    for batch in batches:
        await journal.note_batch(replace(batch, state=notes.FORGOTTEN))


def chosen(batches: Sequence[Batch], which: str, *, every: bool) -> list[Batch]:
    """The batch of an id or a name, or with no id those that are under way. every: read ones can be named, too.

    Raises:
        DataError: there is no such batch, or it has ended.
    """
    under_way = [batch for batch in batches if notes.is_open(batch)]
    if not which:
        return under_way
    found = [batch for batch in batches if which in (batch.remote, batch.name)]
    if not found:
        raise DataError(f"the run has no batch {which}", "`satsuma batches RUN` lists them.")
    if not every and found[0] not in under_way:
        raise DataError(f"batch {which} is not under way: it is {found[0].state}")
    return found


async def _standing(batch: Batch) -> Standing:
    if not notes.is_open(batch) or not batch.remote:
        return Standing(batch)
    try:
        api = _api(batch)
    except SatsumaError as error:
        return Standing(batch, why=error.message)
    try:
        return Standing(batch, await api.look(batch.remote))
    except CallFailed as failure:
        return Standing(batch, why=failure.message)
    finally:
        await api.close()


async def _cancelled(batch: Batch) -> Remote:
    if not batch.remote:
        raise ModelError(
            f"nobody knows yet whether batch {batch.name} was received",
            "The command that made the run looks for it; cancel it when it is found.",
        )
    api = _api(batch)
    try:
        return await api.cancel(batch.remote)
    except CallFailed as failure:
        raise ModelError(f"batch {batch.remote} was not cancelled: {failure.message}", "Try again later.") from None
    finally:
        await api.close()


def _api(batch: Batch) -> BatchApi:
    origin = notes.origin_of(batch)
    return open_batches(origin.model, base_url=origin.base_url, timeout=SILENCE)
