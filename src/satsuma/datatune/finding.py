"""DataTune's first two modules, joined: which datasets are used, in which order.

    ideal dataset (one question) → search → rerank (votes) → configuration (votes, where there are several)

With datasets that the user names, nothing is searched and nobody votes. What cannot be opened is found out when its
turn comes (`using.py`). A frozen benchmark is refused where it is named, and passed over where it lies in a catalog.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from satsuma.catalog.entry import Entry, Loading
from satsuma.catalog.filters import Dropped, Wanted, scruple
from satsuma.catalog.ideal import ideal_dataset
from satsuma.datatune.asking import Asks
from satsuma.datatune.options import CANDIDATES, TransformOptions
from satsuma.datatune.reranking import candidate_of, rerank
from satsuma.errors import DataError, SettingsError
from satsuma.llm.ask import Unanswered
from satsuma.run.frozen import is_frozen, refuse_frozen
from satsuma.sources.source import HUB
from satsuma.task.card import Card

TRANSFORMED = "transformed into data to train on"
"""What a frozen benchmark must never be."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A dataset that is to be used. votes: that it got; 0 where the user named it. reason: of the vote that counts."""

    entry: Entry
    votes: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What the search and the votes came to; `run.transformed.Transformed` says what the fields are."""

    chosen: tuple[Chosen, ...]
    queries: tuple[str, ...] = ()
    candidates: tuple[str, ...] = ()
    none: int = 0
    discarded: int = 0
    keys: tuple[str, ...] = field(default=())


async def find(asks: Asks, card: Card, options: TransformOptions) -> Found:
    """The datasets to use, best first.

    Raises:
        SettingsError, DataError, ExtraError, ModelError: the catalog or a dataset that was named cannot be used, or is
            a frozen benchmark.
    """
    if options.datasets:
        return Found(tuple(Chosen(entry) for entry in await asyncio.to_thread(_named, options)))
    queries, asked = await _queries(asks, card)
    entries = await asyncio.to_thread(_searched, queries, options)
    candidates = [candidate_of(entry) for entry in entries]
    ranking = await rerank(asks, card, candidates, votes=options.rerank_votes, most=options.most)
    by_name = {entry.name: entry for entry in entries}
    return Found(
        chosen=tuple(Chosen(by_name[ranked.name], ranked.votes, ranked.reason) for ranked in ranking.chosen),
        queries=tuple(queries),
        candidates=tuple(by_name),
        none=ranking.none,
        discarded=ranking.discarded,
        keys=(*asked, *ranking.keys),
    )


async def _queries(asks: Asks, card: Card) -> tuple[Sequence[str], tuple[str, ...]]:
    try:
        ideal = await ideal_dataset(asks, card)
    except Unanswered as no:
        return (card.task,), no.keys
    return ideal.value.queries(card.task), ideal.keys


def _searched(queries: Sequence[str], options: TransformOptions) -> list[Entry]:
    """The entries that the search proposes, each name once."""
    from satsuma.catalog.opening import open_catalog

    catalog = open_catalog(options.catalog, embedder=options.embedder)
    wanted = Wanted(gated=options.gated, licence=options.licence)
    hits = catalog.search(queries, CANDIDATES, wanted=wanted)
    found = list({hit.entry.name: hit.entry for hit in reversed(hits)}.values())[::-1]
    return [entry for entry in found if not any(is_frozen(path) for path in _files_of(entry))]


def _files_of(entry: Entry) -> list[Path]:
    """Where an entry's rows lie on this machine."""
    loading = entry.loading
    if loading.kind != "files":
        return []
    return [Path(loading.place, name) for name in loading.files] or [Path(loading.place)]


def _named(options: TransformOptions) -> list[Entry]:
    """The entries of the datasets that the user named: places, or names in the catalog."""
    wanted = Wanted(gated=options.gated, licence=options.licence)
    entries = [_place(name) or _in_catalog(name, options) for name in options.datasets]
    refuse_frozen((path for entry in entries for path in _files_of(entry)), TRANSFORMED)
    for entry in entries:
        if why := scruple(entry, wanted):
            raise SettingsError(f"the dataset {entry.name} {why}", "Name another one, or allow it.")
    return entries


def _place(name: str) -> Entry | None:
    """A file, a folder or a repository of the hub; None for what is none of these."""
    if name.startswith(HUB):
        where, _, revision = name.removeprefix(HUB).partition("@")
        return Entry(where, "", loading=Loading("hub", where, revision=revision))
    path = Path(name).expanduser()
    if not path.exists():
        return None
    if path.is_dir():
        from satsuma.catalog.folder import entries_of_folder

        found = [one for one in entries_of_folder(path) if not isinstance(one, Dropped)]
        if len(found) == 1:
            return found[0]
    return Entry(path.name, "", loading=Loading("files", str(path)))


def _in_catalog(name: str, options: TransformOptions) -> Entry:
    from satsuma.catalog.building import entries_of

    if options.catalog:
        for entry in entries_of(Path(options.catalog).expanduser()):
            if isinstance(entry, Entry) and entry.name == name:
                return entry
        raise DataError(f"{options.catalog} has no dataset {name}", "`satsuma search` shows the names that there are.")
    raise DataError(f"there is no dataset {name}", "Name a file, a folder, hf:OWNER/NAME, or the catalog that has it.")
