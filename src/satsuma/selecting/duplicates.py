"""Duplicates: the same words, or nearly the same.

Exact: the same words, whatever the case, spacing and punctuation. Near: a ROUGE-L of at least the card's threshold
(`near.py`), found exactly among the first `EXACT` texts, and nearly always among more. Whichever it is, a text is
judged against every earlier valid one that is not itself a duplicate, whether it had room in the dataset or not, so
that the verdict does not depend on n.

`Duplicates` is the seam: whatever else should decide what says nothing new (an embedder, where a run is set to use
one) is an object with `first`, handed to `Selection`. Its verdict may depend on the texts before, in index order, and
on nothing else; as it decides what the data is, it has to be a setting that run.json records.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from satsuma.selecting.near import NearTexts
from satsuma.selecting.rouge import words

EXACT = 16_384
"""Texts among which every near-duplicate is found. Among more, nearly every one, in a time that does not grow."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """What a text is a duplicate of: the index of the earlier candidate, and in which way.

    reason: names the candidate and what makes them alike; what stands before its first colon is counted in run.json.
    """

    index: int
    reason: str


class Duplicates(Protocol):
    """Decides which texts say nothing new; it is asked once for each valid text, in index order."""

    def first(self, text: str, index: int, own: str = "") -> Earlier | None:
        """The earliest text that this one is a duplicate of; None if it is new, and is remembered from now on.

        own: the part that is this text's own where it shares the rest with others on purpose, so that it is a
        duplicate only if this part is one; empty where nothing is shared.
        """
        ...


class NearDuplicates:
    """Exact duplicates and, below a threshold of 1, texts whose ROUGE-L is the threshold or more."""

    def __init__(self, threshold: float) -> None:
        self._exact = ExactDuplicates()
        self._near = NearTexts(threshold, EXACT) if threshold < 1 else None

    def first(self, text: str, index: int, own: str = "") -> Earlier | None:
        """The earliest text that this one is a duplicate of; None if it is new, and is remembered from now on."""
        said = words(text)
        digest = _digest(text, said)
        same = self._exact.find(digest)
        if same is not None:
            return Earlier(same, f"the same words as an earlier one: candidate {same}")
        near = self._near.first(said, index, words(own)) if self._near else None
        if near is not None:
            return Earlier(near[0], f"near-duplicate of candidate {near[0]}: ROUGE-L {near[1]:.2f}")
        self._exact.remember(digest, index)
        return None

    def remember(self, text: str, index: int, own: str = "") -> None:
        """Remember a text that is known to be new, which `first` would find out at greater length."""
        said = words(text)
        self._exact.remember(_digest(text, said), index)
        if self._near:
            self._near.remember(said, index, words(own))


def normalized(text: str) -> str:
    """The text's words as ROUGE-L counts them, with one space between them; the text itself if it has none."""
    return _joined(text, words(text))


class ExactDuplicates:
    """Remembers a 128-bit digest per distinct text: about 150 bytes each."""

    def __init__(self) -> None:
        self._first: dict[bytes, int] = {}

    def first(self, text: str, index: int) -> int | None:
        """The index of the earlier text with the same words; if there is none, None, and this one is remembered."""
        digest = _digest(text, words(text))
        earlier = self.find(digest)
        if earlier is None:
            self.remember(digest, index)
        return earlier

    def find(self, digest: bytes) -> int | None:
        """The index of the text with this digest."""
        return self._first.get(digest)

    def remember(self, digest: bytes, index: int) -> None:
        """Remember a digest."""
        self._first[digest] = index


def _digest(text: str, said: Sequence[str]) -> bytes:
    return hashlib.blake2b(_joined(text, said).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _joined(text: str, said: Sequence[str]) -> str:
    return " ".join(said) or text.strip()
