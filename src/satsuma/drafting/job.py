"""`satsuma new` as a job: lock → journal → model → the card's file.

The replies are journaled in a run's directory, in which the instances are made afterwards: nothing is paid twice, and
the same command goes on wherever it was ended. A card that is there is never replaced unasked: it is taken for this
command's own if the journal alone gives the same bytes. Not covered: making the instances, which is an ordinary run.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from satsuma.checking import CheckReport
from satsuma.door import Interrupts
from satsuma.drafting.drafts import Drafted, draft_sampling, drafted
from satsuma.drafting.order import Order
from satsuma.drafting.writing import Origins, written
from satsuma.errors import NotRecorded, RunError, SatsumaError, SettingsError
from satsuma.interruptible import interruptible
from satsuma.llm.client import identities, open_client
from satsuma.llm.journal import Journal
from satsuma.llm.request import Reply, Request
from satsuma.progress import Progress
from satsuma.run.atomic import write_atomically, writing
from satsuma.run.directory import RunDirectory
from satsuma.run.run import Run
from satsuma.settings import Settings
from satsuma.task.card import Card


@dataclass(frozen=True, slots=True)
class NewCard:
    """A card that was drafted.

    path: its file. report: what `satsuma check` says of it. run: the instances that were made with it, None if none
    were wanted.
    """

    path: Path
    card: Card
    report: CheckReport
    run: Run | None = None


async def draft(order: Order, settings: Settings, progress: Progress, interrupts: Interrupts) -> None:
    """Put the card in its place.

    Raises:
        SettingsError: there is another file in its place.
        CardError: the model drafted no card that can be used.
        SatsumaError: the asking ended; the same command goes on.
    """
    model = identities(settings)[""]
    directory = RunDirectory.create_or_open(order.run)
    with directory.lock():
        there = _there(order)
        if there is not None and not order.force:
            if there != await _recorded(order, model, settings, directory):
                raise SettingsError(f"{order.path} is there already", "--force replaces it; -o names another file.")
            return
        text = await _asked(order, model, settings, (directory, progress, interrupts))
        if there == text:
            progress.note(f"{order.path} is drafted already; --seed 1 asks for another draft.")
        else:
            write_atomically(order.path, text)
            progress.note(f"{order.path} is drafted.")


def _there(order: Order) -> bytes | None:
    """What is in the card's place; None if nothing is, and then a file can be put there."""
    try:
        with writing(order.path):
            order.path.parent.mkdir(parents=True, exist_ok=True)
        return order.path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RunError(f"{order.path} cannot be read: {error.strerror}", "Name another file with -o.") from None


async def _recorded(order: Order, model: str, settings: Settings, directory: RunDirectory) -> bytes | None:
    """The card that the journal gives without a model; None if it gives none."""
    if not directory.journal_path.exists():
        return None
    with closing(Journal.open(directory.journal_path, readonly=True)) as journal:
        try:
            return _text(order, model, await drafted(_Recorded(journal), model, order.wish, draft_sampling(settings)))
        except SatsumaError:
            return None


class _Recorded:
    """Answers from a journal alone."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def reply(self, request: Request) -> Reply:
        """What was journaled.

        Raises:
            NotRecorded: nothing was.
        """
        reply = self._journal.get(request.key())
        if reply is None:
            raise NotRecorded("the journal has no reply to a question of this draft")
        return reply


async def _asked(
    order: Order, model: str, settings: Settings, means: tuple[RunDirectory, Progress, Interrupts]
) -> bytes:
    """The card that the model drafts."""
    directory, progress, interrupts = means
    journal = Journal.open(directory.journal_path)
    try:
        async with open_client(settings, journal, note=progress.note) as client:
            progress.note(f"Asking {model} for a card.")
            drafting = drafted(client, model, order.wish, draft_sampling(settings))
            return _text(order, model, await interruptible(client, drafting, progress, interrupts))
    finally:
        journal.close_or_remove(keep=directory.state_path.exists())


def _text(order: Order, model: str, draft: Drafted) -> bytes:
    """The bytes of the card's file."""
    fields = order.wish.fields
    named = {one.name: one.column.name for one in fields.inputs} | {fields.name: fields.column.name} if fields else {}
    unused = [one.column.name for one in fields.inputs if one.name not in draft.inputs] if fields else []
    origins = Origins(
        file=order.path.name,
        model=model,
        task=order.wish.task,
        source=order.source,
        renamed={name: column for name, column in named.items() if name != column},
        left_out={**(fields.left_out if fields else {}), **dict.fromkeys(unused, "is not given when the task is done")},
    )
    return written(draft.data, origins).encode()
