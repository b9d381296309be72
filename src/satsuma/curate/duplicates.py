"""Exact duplicates: the same words, whatever the case, spacing and punctuation.

A duplicate is judged against every earlier valid instance that is not itself a duplicate, whether it had room in the
dataset or not, so that the verdict does not depend on n. Near-duplicates (ROUGE-L) are not judged here.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

_WORD = re.compile(r"[^\W_]+")
_ASCII = "".join(chr(i).lower() if chr(i).isalnum() else " " for i in range(128))


def normalized(text: str) -> str:
    """The text's words in lower case with one space between them, compatibility forms unified (Unicode NFKC)."""
    if text.isascii():
        return " ".join(text.translate(_ASCII).split()) or text.strip()
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(_WORD.findall(folded)) or folded.strip()


class ExactDuplicates:
    """Remembers a 128-bit digest per distinct text: about 100 bytes each."""

    def __init__(self) -> None:
        self._first: dict[bytes, int] = {}

    def first(self, text: str, index: int) -> int | None:
        """The index of the earlier instance with the same words; if there is none, None, and this one is remembered."""
        digest = hashlib.blake2b(normalized(text).encode("utf-8", "surrogatepass"), digest_size=16).digest()
        earlier = self._first.setdefault(digest, index)
        return None if earlier == index else earlier
