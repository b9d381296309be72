"""When a name says what an earlier one says: the repeats among contexts and among instance seeds.

Two texts are compared by the sets of their words: lower case, without plural endings (`stems`), without articles,
prepositions and conjunctions, so that order, number, `&` and `and` make no difference. They are alike if what they
share is at least `threshold` of what they have together (Jaccard 1912). At `NAMES`, a word more among a few makes no
new name, nor one word exchanged among four or more: about as strict as ROUGE-L 0.7 is with instances.

`Names` finds the earlier ones exactly, without comparing all pairs: texts that are alike share so many words of the new
one, and these are counted in all earlier ones at once (`selecting/counts.py`).

Whatever else should decide (an embedder, if a run is set to use one) is a `Likeness` of its own, handed to
`ContextTree`; it has to be a recorded setting of the run, since it decides what the data is.

Not covered: inflection beyond the English plural (other languages are compared by their words as they stand), and
synonyms.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, takewhile
from typing import Protocol

from satsuma.selecting.counts import Counts

NAMES = 0.6
"""From which likeness on a context repeats another."""
TEXTS = 0.85
"""From which likeness on a seed repeats another: seeds are longer, and may have a form in common."""
_SMALL = (
    "a an and as at between by during for from in inside into its near of on or our over the their to under via with "
    "within your"
)
FUNCTION_WORDS = frozenset(_SMALL.split())
"""Words that tell no setting from another."""
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Scripts that leave no space between words: Thai, Lao, Burmese, Khmer, Japanese, Chinese."""
_WORD = re.compile(rf"[{_UNSPACED}]+|[^\W_{_UNSPACED}]+(?:['’][^\W_{_UNSPACED}]+)?")
_UNSPACED_START = re.compile(rf"[{_UNSPACED}]")
_POSSESSIVE = re.compile(r"['’]s?$")


class Likeness(Protocol):
    """Decides which names repeat others; it is asked once for each name, in the order of the tree."""

    def repeated(self, name: str, within: Sequence[str]) -> str | None:
        """The earlier name that this one repeats; None if it is new, and is remembered from now on.

        within: the settings that the name is inside of, the widest first.
        """
        ...


def stems(text: str) -> frozenset[str]:
    """The words that a text is compared by; all of them if they are articles and the like; itself if it has no words.

    Plural endings are taken off as in the S stemmer (Harman 1991). Text without spaces counts by pairs of characters.
    """
    words = _WORD.findall(unicodedata.normalize("NFKC", text).casefold())
    telling = [word for word in words if word not in FUNCTION_WORDS] or words or [text.strip()]
    return frozenset(chain.from_iterable(map(_parts, telling)))


@lru_cache(maxsize=16384)
def _parts(word: str) -> tuple[str, ...]:
    if not _UNSPACED_START.match(word):
        return (_singular(_POSSESSIVE.sub("", word)),)
    if len(word) == 1:
        return (word,)
    return tuple([word[i : i + 2] for i in range(len(word) - 1)])


def _singular(word: str) -> str:
    if len(word) < 4 or not word.endswith("s"):
        return word
    if word.endswith("ies"):
        return word if word[-4] in "ae" else f"{word[:-3]}y"
    if word.endswith("es") and word[-3] not in "aeo":
        return word[:-1]
    return word if word[-2] in "us" else word[:-1]


def likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """The share of words that two sets have in common, 0 to 1; two empty sets are alike."""
    common = len(one & other)
    together = len(one) + len(other) - common
    return common / together if together else 1.0


class Names:
    """The names of a tree of contexts.

    Two of them are alike in all of their words, and also in those that are not of a setting that both are inside of:
    "patient intake at a dental clinic" and "patient recall at a dental clinic" differ enough inside of a dental clinic.
    They differ from the clinic itself because they have all of its words and more.
    """

    def __init__(self, threshold: float = NAMES) -> None:
        self._threshold = threshold
        self._known: list[_Name] = []
        self._numbers: dict[str, int] = {}
        self._counts = Counts()

    def repeated(self, name: str, within: Sequence[str]) -> str | None:
        """The earliest name that this one is like; the innermost of `within` if it says nothing beyond them."""
        new = _Name(name, stems(name), tuple(within))
        if within and new.words <= _words_of(new.within):
            return within[-1]
        if (earlier := self._earliest(new)) is not None:
            return self._known[earlier].name
        self._add(new)
        return None

    def remember(self, name: str, within: Sequence[str]) -> None:
        """Remember a name that is known to be new, which `repeated` would find out at greater length."""
        self._add(_Name(name, stems(name), tuple(within)))

    def _add(self, new: _Name) -> None:
        self._counts.add([self._numbers.setdefault(word, len(self._numbers)) for word in new.words])
        self._known.append(new)

    def _earliest(self, new: _Name) -> int | None:
        """Whatever is alike has `threshold` of these words."""
        fewest = math.ceil(self._threshold * len(new.words) - 1e-9)
        numbers = [self._numbers[word] for word in new.words if word in self._numbers]
        found = chain.from_iterable(self._counts.found(numbers, [(0, fewest)]))
        return next((at for at in found if self._alike(new, self._known[at])), None)

    def _alike(self, new: _Name, old: _Name) -> bool:
        if likeness(new.words, old.words) < self._threshold:
            return False
        if new.within[: len(old.path)] == old.path:
            return not new.words > old.words
        around = _words_of(_common(new.within, old.within))
        return likeness(new.words - around, old.words - around) >= self._threshold


@dataclass(frozen=True, slots=True)
class _Name:
    """A name, its words, and the settings that it is inside of."""

    name: str
    words: frozenset[str]
    within: tuple[str, ...]

    @property
    def path(self) -> tuple[str, ...]:
        """The way to it, itself last."""
        return (*self.within, self.name)


@lru_cache(maxsize=1024)
def _words_of(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset().union(*map(stems, names))


def _common(one: Sequence[str], other: Sequence[str]) -> tuple[str, ...]:
    """The beginning that two paths have in common."""
    same = takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    return tuple([name for name, _ in same])
