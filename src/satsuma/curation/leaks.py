"""Instances that are in an evaluation set, and every row of it that they hit.

Three ways, of which the first that holds is told for a pair:

* exact: the same words in the same order, whatever the case, spacing and punctuation;
* near: a ROUGE-L of the threshold or more, whoever is first;
* overlap: `GRAM` words in a row in common, the rule of GPT-3 (Brown et al. 2020, appendix C). What stands in more than
  half of a set's rows (and in more than `FORM` of them) is the set's form, such as an instruction, and does not count.

An instance and a row are compared in every form in which their words may stand (`evaluation.py`). Not covered:
paraphrases, translations, and leaks of what is shorter than `GRAM` words inside of something longer.
Memory: about 400 bytes for each word of the sets; on a cluster, in each of its processes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import chain
from typing import Literal

from satsuma.curation.evaluation import Asked
from satsuma.curation.near_rows import NearRows
from satsuma.curation.population import Member
from satsuma.selecting.rouge import words

GRAM = 13
"""Words in a row that are no coincidence."""
FORM = 10
RANGE = 1000
"""Instances that are compared at a time on a cluster."""
THRESHOLD = 0.7
"""ROUGE-L from which on a row is nearly the same: the papers' threshold of near-duplicates."""
How = Literal["exact", "near", "overlap"]
_RANK: tuple[How, ...] = ("exact", "near", "overlap")


@dataclass(frozen=True, slots=True)
class Hit:
    """An instance that is in an evaluation set.

    index: of the instance. set, row, row_id: what it hits. how: in which way. likeness: 1 if exact, ROUGE-L if near,
    for an overlap the share of the instance's words that stand in shared runs. shared: the first run that they share,
    empty unless it is an overlap.
    """

    index: int
    set: str
    row: int
    row_id: str
    how: How
    likeness: float
    shared: str = ""


@dataclass(frozen=True, slots=True)
class _Found:
    how: How
    likeness: float
    shared: str = ""


class EvaluationSets:
    """Evaluation sets, indexed."""

    def __init__(self, asked: Iterable[Asked], threshold: float = THRESHOLD) -> None:
        self._rows: list[Asked] = []
        self._of: list[int] = []
        self._texts: list[list[str]] = []
        for row in asked:
            for text in row.texts:
                if said := words(text):
                    self._of.append(len(self._rows))
                    self._texts.append(said)
            self._rows.append(row)
        self._exact: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for number, said in enumerate(self._texts):
            self._exact[tuple(said)].append(number)
        self._grams = self._indexed()
        self._near = NearRows(self._texts, threshold)

    def __len__(self) -> int:
        """Rows."""
        return len(self._rows)

    def hits(self, index: int, member: Member) -> list[Hit]:
        """Every row that an instance hits, in the order of the sets."""
        best: dict[int, _Found] = {}
        for text in dict.fromkeys((member.content, member.text)):
            for number, found in self._found(words(text)):
                row = self._of[number]
                if row not in best or _rank(found) < _rank(best[row]):
                    best[row] = found
        made = []
        for row, found in sorted(best.items()):
            asked = self._rows[row]
            made.append(Hit(index, asked.set, asked.row, asked.id, found.how, found.likeness, found.shared))
        return made

    def _found(self, said: Sequence[str]) -> Iterator[tuple[int, _Found]]:
        for number in self._exact.get(tuple(said), ()):
            yield number, _Found("exact", 1.0)
        for number, likeness in self._near.near(said):
            yield number, _Found("near", round(likeness, 4))
        shared: dict[int, list[int]] = defaultdict(list)
        for at, gram in enumerate(_grams(said)):
            for number in self._grams.get(gram, ()):
                shared[number].append(at)
        for number, places in shared.items():
            covered = {at + step for at in places for step in range(GRAM)}
            first = " ".join(said[places[0] : places[0] + GRAM])
            yield number, _Found("overlap", round(len(covered) / len(said), 4), first)

    def _indexed(self) -> dict[tuple[str, ...], list[int]]:
        """Run of words → texts that have it, without those that are a set's form."""
        index: dict[tuple[str, ...], list[int]] = {}
        for number, said in enumerate(self._texts):
            for gram in dict.fromkeys(_grams(said)):
                index.setdefault(gram, []).append(number)
        sizes = Counter(row.set for row in self._rows)
        return {gram: texts for gram, texts in index.items() if not self._is_form(texts, sizes)}

    def _is_form(self, texts: Sequence[int], sizes: Counter[str]) -> bool:
        if len(texts) <= FORM:
            return False
        in_set = Counter(self._rows[row].set for row in {self._of[number] for number in texts})
        return any(count > max(FORM, sizes[name] / 2) for name, count in in_set.items())


def hits_of(
    asked: tuple[Asked, ...], members: Sequence[tuple[int, Member]], ray: str = ""
) -> Iterator[tuple[int, list[Hit]]]:
    """The hits of each instance, by its index and in order. ray: the address of a cluster to use.

    Raises:
        ClusterError: there is no cluster, or a worker failed.
    """
    if not ray:
        sets = EvaluationSets(asked)
        return ((index, sets.hits(index, member)) for index, member in members)
    from satsuma.cluster.maps import over_ranges

    return chain.from_iterable(over_ranges(partial(range_hits, asked), members, RANGE, ray))


def range_hits(asked: tuple[Asked, ...], members: Sequence[tuple[int, Member]]) -> list[tuple[int, list[Hit]]]:
    """What a worker does: the sets are indexed when its first range comes."""
    sets = _indexed(asked)
    return [(index, sets.hits(index, member)) for index, member in members]


@lru_cache(maxsize=1)
def _indexed(asked: tuple[Asked, ...]) -> EvaluationSets:
    return EvaluationSets(asked)


def _grams(said: Sequence[str]) -> Iterator[tuple[str, ...]]:
    return (tuple(said[at : at + GRAM]) for at in range(len(said) - GRAM + 1))


def _rank(found: _Found) -> tuple[float, float]:
    return _RANK.index(found.how), -found.likeness
