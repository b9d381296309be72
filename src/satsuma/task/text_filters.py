"""Filters over the words of a text, for a card's expressions: where a span stands, how often, and how long a text is.

    fields.sentence | occurrences(fields.word)   how often the words stand in it, as whole words, in any case
    fields.sentence | char_index(fields.word)    the character at which they first stand; -1 if they do not
    fields.sentence | word_index(fields.word)    the number of words, between spaces, before that place; -1
    fields.form | inflects(fields.lemma)         whether one looks like an inflected form of the other

Whole words: a letter or digit stands neither before nor behind. Not covered: languages that are written without
spaces, for which `occurrences` counts the words only where other letters do not touch them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from jinja2 import pass_context
from jinja2.runtime import Context

from satsuma.task.filters import Unprintable, meter_of

_STEM = 3
_LONGER = 4


def occurrences(text: str, words: str) -> int:
    """How often the words stand in the text, as whole words, in any case."""
    return len(_pattern(words).findall(text))


def char_index(text: str, words: str) -> int:
    """The character at which the words first stand in the text as whole words; -1 if they do not."""
    hit = _pattern(words).search(text)
    return hit.start() if hit else -1


def word_index(text: str, words: str) -> int:
    """The number of words, between spaces, that begin before the place where the words first stand; -1 without one.

    As SuperGLUE counts the spans of WSC: in "Tom's dog barked", the span "dog" has index 1.
    """
    at = char_index(text, words)
    return -1 if at < 0 else len(re.findall(r"(?<!\S)\S", text[:at])) - (at > 0 and not text[at - 1].isspace())


def inflects(form: str, lemma: str) -> bool:
    """Whether a word looks like a form of a lemma: the same beginning, and an ending of a few letters.

    Half of the lemma, and at least three letters where it has them, or the first letter of a verb that changes its
    vowel (`ran`, `bought`) and nearly the same length. A rule for languages that inflect at the end; forms that share
    no beginning (`went`, `better`) do not pass.
    """
    one, other = form.casefold().strip(), lemma.casefold().strip()
    if not one or not other or abs(len(one) - len(other)) > _LONGER:
        return False
    shared = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return shared >= min(len(other), max(_STEM, len(other) // 2)) or (shared >= 1 and len(other) <= _STEM + _LONGER)


@lru_cache(maxsize=512)
def _pattern(words: str) -> re.Pattern[str]:
    return (
        re.compile(rf"(?<!\w){re.escape(words.strip())}(?!\w)", re.IGNORECASE) if words.strip() else re.compile("(?!)")
    )


def _counted(function: Callable[[str, str], object]) -> Callable[..., object]:
    """A filter of two texts, their length charged."""

    def filtered(context: Context, text: object, words: object = None, /) -> object:
        if not isinstance(text, str) or not isinstance(words, str):
            raise Unprintable(f"{function.__name__} is for two texts: `text | {function.__name__}(words)`")
        meter_of(context).charge((len(text) + len(words)) // 8 + 1)
        return function(text, words)

    return pass_context(filtered)


def text_filters() -> dict[str, Callable[..., object]]:
    """Name → filter, each counted."""
    return {function.__name__: _counted(function) for function in (occurrences, char_index, word_index, inflects)}
