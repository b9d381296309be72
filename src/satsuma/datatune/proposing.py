"""A transformation's first two modules by themselves: which datasets it would use for a card, and why.

The questions are those of `satsuma transform`, with the same keys, and their answers are in the journal of the same
directory: a transformation that is begun there asks none of them again.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

from satsuma.datatune.asking import Asking
from satsuma.datatune.finding import Found, find
from satsuma.datatune.job import CATALOG
from satsuma.datatune.options import TransformOptions, check_settings
from satsuma.door import Interrupts
from satsuma.errors import Interrupted
from satsuma.extras import require
from satsuma.llm.client import Client, open_client
from satsuma.llm.journal import Journal
from satsuma.progress import Progress
from satsuma.run.directory import RunDirectory
from satsuma.settings import Settings
from satsuma.task.card import Card


async def propose(
    card: Card, settings: Settings, options: TransformOptions, out: Path, progress: Progress, interrupts: Interrupts
) -> Found:
    """What `satsuma transform` would use, best first.

    Raises:
        SettingsError, DataError, ExtraError: the catalog cannot be searched, or a setting belongs to another method.
        RunError: `out` cannot be a run's directory.
        SatsumaError: the asking ended; the same call goes on.
    """
    check_settings(settings)
    require("retrieval", *CATALOG, needed_by="searching a catalog")
    directory = RunDirectory.create_or_open(out)
    was_there = directory.path.exists()
    with directory.lock():
        journal = Journal.open(directory.journal_path)
        try:
            async with open_client(settings, journal, note=progress.note) as client:
                return await _found(client, card, settings, options, interrupts)
        finally:
            empty = not journal.tallies() and not journal.batches()
            journal.close()
            if empty and not was_there:
                for path in directory.path.glob(f"{directory.journal_path.name}*"):
                    path.unlink(missing_ok=True)


async def _found(
    client: Client, card: Card, settings: Settings, options: TransformOptions, interrupts: Interrupts
) -> Found:
    task = asyncio.ensure_future(find(Asking(client, settings), card, options))

    def leave() -> None:
        task.cancel()

    with interrupts.answered(client.stop, leave):
        try:
            return await task
        except asyncio.CancelledError:
            with suppress(asyncio.CancelledError):
                await client.drain(0)
            raise Interrupted("left with requests in flight", "The same command goes on.") from None
