"""English-like text from a built-in vocabulary, drawn by hash.

Rule: the same draw gives the same text on every machine and every Python. Mechanism: a sentence is one of some thirty
patterns whose slots are filled from lists; compound nouns ("lanternyard") make the vocabulary some twenty thousand
words, so that ten thousand sentences are not near-duplicates of each other. Markers are words that no pattern makes,
one for each label: they let one answer say in passing what a later question asks about.

Not covered: sense, and languages other than English (script the answers for those).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from random import Random
from typing import TypeAlias, TypeVar

T = TypeVar("T")


def _sections() -> dict[str, list[str]]:
    """The lines of each section of the vocabulary."""
    sections: dict[str, list[str]] = {}
    for line in Path(__file__).with_name("vocabulary.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            here = sections[line.strip("[]")] = []
        elif line and not line.startswith("#"):
            here.append(line)
    return sections


_LINES = _sections()


def _entries(section: str) -> tuple[str, ...]:
    return tuple(entry for line in _LINES[section] for entry in line.split())


NOUNS = _entries("nouns")
COMPOUNDS = tuple(first + second for first in NOUNS for second in _entries("seconds"))
NAMES = _entries("names")
_ADJECTIVES = _entries("adjectives")
_SLOTS: Mapping[str, tuple[str, ...]] = {
    "N": NOUNS,
    "C": COMPOUNDS,
    "A": _ADJECTIVES,
    "AN": tuple(f"{'an' if word[0] in 'aeiou' and word[:2] != 'eu' else 'a'} {word}" for word in _ADJECTIVES),
    "V": _entries("transitive"),
    "I": _entries("intransitive"),
    "D": _entries("adverbs"),
    "W": NAMES,
    "T": tuple(_LINES["times"]),
    "P": tuple(f"{where} the {noun}" for where in _entries("where") for noun in NOUNS[::2]),
    "X": _entries("numbers"),
    "S": tuple(noun + "s" for noun in NOUNS if noun[-1] not in "sxzyhf" and noun != "sheep"),
}
"""What the tokens of a pattern stand for; any other token stands for itself."""
_MARKER = re.compile(r"\bzy(?:[bdfgklmnprtvz][aeiou]){5}\b", re.IGNORECASE)

Filler: TypeAlias = tuple[str | tuple[str, ...], ...]


def _patterns(section: str) -> tuple[Filler, ...]:
    return tuple(tuple(_SLOTS.get(token, token) for token in line.split()) for line in _LINES[section])


_SENTENCES, _PHRASES, _SETTINGS = _patterns("sentences"), _patterns("phrases"), _patterns("settings")


class Draw:
    """Numbers that follow from what they are for, and from nothing else.

    Made from any parts (`Draw(seed, digest, "latency")`). Only `Random.random` is used, whose sequence for a seed is
    the same in every Python.
    """

    __slots__ = ("unit",)

    def __init__(self, *parts: object) -> None:
        digest = hashlib.blake2b("\x1f".join(map(str, parts)).encode("utf-8", "replace"), digest_size=8).digest()
        self.unit = Random(int.from_bytes(digest, "big")).random
        """A float from 0 up to 1."""

    def below(self, n: int) -> int:
        """An integer from 0 up to n - 1."""
        return int(self.unit() * n)

    def between(self, low: int, high: int) -> int:
        """An integer from low to high, both included."""
        return low + int(self.unit() * (high - low + 1))

    def pick(self, things: Sequence[T]) -> T:
        """One of them."""
        return things[int(self.unit() * len(things))]

    def chance(self, share: float) -> bool:
        """True in `share` of all draws."""
        return share > 0 and self.unit() < share


def _fill(filler: Filler, draw: Draw) -> str:
    unit = draw.unit
    text = " ".join([x if type(x) is str else x[int(unit() * len(x))] for x in filler])
    return text.replace(" ,", ",").replace(" ;", ";").replace(" :", ":").replace(" '", "'")


def sentence(draw: Draw) -> str:
    """One sentence of nine to sixteen words."""
    text = _fill(draw.pick(_SENTENCES), draw)
    return text[0].upper() + text[1:] + "."


def phrase(draw: Draw) -> str:
    """A few words without a verb."""
    return _fill(draw.pick(_PHRASES), draw)


def setting(draw: Draw) -> str:
    """A few words that name a domain or a setting."""
    return _fill(draw.pick(_SETTINGS), draw)


def word(draw: Draw) -> str:
    """One noun of some twenty thousand."""
    return draw.pick(COMPOUNDS)


def name(draw: Draw) -> str:
    """A person's name."""
    return f"{draw.pick(NAMES)} {draw.pick(COMPOUNDS).capitalize()}"


def sentences(draw: Draw, count: int) -> str:
    """So many sentences."""
    return " ".join(sentence(draw) for _ in range(count))


def words(draw: Draw, count: int) -> str:
    """Text of exactly so many words, in sentences."""
    if count < 6:
        return " ".join(word(draw) for _ in range(count))
    found: list[str] = []
    while len(found) < count:
        found += sentence(draw).split()
    return " ".join(found[:count]).rstrip(".,;:") + "."


@cache
def filling() -> tuple[str, ...]:
    """A fixed stock of 4,096 sentences, for text of which only the length matters."""
    draw = Draw("filling")
    return tuple(sentence(draw) for _ in range(4096))


@lru_cache(maxsize=65536)
def marker(label: str) -> str:
    """The word that stands in every text of this label and in no other text, such as `zykalomiresa`."""
    number = int.from_bytes(hashlib.blake2b(label.encode("utf-8", "replace"), digest_size=8).digest(), "big")
    syllables = []
    for _ in range(5):
        number, consonant = divmod(number, 13)
        number, vowel = divmod(number, 5)
        syllables.append("bdfgklmnprtvz"[consonant] + "aeiou"[vowel])
    return "zy" + "".join(syllables)


def markers(text: str) -> list[tuple[str, int]]:
    """The markers in a text, each with its place, first to last."""
    return [(found[0].lower(), found.start()) for found in _MARKER.finditer(text)]


def with_marker(text: str, mark: str, limit: int | None = None) -> str:
    """The text with the marker as its last word, at most `limit` characters long.

    At the end, so that whatever occurred in the text still does.
    """
    if limit is not None:
        room = max(0, limit - len(mark) - 2)
        text = text if len(text) <= room else text[:room].rsplit(" ", 1)[0]
    stem = text.rstrip()
    tail = stem[-1] if stem and stem[-1] in ".!?" else ""
    stem = stem.rstrip(".!?,;: ")
    return f"{stem}, {mark}{tail}" if stem else mark
