"""The public functions `satsuma.search` and `satsuma.shortlist`. Loading them loads none of the rooms behind them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

if TYPE_CHECKING:
    from satsuma.catalog.dense import Tell
    from satsuma.catalog.filters import Wanted
    from satsuma.catalog.licences import LicenceFilter
    from satsuma.catalog.searching import By, Hit
    from satsuma.datatune.finding import Found
    from satsuma.datatune.options import TransformKeywords
    from satsuma.progress import Progress
    from satsuma.remote.staging import Staging
    from satsuma.task.card import Card


def search(
    query: Card | str | Path | Mapping[str, object],
    *,
    catalog: str | Path,
    k: int = 25,
    by: By = "both",
    licence: LicenceFilter = "any",
    gated: bool = False,
    embedder: str = "auto",
) -> list[Hit]:
    """The k datasets of a catalog that fit a text or a task card, best first (docs/catalog.md). No model is asked.

    catalog: JSON Lines of dataset cards, or a folder of data files. by: what is compared. licence, gated: which may be
    found. embedder: `auto`, `minilm`, `static`, or a sentence-transformers model.

    Raises:
        DataError: the catalog cannot be read.
        CardError: the card cannot be read.
        ExtraError: a package is not installed.
        SettingsError: there is no such embedder.
    """
    from satsuma.catalog.filters import Wanted

    return found_in(query, catalog, k, Wanted(gated=gated, licence=licence), by=by, embedder=embedder)[0]


def found_in(
    query: Card | str | Path | Mapping[str, object],
    catalog: str | Path,
    k: int,
    wanted: Wanted,
    *,
    by: By,
    embedder: str,
    tell: Tell | None = None,
) -> tuple[list[Hit], int]:
    """What `search` finds, and of how many datasets.

    wanted: which may be found. tell: is told how far the embedding is.

    Raises:
        SatsumaError: as `search`.
    """
    from satsuma.catalog.index import NONE
    from satsuma.catalog.opening import open_catalog
    from satsuma.remote.staging import staging

    text = searched_for(query)
    with staging() as here:
        opened = open_catalog(here(catalog), embedder=NONE if by == "words" else embedder, tell=tell)
        return list(opened.search(text, k, wanted=wanted, by=by)), len(opened)


def shortlist(
    card: Card | str | Path | Mapping[str, object],
    *,
    model: str,
    out: str | Path | None = None,
    progress: Progress | None = None,
    **options: Unpack[TransformKeywords],
) -> Found:
    """The datasets that `transform` would use for a card, best first, with votes and reasons.

    model, out, progress, options: as for `transform`, which in the same directory asks nothing of it again.

    Raises:
        SatsumaError: what is wrong and what to do; the same call goes on.
    """
    from satsuma.datatune.options import split
    from satsuma.datatune.proposing import propose
    from satsuma.door import enter
    from satsuma.progress import Silent
    from satsuma.remote.staging import staging
    from satsuma.settings import Settings
    from satsuma.task.loader import load_card

    loaded, shown = load_card(card), progress or Silent()
    place = transformed_at(loaded, out)
    with staging() as here:
        wanted, rest = split(fetched(options, here))
        settings = Settings(n=1, model=model, **rest).with_models_of(loaded.models)
        return enter(lambda interrupts: propose(loaded, settings, wanted, place, shown, interrupts))


def fetched(options: TransformKeywords, here: Staging) -> TransformKeywords:
    """The same options with places on this machine; names of catalogs and of the hub stay as they are."""
    made = options.copy()
    if "catalog" in made:
        made["catalog"] = here(made["catalog"])
    if "datasets" in made:
        made["datasets"] = tuple(str(here(name)) for name in made["datasets"])
    return made


def searched_for(query: Card | str | Path | Mapping[str, object]) -> str:
    """What a card is for: the card of a built-in name, of a YAML file, or as it is given; any other text as it stands.

    Raises:
        CardError: the card cannot be read.
    """
    from satsuma.task.builtin import builtin_names
    from satsuma.task.loader import load_card

    if isinstance(query, str) and query not in builtin_names() and not query.endswith((".yaml", ".yml")):
        return query
    return load_card(query).task


def transformed_at(card: Card, out: str | Path | None) -> Path:
    """The directory of a transformation: `out`, or one that is named after the card."""
    return Path(out) if out is not None else Path("runs") / f"{card.name}-transformed"
