"""One dataset of a transformation, made ready: opened, its columns chosen, the plan made, and who carries it out.

    configuration (votes, where there are several) → open → columns → plan → program → comparison

What cannot be opened or planned is no error of the run: the dataset is left with the reason, and the next one is used.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path

from satsuma.catalog.entry import Entry
from satsuma.datatune.asking import Asks
from satsuma.datatune.column_choice import choose_columns
from satsuma.datatune.execution import Execution, Graft, RowItem, Way
from satsuma.datatune.expansion import Expanded
from satsuma.datatune.finding import Chosen
from satsuma.datatune.options import TransformOptions
from satsuma.datatune.placing import place_of
from satsuma.datatune.planning import make_plan
from satsuma.datatune.program_choice import ROWS, SAMPLE, choose
from satsuma.datatune.program_execution import ProgramExecution
from satsuma.datatune.program_runs import Programs
from satsuma.datatune.program_samples import Sampler
from satsuma.datatune.programming import write_program
from satsuma.datatune.reranking import choose_configuration
from satsuma.errors import ExtraError, SourceError
from satsuma.llm.ask import Unanswered
from satsuma.remote.staging import said
from satsuma.run.state import plain_json
from satsuma.run.transformed import DatasetUse
from satsuma.sources.places import parts
from satsuma.sources.rows import Row
from satsuma.sources.show import shown_row
from satsuma.sources.source import Place, Source, open_source
from satsuma.task.card import Card
from satsuma.task.outputs import ALL, Asked

PLANNED = 5
"""Rows that the choice of columns and the plan see."""
CONFIGURATIONS = 12
"""Configurations of a dataset that are looked into."""
_PEEK = 200
"""Rows that are read of a configuration that is only looked into."""


@dataclass(frozen=True, slots=True)
class Kit:
    """What every dataset of a run is made ready with. programs: None where only the model carries out plans."""

    asks: Asks
    card: Card
    options: TransformOptions
    programs: Programs | None
    seed: int


@dataclass(frozen=True, slots=True)
class Dataset:
    """An opened dataset as a transformation reads it. columns: the chosen ones."""

    source: Source
    columns: tuple[str, ...]
    seed: int
    name: str

    def item(self, index: int, row: Row, asked: Asked) -> RowItem:
        """Row `index`, which is to become what is asked."""
        sample = Sampler(self.seed, index, len(self.source), self.source.good)
        chosen = {name: row.get(name) for name in self.columns}
        return RowItem(index, chosen, asked, f"{self.name} / row {index}", sample)

    def first(self, count: int) -> list[RowItem]:
        """The first rows in the order of chance that can be read, to try programs on."""
        return [
            self.item(index, row, Asked(ALL, self.seed, index)) for index, row in self.source.sample(self.seed, count)
        ]


@dataclass(frozen=True, slots=True)
class Ready:
    """A dataset whose rows can be transformed, and who does it.

    keys: of the requests that led here; without those of the comparison, which made nothing of what an instance is.
    """

    dataset: Dataset
    way: Way
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Use:
    """What became of making a dataset ready: it is, or `told.left` says why it is not."""

    told: DatasetUse
    ready: Ready | None = None


async def made_ready(kit: Kit, chosen: Chosen, expanded: Expanded) -> Use:
    """Make a dataset ready."""
    entry = chosen.entry
    told = DatasetUse(name=entry.name, licence=entry.licence or entry.licence_text, votes=chosen.votes)
    source: Source | None = None
    try:
        source = await asyncio.to_thread(open_source, await _place(kit, entry), gated=kit.options.gated)
        told = _opened(told, source)
        return await _planned(kit, told, entry, source, expanded)
    except BaseException as error:
        if source is not None:
            source.close()
        if isinstance(error, SourceError | ExtraError):
            return Use(told.model_copy(update={"left": said(error.message)}))
        if isinstance(error, Unanswered):
            return Use(told.model_copy(update={"left": error.reason}))
        raise


def _opened(told: DatasetUse, source: Source) -> DatasetUse:
    place = source.place
    return told.model_copy(
        update={
            "configuration": place.configuration or "",
            "split": place.split or "",
            "rows": len(source),
            "notes": source.notes,
        }
    )


async def _place(kit: Kit, entry: Entry) -> Place:
    """Where its rows lie; of several configurations, the one that is voted for."""
    place = place_of(entry)
    names = await asyncio.to_thread(_configurations, entry, place)
    if len(names) < 2:
        return place
    shown = await asyncio.to_thread(_looked_into, place, names, kit)
    if len(shown) < 2:
        return replace(place, configuration=next(iter(shown), None))
    votes = kit.options.rerank_votes
    chosen = await choose_configuration(kit.asks, kit.card, entry.name, shown, votes=votes)
    return replace(place, configuration=chosen.name)


def _configurations(entry: Entry, place: Place) -> list[str]:
    if entry.loading.kind != "files":
        return list(entry.loading.configs)[:CONFIGURATIONS]
    found = parts(Path(place.where), place.files)
    return list(dict.fromkeys(part.configuration for part in found))[:CONFIGURATIONS]


def _looked_into(place: Place, names: list[str], kit: Kit) -> dict[str, tuple[str, ...]]:
    """Configuration → a few of its rows, for those that can be opened."""
    found: dict[str, tuple[str, ...]] = {}
    for name in names:
        try:
            with open_source(replace(place, configuration=name), gated=kit.options.gated, rows=_PEEK) as source:
                found[name] = tuple(shown_row(row) for _, row in source.sample(kit.seed, 3))
        except SourceError:
            continue
    return found


async def _planned(kit: Kit, told: DatasetUse, entry: Entry, source: Source, expanded: Expanded) -> Use:
    asks, card, about = kit.asks, kit.card, entry.description
    rows = [row for _, row in source.sample(kit.seed, PLANNED)]
    columns = await choose_columns(asks, card, expanded, source.columns, rows, about=about, path=entry.name)
    plan = await make_plan(asks, card, expanded, columns, source.columns, rows, about, path=entry.name)
    told = told.model_copy(update={"inputs": columns.inputs, "output": columns.output or "", "plan": plan.text})
    graft = Graft.of(asks, card, expanded, plan)
    model = Execution(graft)
    dataset = Dataset(source, columns.names, kit.seed, entry.name)
    keys = (*columns.keys, *plan.keys)
    if kit.programs is None:
        return Use(told.model_copy(update={"by": "model"}), Ready(dataset, model, keys))
    return await _programmed(kit, kit.programs, told, graft, Ready(dataset, model, keys))


async def _programmed(kit: Kit, programs: Programs, told: DatasetUse, graft: Graft, ready: Ready) -> Use:
    """With the program in the model's place, if it is good enough; or asked for, whatever it is."""
    dataset = ready.dataset
    columns = [column for column in dataset.source.columns if column.name in dataset.columns]
    items = dataset.first(ROWS)
    written = await write_program(graft, programs, columns, items[:SAMPLE], dataset.name)
    told = told.model_copy(update={"program": written.text})
    ready = replace(ready, keys=(*ready.keys, *written.keys))
    if written.program is None:
        why = f"no program could be used: {'; '.join(written.failures[:2])}"
        if kit.options.execute == "program":
            return Use(told.model_copy(update={"left": why}))
        return Use(told.model_copy(update={"by": "model", "notes": (*told.notes, why)}), ready)
    if kit.options.execute == "program":
        way = ProgramExecution(graft, programs, written.program)
        return Use(told.model_copy(update={"by": "program"}), replace(ready, way=way))
    choice = await choose(graft, programs, columns, items, dataset.name, written, ready.way)
    told = told.model_copy(
        update={
            "program": choice.written.text,
            "comparison": plain_json(choice.comparison.model_dump()),
            "comparison_before": plain_json(choice.before.model_dump()) if choice.before else None,
            "by": choice.comparison.verdict,
        }
    )
    return Use(told, replace(ready, way=choice.way or ready.way, keys=(*ready.keys, *choice.keys)))
