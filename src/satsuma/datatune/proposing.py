"""A transformation's first two modules by themselves: which datasets it would use for a card, and why.

The questions are those of `satsuma transform`, with the same keys, and their answers are in the journal of the same
directory: a transformation that is begun there asks none of them again.
"""

from __future__ import annotations

from pathlib import Path

from satsuma.datatune.asking import Asking
from satsuma.datatune.finding import Found, find
from satsuma.datatune.job import CATALOG
from satsuma.datatune.options import TransformOptions, check_settings
from satsuma.door import Interrupts
from satsuma.extras import require
from satsuma.interruptible import interruptible
from satsuma.llm.client import open_client
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
    with directory.lock():
        journal = Journal.open(directory.journal_path)
        try:
            async with open_client(settings, journal, note=progress.note) as client:
                finding = find(Asking(client, settings), card, options)
                return await interruptible(client, finding, progress, interrupts)
        finally:
            journal.close_or_remove(keep=directory.state_path.exists())
