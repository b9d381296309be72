"""The index of a catalog, found or built.

Which embedder: up to `EXACT` descriptions each goes through MiniLM; above that, MiniLM embeds `SAMPLE` of them and the
rest is estimated (`satsuma.embedding.fitting`), which makes an hour minutes. Both are settings of the index.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from satsuma.catalog.building import Sieve, entries_of
from satsuma.catalog.dense import Tell, embedded, known_vectors, open_dense, shortened, write_dense
from satsuma.catalog.entry import Entry
from satsuma.catalog.filters import Wanted
from satsuma.catalog.index import NONE, Recipe, earlier, fingerprint, finish, home_of
from satsuma.catalog.lexical import build_lexical, open_lexical
from satsuma.catalog.licences import TERMS, terms_of
from satsuma.catalog.opening import AUTO
from satsuma.catalog.searching import Catalog
from satsuma.embedding.embedder import Embedder, Floats
from satsuma.embedding.fitting import fitted, sampled
from satsuma.embedding.opening import MINILM, open_embedder, open_minilm
from satsuma.embedding.wordtable import open_table
from satsuma.errors import DataError
from satsuma.run.atomic import writing

EXACT = 5_000
"""Descriptions up to which `auto` embeds each of them."""
SAMPLE = 3_000
"""Descriptions that are embedded in a larger catalog."""
_LINE_FEED = b"\n"


def found_or_built(path: Path, embedder: str, tell: Tell) -> Catalog:
    """The catalog at a path that exists, with its index.

    Raises:
        DataError: it is not a catalog.
        ExtraError: a package is not installed.
        ModelError: the embedder cannot be loaded.
        RunError: the index cannot be written.
    """
    opened = None if embedder == NONE else open_embedder(MINILM if embedder == AUTO else embedder)
    exact = Recipe(fingerprint(path), opened.identity if opened else NONE)
    recipes = [exact]
    if embedder == AUTO:
        recipes.append(Recipe(exact.catalog, exact.embedder, SAMPLE))
    home = home_of(path)
    for recipe in recipes:
        if (found := _whole(home / recipe.key(), recipe, opened)) is not None:
            return found
    return _built(path, home, recipes, opened, tell)


def _whole(place: Path, recipe: Recipe, embedder: Embedder | None) -> Catalog | None:
    """The index at a place; None if there is none. A damaged one is removed: it can be made again."""
    if not place.is_dir():
        return None
    try:
        return _opened(place, recipe, embedder)
    except (OSError, ValueError, KeyError, EOFError):
        shutil.rmtree(place, ignore_errors=True)
        return None


def _built(path: Path, home: Path, recipes: Sequence[Recipe], embedder: Embedder | None, tell: Tell) -> Catalog:
    entries = list(Sieve(Wanted(gated=True)).kept(entries_of(path)))
    if not entries:
        raise DataError(f"{path} has no dataset that could be found by its description")
    recipe = recipes[0] if len(entries) <= EXACT else recipes[-1]
    part = home / f".{recipe.key()}.{os.getpid()}"
    with writing(home):
        home.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(part, ignore_errors=True)
        (part / "words").mkdir(parents=True)
        try:
            _write_entries(part, entries)
            build_lexical((_searched(e) for e in entries), part / "words")
            if embedder is not None:
                _write_vectors(part, home, recipe, embedder, entries, tell)
            place = finish(part, home, recipe)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return _opened(place, recipe, embedder)


def _searched(entry: Entry) -> str:
    """What of a card is searched by its words."""
    return " ".join([entry.name, entry.description, *entry.tags, *(c.name for c in entry.columns)])


def _write_entries(part: Path, entries: Sequence[Entry]) -> None:
    ends = []
    with (part / "entries.jsonl").open("wb") as file:
        for entry in entries:
            file.write(entry.line() + _LINE_FEED)
            ends.append(file.tell())
    np.save(part / "ends.npy", np.array(ends, dtype=np.int64))
    np.save(part / "gated.npy", np.array([e.gated for e in entries], dtype=np.bool_))
    np.save(part / "terms.npy", np.array([TERMS.index(terms_of(e.licence)) for e in entries], dtype=np.uint8))


def _write_vectors(
    part: Path, home: Path, recipe: Recipe, embedder: Embedder, entries: Sequence[Entry], tell: Tell
) -> None:
    texts = [shortened(e.description) for e in entries]
    if recipe.sample:
        vectors = _estimated(texts, recipe.sample, tell)
    else:
        known: dict[bytes, Floats] = {}
        for folder in earlier(home, recipe):
            known |= known_vectors(folder)
        vectors = embedded(embedder.embed, texts, known, tell)
    write_dense(part, vectors, texts)


def _estimated(texts: Sequence[str], sample: int, tell: Tell) -> Floats:
    """Vectors that are estimated from those of a sample."""
    embedder = open_minilm()
    chosen = sampled(texts, sample)
    estimator = fitted(open_table(embedder), texts, chosen, embedded(embedder.embed, chosen, {}, tell))
    return estimator.embed(texts)


def _opened(place: Path, recipe: Recipe, embedder: Embedder | None) -> Catalog:
    return Catalog(
        place=place,
        recipe=recipe,
        embedder=embedder,
        lexical=open_lexical(place / "words"),
        dense=open_dense(place) if embedder is not None else None,
        cards=np.memmap(place / "entries.jsonl", dtype=np.uint8, mode="r"),
        ends=np.load(place / "ends.npy"),
        gated=np.load(place / "gated.npy"),
        terms=np.load(place / "terms.npy"),
    )
