"""Searching an opened catalog: the best entries for a text, each with the reason why.

Scores are compared after rounding to four digits, and ties go to the entry that comes first: the last bits of a matrix
product depend on the machine, and the order of an answer must not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import orjson

from satsuma.catalog.dense import Dense
from satsuma.catalog.entry import Entry, entry_from
from satsuma.catalog.filters import Wanted
from satsuma.catalog.fusion import COMPUTED, ESTIMATED
from satsuma.catalog.index import Recipe
from satsuma.catalog.lexical import Lexical
from satsuma.catalog.licences import TERMS, terms_pass
from satsuma.embedding.embedder import Embedder, Floats
from satsuma.embedding.threads import one_thread
from satsuma.errors import SettingsError

By = Literal["both", "meaning", "words"]
WAYS: tuple[By, ...] = get_args(By)
CANDIDATES = 25
"""How many datasets a search proposes; the number that DataTune's reranking sees."""
_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Hit:
    """A dataset that a search found.

    score: the higher the better; comparable within one search. meaning: the cosine (0 without a dense index). words:
    the part of the query that its words cover, 0 to 1. matched: those words, the weightiest first.
    """

    entry: Entry
    score: float
    meaning: float
    words: float
    matched: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Catalog:
    """An opened catalog. place, recipe: its index and what that was made of."""

    place: Path
    recipe: Recipe
    embedder: Embedder | None
    lexical: Lexical
    dense: Dense | None
    cards: Floats
    ends: Floats
    gated: Floats
    terms: Floats

    def __len__(self) -> int:
        return len(self.ends)

    def search(
        self,
        query: str | Sequence[str],
        k: int = CANDIDATES,
        *,
        wanted: Wanted = Wanted(),  # noqa: B008 - frozen
        by: By = "both",
    ) -> list[Hit]:
        """The best entries, best first; fewer than k if fewer are allowed.

        query: a text, or several that say the same (a task and the ideal dataset for it), which count alike. by:
        meaning and words, or one of the two alone.

        Raises:
            SettingsError: the query is blank, or is to be searched by meaning without an embedder.
        """
        texts = [query] if isinstance(query, str) else list(query)
        if not any(text.strip() for text in texts):
            raise SettingsError("the query is blank", "Say in a sentence what data you need.")
        with one_thread():
            cosines, coverage = self._scores([text for text in texts if text.strip()], by)
        blend = ESTIMATED if self.recipe.sample else COMPUTED
        scores = blend(cosines, coverage) if by == "both" and self.dense else cosines + coverage
        scores = np.where(self._allowed(wanted), np.round(scores.astype(np.float64), _DIGITS), -np.inf)
        best = _first(scores, k)
        matched = self.lexical.matched("\n".join(texts), best)
        return [
            Hit(self.entry(i), float(scores[i]), float(cosines[i]), float(coverage[i]), words)
            for i, words in zip(best, matched, strict=True)
        ]

    def entry(self, index: int) -> Entry:
        """The dataset card at a position."""
        start = int(self.ends[index - 1]) if index else 0
        return entry_from(orjson.loads(self.cards[start : int(self.ends[index])].tobytes()))

    def _scores(self, texts: Sequence[str], by: By) -> tuple[Floats, Floats]:
        """Cosines and coverages; zeros for what is not searched by."""
        cosines = coverage = np.zeros(len(self), dtype=np.float32)
        if by != "words" and self.dense and self.embedder:
            cosines = self.dense.cosines(self.embedder.embed(texts))
        elif by == "meaning":
            raise SettingsError("this catalog was opened without an embedder", "Search it by words: --by words")
        if by != "meaning":
            coverage = np.mean([self.lexical.coverage(text) for text in texts], axis=0, dtype=np.float32)
        return cosines, coverage

    def _allowed(self, wanted: Wanted) -> Floats:
        allowed = np.array([terms_pass(terms, wanted.licence) for terms in TERMS])[self.terms]
        return allowed if wanted.gated else allowed & ~self.gated


def _first(scores: Floats, k: int) -> list[int]:
    """The positions of the k highest scores, ties in order; without those that are not allowed."""
    if k < len(scores):
        least = np.partition(scores, len(scores) - k)[len(scores) - k]
        among = np.flatnonzero(scores >= least)
    else:
        among = np.arange(len(scores))
    ranked = among[np.argsort(-scores[among], kind="stable")][: max(k, 0)]
    return [int(i) for i in ranked if scores[i] > -np.inf]
