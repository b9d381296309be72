r"""Text from a model, a card or a dataset as something that is safe to look at.

What a terminal or a reader's eye would obey rather than show (control characters, escape sequences, direction
overrides, lone surrogates) is shown as its escape, such as `\x1b`. The joiners that Persian and emoji are written
with stay.
"""

from __future__ import annotations

import re
import unicodedata

_JOINERS = "\u200c\u200d"
_SURROGATE = re.compile("[\ud800-\udfff]")


def plain(text: str, *, keep: str = "") -> str:
    """`text` with everything invisible or active escaped, except the characters in `keep` (such as a line break)."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c in keep or _shows(c) else _escape(c) for c in text)


def one_line(text: str, width: int = 0) -> str:
    """`text` on one line, escaped, cut with an ellipsis to `width` characters if that is more than 0."""
    line = plain(" ".join(text.split()))
    return line if width <= 0 or len(line) <= width else line[: max(width - 1, 0)] + "…"


def no_surrogates(text: str) -> str:
    """`text` as UTF-8 can hold it: a lone surrogate becomes U+FFFD."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def _shows(char: str) -> bool:
    return char in _JOINERS or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp")


def _escape(char: str) -> str:
    return char.encode("ascii", "backslashreplace").decode() if ord(char) > 0x7F else f"\\x{ord(char):02x}"
