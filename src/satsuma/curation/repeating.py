"""Which instances repeat an earlier one: the same words, and by one of three measures nearly the same.

Keep-first: in the order of the dataset, an instance is removed if it repeats one that is kept. What counts are its
fields, not what the card says around them, and not its label: where that differs, the reason says so, since one of the
two is wrong then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from satsuma.curation.meaning import near_in_meaning, vectors_of
from satsuma.curation.minhash import MinHashDuplicates, signed
from satsuma.selecting.duplicates import ExactDuplicates
from satsuma.selecting.near import NearTexts
from satsuma.selecting.rouge import words

if TYPE_CHECKING:
    from satsuma.curation.options import Duplicates
    from satsuma.curation.population import Member

Found = Iterator[tuple[int, int, str]]
"""Place of an instance, of the earlier one that it repeats, and how."""
SAME = "the same words as an earlier one"
NEAR = "near-duplicate of an earlier one"


def repeats(
    members: Sequence[Member], how: Duplicates, threshold: float, seed: int, embedder: str | None, ray: str = ""
) -> Found:
    """The instances that repeat an earlier one, by their places in the sequence. That one may repeat another itself.

    ray: the address of a cluster that computes signatures or vectors; empty: this process does.

    Raises:
        ExtraError: a package that this needs is not installed.
        ClusterError: there is no cluster, or a worker failed.
    """
    texts = [member.content for member in members]
    if how == "rouge":
        yield from _by_rouge(texts, threshold)
        return
    exact = ExactDuplicates()
    left = []
    for place, text in enumerate(texts):
        earlier = exact.first(text, place)
        if earlier is None:
            left.append(place)
        else:
            yield place, earlier, SAME
    if how == "minhash":
        near = MinHashDuplicates(texts, threshold)
        signatures = signed([texts[place] for place in left], seed, ray)
        for place, signature in zip(left, signatures, strict=True):
            found = near.first(texts[place], place, signature)
            if found is not None:
                yield place, found[0], f"{NEAR}: Jaccard {found[1]:.2f}"
    if how == "embedding" and left:
        vectors = vectors_of([texts[place] for place in left], embedder or "", ray)
        for at, (first, cosine) in near_in_meaning(vectors, threshold).items():
            yield left[at], left[first], f"{NEAR}: cosine {cosine:.2f}"


def _by_rouge(texts: Sequence[str], threshold: float) -> Found:
    exact, near = ExactDuplicates(), NearTexts(threshold) if threshold < 1 else None
    for place, text in enumerate(texts):
        earlier = exact.first(text, place)
        if earlier is not None:
            yield place, earlier, SAME
        elif near is not None and (found := near.first(words(text), place)) is not None:
            yield place, found[0], f"{NEAR}: ROUGE-L {found[1]:.2f}"
