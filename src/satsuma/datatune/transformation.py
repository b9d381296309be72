"""DataTune's modules, joined: an index is a row of a dataset, and becomes an instance, a reject, or nothing.

    find → expand → (per dataset: open → columns → plan → program) → row → instance

The first two happen once; a dataset is made ready when the first of its rows is wanted. A row asks as soon as its
dataset is ready. Which rows are candidates depends on the votes, the seed and the ledger alone.

Rows have labels of their own, so unless the shares of the card are wanted (`balanced`), n instances are n instances
whatever their labels; where the right one of several options stands is the program's to say, and has its shares.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import replace

from satsuma.catalog.licences import licence_of_all
from satsuma.datatune.asking import Asks
from satsuma.datatune.execution import Transformed as Done
from satsuma.datatune.expansion import Expanded, expand
from satsuma.datatune.finding import Found, find
from satsuma.datatune.ledger import IRRELEVANT_STEP, Ledger
from satsuma.datatune.options import TransformOptions
from satsuma.datatune.program_runs import Programs
from satsuma.datatune.using import Kit, Ready, Use, made_ready
from satsuma.errors import Exhausted, ExtraError, ModelError
from satsuma.llm.ask import Unanswered
from satsuma.llm.turns import TURN
from satsuma.progress import Progress
from satsuma.run.transformed import DatasetUse, Transformed
from satsuma.selecting.selection import Outcome, Selection
from satsuma.settings import Settings
from satsuma.sources.rows import BadRow
from satsuma.stream import shared
from satsuma.task.card import Card
from satsuma.task.instance import Instance, Provenance, Reject, SourceRow, Value
from satsuma.task.outputs import ALL, Asked, Draft, OutputKind
from satsuma.task.verbalize import Verbalizer

_NO_ROW = "no row"
"""The step of what stands for an index that has no row; it is skipped and never seen."""


class Transformation:
    """Makes candidates, one for each row; see `satsuma.course.Course`."""

    def __init__(
        self, asks: Asks, card: Card, output: OutputKind, options: TransformOptions, selection: Selection,
        settings: Settings, progress: Progress,
    ) -> None:  # fmt: skip
        self._asks = asks
        self._card = card
        self._output = output
        self._options = options
        self._selection = selection
        self._seed = settings.seed
        self._ray = settings.ray
        self._progress = progress
        self._verbalize = Verbalizer(card, output)
        self._told = frozenset(card.shown_inputs)
        self._ledger = Ledger(options.rows)
        self._open = AsyncExitStack()
        self._beginning: asyncio.Task[tuple[Found, Expanded, Kit]] | None = None
        self._uses: dict[int, asyncio.Task[Use]] = {}

    def make(self, index: int) -> Coroutine[object, object, Outcome]:
        """Candidate `index`."""
        return self._candidate(index, self._selection.ask())

    def skips(self, index: int) -> bool:
        """Whether there is no row at an index, or its dataset is not used, or not any more."""
        dataset, position = self._ledger.place(index)
        ready = self._uses[dataset].result().ready
        return ready is None or position >= len(ready.dataset.source) or self._ledger.is_left(index)

    def settled(self, item: Instance | Reject) -> None:
        """The next instance or reject, in index order."""
        dataset, _ = self._ledger.place(item.index)
        count = self._ledger.count(dataset)
        was = count.left
        self._ledger.settled(item)
        if count.left and not was:
            self._progress.note(f"{self._uses[dataset].result().told.name} is left: {count.left}.")

    async def close(self) -> None:
        """Give back what is open: sources and the sandbox."""
        for task in (*self._uses.values(), self._beginning):
            if task is not None:
                task.cancel()
        for task in self._uses.values():
            use = None if task.cancelled() or not task.done() or task.exception() else task.result()
            if use is not None and use.ready is not None:
                use.ready.dataset.source.close()
        await self._open.aclose()

    def record(self) -> Mapping[str, object]:
        """What run.json says of the transformation, as far as it has come."""
        if self._beginning is None or not _came(self._beginning):
            return {}
        found, expanded, _ = self._beginning.result()
        uses = [self._use(at, task.result()) for at, task in sorted(self._uses.items()) if _came(task)]
        made = Transformed(
            queries=found.queries,
            candidates=found.candidates,
            none=found.none,
            discarded=found.discarded,
            requirements=expanded.requirements,
            form=expanded.form,
            datasets=tuple(uses),
            licence=licence_of_all(use.licence for use in uses if use.accepted),
        )
        return {"transformed": made}

    def _use(self, dataset: int, use: Use) -> DatasetUse:
        count = self._ledger.count(dataset)
        return use.told.model_copy(
            update={
                "tried": count.tried,
                "accepted": count.accepted,
                "irrelevant": count.irrelevant,
                "failed": count.failed,
                "left": use.told.left or count.left,
            }
        )

    async def _candidate(self, index: int, asked: str) -> Outcome:
        TURN.set(index)
        if self._beginning is None:
            self._beginning = shared(self._begun())
        found, expanded, kit = await self._beginning
        dataset, position = self._ledger.place(index)
        if dataset >= len(found.chosen):
            raise self._ended(found)
        if dataset not in self._uses:
            self._uses[dataset] = shared(self._made_ready(kit, found, dataset, expanded))
        use = await self._uses[dataset]
        ready = use.ready
        if ready is None or position >= len(ready.dataset.source) or self._ledger.is_left(index):
            return Outcome(asked, reject=Reject("", index, _NO_ROW, _NO_ROW, asked))
        place = ready.dataset.source.order(self._seed)[position]
        return await self._row(index, asked, use.told, ready, place)

    async def _made_ready(self, kit: Kit, found: Found, dataset: int, expanded: Expanded) -> Use:
        chosen = found.chosen[dataset]
        self._progress.note(f"{chosen.entry.name}: choosing columns and planning.")
        use = await made_ready(kit, chosen, expanded)
        by = f"the {use.told.by} carries out the plan" if use.ready else f"not used: {use.told.left}"
        self._progress.note(f"{chosen.entry.name}: {by}.")
        return use

    async def _begun(self) -> tuple[Found, Expanded, Kit]:
        """What is done once: the datasets found, the task expanded, the sandbox opened."""
        try:
            found, expanded = await asyncio.gather(
                find(self._asks, self._card, self._options), expand(self._asks, self._card)
            )
        except Unanswered as no:
            raise ModelError(
                f"the task could not be expanded: {no.reason}", "A stronger model for it: --model-for expand=MODEL"
            ) from no
        programs = await self._programs() if found.chosen else None
        return found, expanded, Kit(self._asks, self._card, self._options, programs, self._seed)

    async def _programs(self) -> Programs | None:
        """The sandbox; None where only the model carries out plans."""
        if self._options.execute == "model":
            return None
        try:
            return await self._open.enter_async_context(self._sandbox())
        except ExtraError as missing:
            if self._options.execute == "program":
                raise
            self._progress.note(f"Without programs: {missing.message}. {missing.hint}")
            return None

    def _sandbox(self) -> AbstractAsyncContextManager[Programs]:
        if not self._ray:
            return Programs()
        from satsuma.cluster.programs import programs_on

        return programs_on(self._ray)

    def _ended(self, found: Found) -> Exhausted:
        if not found.chosen:
            return Exhausted(
                f"none of {len(found.candidates)} datasets fits the task, by {found.none} of the votes",
                "`satsuma generate` needs none; or name datasets (--dataset), or search another catalog.",
            )
        return Exhausted(
            "the rows of all datasets are used up",
            "More rows of each (--rows), more datasets (--most, --dataset); or generate the rest: `satsuma build`.",
        )

    async def _row(self, index: int, asked: str, told: DatasetUse, ready: Ready, place: int) -> Outcome:
        path = f"{told.name} / row {place}"
        record = ready.dataset.source.row(place)
        if isinstance(record, BadRow):
            return Outcome(asked, reject=Reject(path, index, "row", f"{record.reason}: {record.where}"))
        wanted = Asked(asked, self._seed, index)
        try:
            done = await ready.way(ready.dataset.item(place, record, wanted))
        except Unanswered as no:
            reject = Reject(path, index, "execute", no.reason, raw=no.raw, requests=(*ready.keys, *no.keys))
            return Outcome(asked, reject=reject)
        if done.draft is None:
            reason = f"not of use for the task: {done.irrelevant}"
            reject = Reject(path, index, IRRELEVANT_STEP, reason, raw=done.raw, requests=(*ready.keys, *done.keys))
            return Outcome(asked, reject=reject)
        return self._outcome(index, asked, told, done.draft, replace(done, keys=(*ready.keys, *done.keys)), place)

    def _outcome(self, index: int, asked: str, told: DatasetUse, draft: Draft, done: Done, place: int) -> Outcome:
        text, target = self._verbalize(draft.fields, draft.output)
        fields = {name: draft.fields[name] for name in self._card.columns}
        source = SourceRow(told.name, told.configuration, told.split, place, told.licence, told.by)
        provenance = Provenance("datatune", model=done.model, requests=done.keys, source=source)
        path = f"{told.name} / row {place}"
        instance = Instance(path, index, fields, draft.output, text, target, provenance)
        shares = self._selection.share
        label = draft.label if draft.label in shares else ALL
        return Outcome(asked, instance, label, self._content(draft.fields))

    def _content(self, fields: Mapping[str, Value]) -> str:
        """The words that duplicates are judged by: what the instance says, whatever the order of the options."""
        options = self._output.options(fields)
        said = [v for name, v in fields.items() if isinstance(v, str) and name not in options and name in self._told]
        return "\n".join([*said, *sorted(options.values())])


def _came(task: asyncio.Task[object]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None
