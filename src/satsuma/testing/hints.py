"""How long a text and how long a list should be, read from the words of a schema's descriptions.

"one to four sentences", "150 words", "a word", "a passage", "20 of them": what a person would go by. Not covered: any
language but English, and lengths that are said elsewhere than in a description or a property's name.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from satsuma.testing import words
from satsuma.testing.words import Draw

_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_SPELLED = {word: i for i, word in enumerate(_WORDS)} | {
    "a": 1,
    "an": 1,
    "single": 1,
    "twenty": 20,
    "fifteen": 15,
    "thirty": 30,
}
_NUMBER = r"(\d+|" + "|".join(sorted(_SPELLED, key=len, reverse=True)) + r")"
_UNIT = r"(?:short |long |simple |complete |English |plain )*(words?|sentences?|paragraphs?)\b"
_RANGE = re.compile(rf"\b{_NUMBER}\s*(?:to|-|\u2013|or|and)\s*{_NUMBER}\s+{_UNIT}", re.IGNORECASE)
_SIZED = re.compile(rf"\b{_NUMBER}[\s-]+{_UNIT}", re.IGNORECASE)
_OF_THEM = re.compile(rf"\b{_NUMBER}\s+of\s+(?:them|these)", re.IGNORECASE)
_COUNTED = re.compile(
    r"\b([2-9]|[1-9]\d|100)\b(?!\s*(?:to|-|\u2013)\s*\d)(?!\s*(?:words?|letters|characters))", re.IGNORECASE
)
_BY_NAME = {"contexts": 20, "seeds": 10}
_DEFAULT_COUNT = 3

Text = Callable[[Draw], str]


@dataclass(frozen=True, slots=True)
class Size:
    """How long a text is: from `low` to `high` words or sentences, or a named kind (`name`, `phrase`, `setting`)."""

    kind: str = "sentence"
    low: int = 1
    high: int = 1

    def write(self, draw: Draw) -> str:
        """A text of this size."""
        if self.kind == "word":
            return words.words(draw, draw.between(self.low, self.high))
        if self.kind == "sentence":
            return words.sentences(draw, draw.between(self.low, self.high))
        return _KINDS[self.kind](draw)

    @property
    def one_word(self) -> bool:
        """True if there is no room for a second word."""
        return self.kind == "word" and self.high == 1


_KINDS: dict[str, Text] = {"name": words.name, "phrase": words.phrase, "setting": words.setting}
_NAMED = (
    (re.compile(r"\b(?:passage|article|story|essay|document)\b", re.I), Size("sentence", 5, 8)),
    (re.compile(r"\bparagraphs?\b", re.I), Size("sentence", 4, 6)),
    (re.compile(r"\bsentences\b", re.I), Size("sentence", 2, 3)),
    (re.compile(r"\bsentence\b", re.I), Size()),
    (re.compile(r"\b(?:lemma|a (?:\w+ )?(?:word|noun|verb|adjective))\b", re.I), Size("word")),
    (re.compile(r"\b(?:phrase|few words|keywords?|noun phrase)\b", re.I), Size("phrase")),
    (re.compile(r"\b(?:domains?|settings?|contexts?|topics?)\b", re.I), Size("setting")),
    (re.compile(r"\b(?:person's name|full name|first name|name of a person)\b", re.I), Size("name")),
)
_FIELD_NAMED = {"contexts": Size("setting"), "context": Size("setting"), "word": Size("word"), "lemma": Size("word")}


def _number(said: str) -> int:
    return int(said) if said.isdigit() else _SPELLED[said.lower()]


def _sized(low: int, high: int, unit: str) -> Size:
    low, high = sorted((max(1, min(low, 2000)), max(1, min(high, 2000))))
    unit = unit.lower().rstrip("s")
    return Size("sentence", low * 4, high * 5) if unit == "paragraph" else Size(unit, low, high)


def size(description: str, field: str = "") -> Size:
    """The size of a text by its description, then by its field's name, else one sentence."""
    if found := _RANGE.search(description):
        return _sized(_number(found[1]), _number(found[2]), found[3])
    if found := _SIZED.search(description):
        return _sized(_number(found[1]), _number(found[1]), found[2])
    for pattern, named in _NAMED:
        if pattern.search(description):
            return named
    return _FIELD_NAMED.get(field, Size())


def count(description: str, field: str, low: int | None, high: int | None) -> int:
    """The length of a list: minItems, "20 of them", a number in the description, its name, else 3; at most maxItems."""
    stated = _stated(description)
    number = low if low else stated or _BY_NAME.get(field, _DEFAULT_COUNT)
    if low and stated and stated > low:
        number = stated
    return number if high is None else min(number, high)


def _stated(description: str) -> int | None:
    if found := _OF_THEM.search(description):
        return _number(found[1])
    if found := _COUNTED.search(description):
        return int(found[1])
    return None


def without_count(description: str) -> str:
    """The description of a list without its count, so that it describes one item."""
    return _COUNTED.sub("", _OF_THEM.sub("", description))
