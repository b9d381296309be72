"""Search by words: BM25 (Robertson et al. 1994; the library bm25s, which scores when it indexes).

A word is two or more letters or digits, in lower case, without English stop words, and stemmed (Snowball, English). A
score is told as *coverage*: the part of what a document could get for this query if it had each of its words as often
as the best document for that word; a word that nothing has counts as the rarest. So coverage is between 0 and 1, and
the same for every query that is answered in full.

The index is a few arrays that are mapped, not read. Not covered: languages without spaces, synonyms (the dense part).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from satsuma.embedding.embedder import Floats

if TYPE_CHECKING:
    from bm25s import BM25
    from Stemmer import Stemmer

K1 = 1.2
B = 0.75
_WORD = re.compile(r"[^\W_]{2,}")
_LONGEST = 40
"""Characters of a word; what is longer is no word that anybody types."""
PEAKS = "peaks.npy"


@dataclass(frozen=True, slots=True)
class Lexical:
    """The index. peaks: the best score that each word gives."""

    bm25: BM25
    peaks: Floats

    def coverage(self, text: str) -> Floats:
        """How much of the query each document covers, 0 to 1; shape (documents,)."""
        stems = list(stemmed(text))
        known = [self.bm25.vocab_dict[s] for s in stems if s in self.bm25.vocab_dict]
        most = float(self.peaks[known].sum()) + float(self.peaks.max(initial=0)) * (len(stems) - len(known))
        if not known or most <= 0:
            return np.zeros(self.bm25.scores["num_docs"], dtype=np.float32)
        scores: Floats = self.bm25.get_scores_from_ids(known)
        return scores / np.float32(most)

    def matched(self, text: str, documents: Sequence[int]) -> list[tuple[str, ...]]:
        """The words of the query that each of these documents has, those that weigh most first."""
        found: list[list[str]] = [[] for _ in documents]
        starts, rows = self.bm25.scores["indptr"], self.bm25.scores["indices"]
        known = [(self.bm25.vocab_dict[s], word) for s, word in stemmed(text).items() if s in self.bm25.vocab_dict]
        wanted = np.full(self.bm25.scores["num_docs"], -1, dtype=np.int32)
        wanted[list(documents)] = np.arange(len(documents))
        for number, word in sorted(known, key=lambda pair: (-float(self.peaks[pair[0]]), pair[1])):
            positions = wanted[rows[starts[number] : starts[number + 1]]]
            for position in positions[positions >= 0]:
                found[position].append(word)
        return [tuple(words) for words in found]


def build_lexical(texts: Iterable[str], folder: Path) -> None:
    """Write the index of texts into a folder that exists."""
    from bm25s import BM25

    vocabulary: dict[str, int] = {}
    documents = [[vocabulary.setdefault(s, len(vocabulary)) for s in stems_of(text)] for text in texts]
    if not vocabulary:  # the library wants a word
        vocabulary["\0"] = 0
        documents[0] = [0]
    bm25 = BM25(k1=K1, b=B, method="lucene")
    bm25.index((documents, vocabulary), show_progress=False)
    bm25.save(folder, show_progress=False)
    starts, scores = bm25.scores["indptr"], bm25.scores["data"]
    filled = np.flatnonzero(np.diff(starts))
    peaks = np.zeros(len(starts) - 1, dtype=np.float32)
    peaks[filled] = np.maximum.reduceat(scores, starts[filled]) if filled.size else 0
    np.save(folder / PEAKS, peaks)


def open_lexical(folder: Path) -> Lexical:
    """The index that `build_lexical` wrote."""
    from bm25s import BM25

    return Lexical(BM25.load(folder, mmap=True, show_progress=False), np.load(folder / PEAKS, mmap_mode="r"))


def stemmed(text: str) -> dict[str, str]:
    """The different stems of a text's words, in order, each with the first word that has it."""
    words = _words(text)
    found: dict[str, str] = {}
    for stem, word in zip(_stemmer().stemWords(words), words, strict=True):
        found.setdefault(stem, word)
    return found


def stems_of(text: str) -> list[str]:
    """The stems of a text's words, in order, as often as they occur."""
    found: list[str] = _stemmer().stemWords(_words(text))
    return found


def _words(text: str) -> list[str]:
    stop = _stop_words()
    return [w for w in _WORD.findall(text.lower()) if w not in stop and len(w) <= _LONGEST]


@lru_cache(maxsize=1)
def _stop_words() -> frozenset[str]:
    from bm25s.stopwords import STOPWORDS_EN_PLUS

    return frozenset(STOPWORDS_EN_PLUS)


@lru_cache(maxsize=1)
def _stemmer() -> Stemmer:
    from Stemmer import Stemmer

    return Stemmer("english")
