"""One run, from a directory to a dataset: who opens what, in which order, and what is left when it ends.

    lock → compare with what is there → journal → models → stream → dataset, rejects, run.json, README.md

Everything that can be wrong is found before anything is written. However a run ends, what was accepted by then is put
in place, unless the directory already holds more of the same run; a run that could not even begin leaves nothing
behind.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from satsuma.ahead import Ahead
from satsuma.checkpoint import Checkpoint, Recorded
from satsuma.collect import collect
from satsuma.course import Course, Job
from satsuma.door import Interrupts
from satsuma.errors import BudgetSpent, Exhausted, Interrupted, SatsumaError, Stopped, Waiting
from satsuma.interruptible import interruptible
from satsuma.llm.budget import hint_for
from satsuma.llm.client import Client, open_client
from satsuma.llm.journal import Journal
from satsuma.llm.opening import identities
from satsuma.progress import Progress, Snapshot
from satsuma.run.directory import RunDirectory
from satsuma.run.identity import begin, check_same_run, differences, is_finished
from satsuma.run.readme import write_readme
from satsuma.run.run import Run
from satsuma.run.state import Counts, RunState, StateName, Totals
from satsuma.run.trust import Audit, Noise
from satsuma.run.writer import DatasetWriter
from satsuma.selecting.duplicates import NearDuplicates
from satsuma.selecting.noise import estimate_noise
from satsuma.selecting.shares import LAG
from satsuma.settings import Settings
from satsuma.task.card import Card
from satsuma.task.instance import Instance, Reject
from satsuma.task.written import Written

GRACE = 2.0
"""Seconds that requests in flight are given when n is reached; their replies serve a larger n."""
TICK = 0.1
"""Seconds between snapshots at the least."""
_NAMES: dict[type[SatsumaError], StateName] = {
    Interrupted: "interrupted",
    BudgetSpent: "budget",
    Waiting: "waiting",
    Exhausted: "exhausted",
    Stopped: "stopped",
}


async def carry_out(job: Job, out: Path, progress: Progress, interrupts: Interrupts) -> Run:
    """Do the job in directory `out`.

    Raises:
        SatsumaError: as the job ended. A `Stopped` carries the run so far as its `run`.
    """
    settings = job.settings
    directory = RunDirectory.create_or_open(out)
    wanted = wanted_state(job.card, settings, job.decisive)
    _compare(directory, wanted, settings)
    with directory.lock():
        previous = _compare(directory, wanted, settings)
        if previous and is_finished(directory, previous, wanted, jsonl=settings.jsonl):
            progress.note(f"{directory.path} is finished: there is nothing to do.")
            return Run(directory.path)
        work = _Work(job, directory, previous, wanted, progress)
        error = await work.do(interrupts)
        if error is not None:
            if isinstance(error, Stopped) and directory.state_path.exists():
                error.run = Run(directory.path)
            raise error
    return Run(directory.path)


def wanted_state(card: Card, settings: Settings, more: Mapping[str, object] | None = None) -> RunState:
    """What the run of a card with these settings is, before its first candidate. more: what else decides the data."""
    decisive = settings.decisive() | {"model": "", "identity": "", "models": identities(settings)} | dict(more or {})
    return begin(card, decisive, settings.operational(), n=settings.n, seed=settings.seed, lag=LAG)


def _compare(directory: RunDirectory, wanted: RunState, settings: Settings) -> RunState | None:
    previous = directory.load_state()
    if previous:
        check_same_run(directory, previous, wanted, revise=settings.revise)
    return previous


class _Work:
    """One process's work on a run."""

    def __init__(
        self, job: Job, directory: RunDirectory, previous: RunState | None, wanted: RunState, progress: Progress
    ) -> None:
        self._job = job
        self._directory = directory
        self._previous = previous
        self._wanted = wanted
        self._progress = progress
        self._began = time.monotonic()
        self._ticked = 0.0
        self._settled = False
        self._course: Course | None = None
        near = NearDuplicates(job.card.duplicates.threshold)
        self._checkpoint = Checkpoint(directory.checkpoint_path, near)
        self._selection = Recorded(job.settings.n, job.weights, job.settings.seed, self._checkpoint)

    async def do(self, interrupts: Interrupts) -> SatsumaError | None:
        """Fill the directory as far as it goes; how it ended, None if n was reached."""
        settings = self._job.settings
        journal = Journal.open(self._directory.journal_path)
        try:
            async with open_client(settings, journal, note=self._progress.note) as client:
                self._save_running()
                self._checkpoint.open(journal, self._wanted, forget=settings.retry_failed)
                with DatasetWriter(self._directory, self._job.card, jsonl=settings.jsonl) as writer:
                    error = await self._filled(client, writer, interrupts)
                    self._checkpoint.complete()
                    self._tell_damage(journal)
                    if isinstance(error, BudgetSpent):
                        error.hint = hint_for(error, self._worth(journal), settings.n)
                    self._settle(client, journal, writer, error)
                self._checkpoint.close()
        finally:
            if journal.close_or_remove(keep=self._previous is not None or self._settled):
                self._leave_nothing()
        return error

    async def _filled(self, client: Client, writer: DatasetWriter, interrupts: Interrupts) -> SatsumaError | None:
        error: SatsumaError | None
        try:
            error = await interruptible(client, self._collected(client, writer), self._progress, interrupts)
        except Interrupted as left:
            error = left
        if client.totals.new or self._selection.tally.judged:
            self._progress.update(self._snapshot(client))
        return None if self._selection.complete else error

    async def _collected(self, client: Client, writer: DatasetWriter) -> SatsumaError | None:
        """Collect, and wait for what is in flight: with an error until it is done, as all of it will be needed."""
        selection = self._selection
        self._course = course = self._job.make(client, selection)
        make, first = course.make, 0
        if course.recalls:
            first = self._checkpoint.recall(selection, writer, course.decided)
            make = self._checkpoint.making(make, selection.ask)
        ahead = Ahead(make, selection.window, lambda: selection.tally.judged, lambda: client.budget_left)
        sink = _Sink(writer, course, self._checkpoint)
        try:
            if not selection.complete:
                await collect(
                    ahead.make, selection, sink, lambda: self._tick(client), ahead.window, course.skips, first
                )
        except SatsumaError as stopped:
            await client.drain()
            return stopped
        finally:
            await course.close()
        await client.drain(GRACE)
        return None

    def _settle(self, client: Client, journal: Journal, writer: DatasetWriter, error: SatsumaError | None) -> None:
        """Put in place what there is, and say how it ended; a mistake before the first reply changes nothing."""
        if error is not None and not isinstance(error, Waiting) and self._came_to_nothing(client, journal, error):
            if self._previous is not None:
                self._directory.save_state(self._previous)
            return
        self._settled = True
        name: StateName = _NAMES.get(type(error), "failed") if error else "complete"
        reason = error.message if error else ""
        if self._previous is not None and self._has_more(name, self._previous):
            self._directory.save_state(self._previous.model_copy(update={"state": name, "reason": reason}))
            return
        files = writer.commit()
        state = self._state(name, reason, client, journal, files)
        write_readme(self._directory, self._job.card, state)
        self._directory.save_state(state)

    def _came_to_nothing(self, client: Client, journal: Journal, error: SatsumaError) -> bool:
        if journal.batches() and isinstance(error, Stopped):
            return False  # what was submitted is paid, and has to be found again
        return not journal.tallies() or not (client.totals.new or isinstance(error, Stopped))

    def _has_more(self, name: StateName, previous: RunState) -> bool:
        """Whether an interrupted run would put less in place than an earlier one of the same run left there."""
        return name != "complete" and previous.size > self._selection.tally.accepted.total()

    def _worth(self, journal: Journal) -> int:
        """The instances that what was paid for is worth: those there are, and those that were begun, at their yield."""
        tally = self._selection.tally
        begun = sum(t.requests for t in journal.tallies() if t.step == "instance")
        accepted = tally.accepted.total()
        worth = max(accepted, begun * accepted // max(1, tally.judged))
        return min(worth, self._job.settings.n - 1)

    def _tell_damage(self, journal: Journal) -> None:
        if count := journal.damage:
            replies, were, are = ("reply", "was", "is") if count == 1 else ("replies", "were", "are")
            self._progress.note(f"{count:,} {replies} in the journal {were} damaged and {are} asked again.")

    def _accepted(self) -> dict[str, int]:
        return {label: self._selection.tally.accepted[label] for label in self._selection.share}

    def _state(
        self, name: StateName, reason: str, client: Client, journal: Journal, files: Mapping[str, str]
    ) -> RunState:
        tally = self._selection.tally
        steps: Counter[str] = Counter()
        for t in journal.tallies():
            steps[t.step] += t.requests
        counts = Counts(
            candidates=tally.judged,
            steps=dict(steps),
            accepted=self._accepted(),
            share=self._selection.share,
            rejects=_nested(tally.rejected),
        )
        return self._wanted.model_copy(
            update={
                "models": dict(client.models),
                "state": name,
                "reason": reason,
                "totals": self._totals(client, journal),
                "counts": counts,
                "matrix": _nested(tally.flow),
                "noise": self._noise(),
                "audit": self._audit(),
                "files": dict(files),
                **(self._course.record() if self._course else {}),
            }
        )

    def _noise(self) -> Noise | None:
        own, settings = self._job.card.correction, self._job.settings
        shown = self._job.card.output.text is not None  # a free text is always there to be judged
        blind = not shown and (own.blind if settings.blind is None else settings.blind)
        return estimate_noise(self._selection.tally.ballots, blind=blind, policy=settings.policy or own.policy)

    def _audit(self) -> Audit | None:
        """An audit of what was there before holds for it: the dataset of a larger n contains it."""
        previous = self._previous
        grows = previous is not None and previous.n <= self._wanted.n and not differences(previous, self._wanted)
        return previous.audit if previous and grows else None

    def _totals(self, client: Client, journal: Journal) -> Totals:
        before = self._previous.totals.seconds if self._previous else 0.0
        tallies = journal.tallies()
        return Totals(
            requests=sum(t.requests - t.recorded for t in tallies),
            recorded=sum(t.recorded for t in tallies),
            replayed=client.totals.replayed,
            input_tokens=sum(t.usage.input_tokens for t in tallies),
            output_tokens=sum(t.usage.output_tokens for t in tallies),
            usd=client.cost(),
            seconds=round(before + time.monotonic() - self._began, 3),
            given_up=sum(t.given_up for t in tallies),
        )

    def _leave_nothing(self) -> None:
        self._directory.state_path.unlink(missing_ok=True)
        with suppress(OSError):
            self._directory.data_path().parent.rmdir()

    def _tick(self, client: Client) -> None:
        now = time.monotonic()
        if now - self._ticked >= TICK:
            self._ticked = now
            self._progress.update(self._snapshot(client))

    def _save_running(self) -> None:
        """From the first request on the directory is a run; one that is killed says `running`."""
        state = self._previous or self._wanted
        self._directory.save_state(state.model_copy(update={"state": "running", "reason": ""}))

    def _snapshot(self, client: Client) -> Snapshot:
        tally, totals = self._selection.tally, client.totals
        return Snapshot(
            accepted=self._accepted(),
            share=self._selection.share,
            rejects=tally.rejects_by_step(),
            candidates=tally.judged,
            requests=totals.asked,
            replayed=totals.replayed + totals.recorded,
            in_flight=totals.in_flight,
            input_tokens=totals.input_tokens,
            output_tokens=totals.output_tokens,
            usd=totals.usd,
            seconds=time.monotonic() - self._began,
        )


def _nested(counts: Mapping[tuple[str, str], int]) -> dict[str, dict[str, int]]:
    nested: dict[str, dict[str, int]] = {}
    for (outer, inner), count in sorted(counts.items()):
        nested.setdefault(outer, {})[inner] = count
    return nested


class _Sink:
    """Hands instances and rejects to the writer, and tells the method and the checkpoint."""

    def __init__(self, writer: DatasetWriter, course: Course, checkpoint: Checkpoint) -> None:
        self._writer = writer
        self._settled = course.settled
        self._checkpoint = checkpoint

    def add(self, item: Instance | Written | Reject) -> None:
        """Write it."""
        if not isinstance(item, Written):  # a method that recalls does not listen
            self._settled(item)
        if isinstance(item, Reject):
            self._writer.reject(item)
        else:
            self._checkpoint.accepted(self._writer.accept(item))
