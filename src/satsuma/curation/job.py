"""Curation, from a dataset to a new one: the steps, the splits, and a directory of its own that says what was done.

The dataset itself is never changed. A run becomes a run (its journal is copied, so that every instance can still be
traced), anything else a folder with `data/`, `rejects.parquet` and a README.md that the hub understands. The same
dataset with the same options gives the same bytes; a result that is there already is left as it is.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from satsuma.curation.dividing import divided
from satsuma.curation.mislabelled import check_installed
from satsuma.curation.population import Population, counted_splits, read_population
from satsuma.curation.record import digest, load_record, save_folder, save_record, save_run
from satsuma.curation.steps import Work, carry_out, strata, threshold_of
from satsuma.curation.writing import FLAGS, LEAKS, Writing
from satsuma.errors import DataError, RunError
from satsuma.reading.dataset import Dataset, Selection, open_dataset
from satsuma.remote.staging import as_told
from satsuma.run.curated import Curated
from satsuma.run.directory import RunDirectory
from satsuma.run.frozen import refuse_frozen
from satsuma.run.placing import check_place, made, neighbour
from satsuma.sources.places import parts

if TYPE_CHECKING:
    from satsuma.curation.options import Options
    from satsuma.llm.request import Json
    from satsuma.run.run import Run


@dataclass(frozen=True, slots=True)
class Curation:
    """A curated dataset. path: its directory. record: what was done. known: it was there already, and was left."""

    path: Path
    record: Curated
    known: bool = False

    def leaks(self) -> list[dict[str, Json]]:
        """Every hit: the instance's `id` and `index`, the `set` and `row` that it hits, `how`, `likeness`, `shared`."""
        return _lines(self.path / LEAKS)

    def flags(self) -> list[dict[str, Json]]:
        """The labels that look wrong: `id`, `index`, `label`, `suggested`, `confidence`, `removed`; surest first."""
        return _lines(self.path / FLAGS)

    def run(self) -> Run:
        """The result as a run.

        Raises:
            RunError: it is none, since the dataset was none.
        """
        from satsuma.run.run import Run

        return Run(self.path)


def curate_dataset(where: str | Path, out: str | Path | None, selection: Selection, options: Options) -> Curation:
    """Curate the dataset at a path. out: the new directory; `NAME-curated` beside the dataset where left out.

    Raises:
        DataError: something is no dataset, or nothing of it would be left.
        ExtraError: a package that a step needs is not installed.
        RunError: `out` holds something else, or cannot be written.
        SettingsError: it is a frozen benchmark.
    """
    refuse_frozen([where], "curated into data to train on")
    source = Path(where).expanduser()
    dataset = open_dataset(where, selection)
    place = Path(out).expanduser() if out is not None else neighbour(source, f"{_stem(source)}-curated")
    data = digest(_files(source, selection))
    settings = _settings(dataset, selection, options)
    known = load_record(place)
    if known is not None and (known.data, known.settings) == (data, settings):
        return Curation(place, known, known=True)
    if known is not None:
        raise RunError(f"{place} holds another curation, of {known.source}", "Name another directory with -o.")
    check_place(place, source)
    if options.noise != "off":
        check_installed()
    population = read_population(dataset, source, options.group)
    with _joined(options.ray):
        work = carry_out(population, options, dataset.card, selection.text)
    if not work.left:
        raise DataError(f"nothing of {where} would be left", "Leave a step out, or change its threshold.")
    writing = Writing(source, dataset, population, work, _split(population, work, options))
    with made(place) as part:
        writing.write(part)
        record = _saved(part, _record(writing, options, data, settings), writing)
    return Curation(place, record)


def _joined(ray: str) -> AbstractContextManager[None]:
    """Be part of a cluster for all steps, which would else join it one by one."""
    if not ray:
        return nullcontext()
    from satsuma.cluster.joining import joined

    return joined(ray)


def _saved(part: Path, record: Curated, writing: Writing) -> Curated:
    """Write what the result says of itself; returns the record as curation.json has it."""
    if writing.is_run:
        source, copy = RunDirectory(writing.source), RunDirectory(part)
        source.copy_journal(copy)
        before = source.load_state()
        if before is None:
            raise RunError(f"{source.path}: its run.json went away", "Curate it again.")
        save_run(copy, before, record)
    else:
        save_folder(part, record, f"{_stem(writing.source)}, curated")
    whole = record.model_copy(update={"files": RunDirectory(part).hashes()})
    save_record(part, whole)
    return whole


def _split(population: Population, work: Work, options: Options) -> dict[int, str]:
    """Place of an instance that stays → its split."""
    left = work.left
    if not options.splits:
        return {place: population.splits[place] if population.splits else "train" for place in left}
    members = [population.members[place] for place in left]
    names = divided([member.group for member in members], strata(members), options.splits, options.seed)
    return dict(zip(left, names, strict=True))


def _record(writing: Writing, options: Options, data: str, settings: dict[str, Json]) -> Curated:
    members, work = writing.population.members, writing.work
    before = RunDirectory(writing.source).load_state() if writing.is_run else None
    earlier = before.curated.number if before is not None and before.curated is not None else 0
    order = [name for name in ("train", "validation", "test") if name in {*options.splits, *writing.counts}]
    notes = [f"{name} has no instance: the groups are too large" for name in order if name not in writing.counts]
    splits = {name: dict(sorted(writing.counts[name].items())) for name in order if name in writing.counts}
    return Curated(
        source=as_told(writing.source),
        data=data,
        settings=settings,
        instances=len(members),
        kept=len(work.left),
        steps=tuple(work.steps),
        splits={name: _shown(counts) for name, counts in splits.items()},
        groups=len({members[place].group for place in work.left}) if options.splits else 0,
        notes=(*writing.dataset.notes, *notes),
        number=earlier + 1,
    )


LABELS = 200
"""Labels that are counted one by one; a dataset of more has free texts for labels."""


def _shown(counts: dict[str, int]) -> dict[str, int]:
    return counts if len(counts) <= LABELS else {"": sum(counts.values())}


def _settings(dataset: Dataset, selection: Selection, options: Options) -> dict[str, Json]:
    """All that decides the result, besides the dataset."""
    from satsuma.run.identity import fingerprint

    return {
        "card": fingerprint(dataset.card) if dataset.card is not None else None,
        "text": list(selection.text),
        "label": selection.label,
        "split": selection.split,
        "against_eval": {as_told(path): digest(_files(path, Selection())) for path in options.against_eval},
        "duplicates": options.duplicates,
        "threshold": threshold_of(options, dataset.card) if options.duplicates not in ("off", "exact") else None,
        "noise": options.noise,
        "embedder": options.embedder if options.noise != "off" or options.duplicates == "embedding" else None,
        "balance": options.balance,
        "splits": dict(options.splits),
        "group": options.group,
        "seed": options.seed,
    }


def _files(source: Path, selection: Selection) -> dict[str, Path]:
    """The files of a dataset that are read, by names that do not depend on where it lies."""
    if not source.exists():
        raise DataError(f"{source}: there is no such file or directory", "Name a file, a folder or a run.")
    if (source / "run.json").is_file():
        return {name: RunDirectory(source).data_path(name) for name, _ in counted_splits(source)}
    if source.is_file():
        return {"": source}
    wanted = [part for part in parts(source) if selection.split in (None, part.split)]
    return {file.relative_to(source).as_posix(): file for part in wanted for file in part.files}


def _stem(source: Path) -> str:
    return source.resolve().stem if source.is_file() else source.resolve().name


def _lines(path: Path) -> list[dict[str, Json]]:
    if not path.is_file():
        return []
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]
