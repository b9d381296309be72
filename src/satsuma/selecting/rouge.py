"""ROUGE-L (Lin 2004), and the words that it and the comparison of whole texts are counted in.

ROUGE-L of two texts of m and n words is 2 L / (m + n), where L is the length of their longest common subsequence of
words: the F-measure of L/m and L/n, which is rouge-score's `rougeL` without its stemmer.

Words of ASCII text are those of rouge-score's tokenizer: lower case, runs of letters and digits (`don't` is two). In
any other text they are the same in sense: compatibility forms unified (Unicode NFKC), case folded, runs of letters,
digits and combining marks, so that `naïve` is one word however it is encoded, and a Hindi word keeps its vowel signs.
Scripts without spaces between words (Chinese, Japanese, Thai, Lao, Burmese, Khmer, Tibetan) count by characters.
Invisible characters (soft hyphens, joiners) are left out. Not covered: stemming, and words of those
scripts as a dictionary has them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Hashable, Sequence

_ASCII = "".join(chr(i).lower() if chr(i).isalnum() else " " for i in range(128))
_UNSPACED = (
    (0x0E00, 0x0FFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x19E0, 0x19FF), (0x3005, 0x3007), (0x3040, 0x30FF),
    (0x31F0, 0x31FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xA9E0, 0xA9FF), (0xAA60, 0xAA7F), (0xF900, 0xFAFF),
    (0x1B000, 0x1B16F), (0x20000, 0x3FFFF),
)  # fmt: skip
"""Code points of scripts that leave no space between words."""


class _Fold(dict[int, str]):
    """Code point → what stands for it where words are separated by spaces; filled as characters come."""

    def __missing__(self, point: int) -> str:
        self[point] = said = _folded(chr(point))
        return said


def _folded(character: str) -> str:
    category, point = unicodedata.category(character), ord(character)
    if category == "Cf":
        return ""
    if category[0] != "M" and not character.isalnum():
        return " "
    return f" {character} " if any(low <= point <= high for low, high in _UNSPACED) else character


_FOLD = _Fold()


def words(text: str) -> list[str]:
    """The words of a text."""
    if text.isascii():
        return text.translate(_ASCII).split()
    return unicodedata.normalize("NFKC", text).casefold().translate(_FOLD).split()


def rouge_l(one: str, other: str) -> float:
    """ROUGE-L of two texts, from 0 to 1; 0 where a text has no words."""
    return rouge_l_of(words(one), words(other))


def rouge_l_of(one: Sequence[Hashable], other: Sequence[Hashable]) -> float:
    """ROUGE-L of two sequences of words."""
    from rapidfuzz.distance import LCSseq

    return 2 * LCSseq.similarity(one, other) / (len(one) + len(other)) if one and other else 0.0
