"""How hard the texts are to read: Flesch reading ease (Flesch 1948) and Flesch-Kincaid grade (Kincaid et al. 1975).

    ease  = 206.835 - 1.015 words/sentences - 84.6 syllables/words
    grade = 0.39 words/sentences + 11.8 syllables/words - 15.59

for each text, and the means over the texts. Sentences end with `.`, `!`, `?` or a line break; syllables are groups of
vowels, less a silent final e: right for nine words of ten. Both formulas are for English, so other languages have no
readability here. Not covered: what makes a text hard besides long words and long sentences.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from satsuma.measures.outcome import NotDefined

_WORD = re.compile(r"[a-z]+(?:['’][a-z]+)*", re.IGNORECASE)
_SENTENCE = re.compile(r"[.!?\n]+")
_VOWELS = re.compile("[aeiouy]+")
_SILENT = re.compile(r"(?:[^aeiouyszxhcg]es|[^aeiouytd]ed|[^l]e)$")


@dataclass(frozen=True, slots=True)
class Readability:
    """Means over the texts with a word. reading_ease: about 0 (hard) to 100 (easy). grade: years of school (US)."""

    instances: int
    reading_ease: float
    grade: float
    per_label: dict[str, float]


def readability(texts: Sequence[str], labels: Sequence[str | None], language: str) -> Readability | NotDefined:
    """The means, by label the reading ease.

    language: the code of the texts' language, empty if it is not known. Not defined for another than English, and
    without a word.
    """
    if language not in ("", "en"):
        return NotDefined(f"the formulas are for English, and most texts are in another language: {language}")
    scored = [(scores(text), label) for text, label in zip(texts, labels, strict=True)]
    found = [(score, label) for score, label in scored if score is not None]
    if not found:
        return NotDefined("the texts have no words in Latin letters")
    by_label: dict[str, list[float]] = defaultdict(list)
    for (ease, _), label in found:
        if label is not None:
            by_label[label].append(ease)
    return Readability(
        instances=len(found),
        reading_ease=fmean(ease for (ease, _), _ in found),
        grade=fmean(grade for (_, grade), _ in found),
        per_label={label: fmean(values) for label, values in sorted(by_label.items())},
    )


def scores(text: str) -> tuple[float, float] | None:
    """Reading ease and grade of a text; None without a word."""
    found = _WORD.findall(text)
    if not found:
        return None
    sentences = max(1, sum(bool(_WORD.search(part)) for part in _SENTENCE.split(text)))
    long, heavy = len(found) / sentences, sum(map(syllables, found)) / len(found)
    return 206.835 - 1.015 * long - 84.6 * heavy, 0.39 * long + 11.8 * heavy - 15.59


def syllables(word: str) -> int:
    """The syllables of an English word, one at least."""
    low = word.lower()
    return max(1, len(_VOWELS.findall(low)) - bool(_SILENT.search(low)))
