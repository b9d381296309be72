"""Text as a YAML scalar from which nothing can break out, in the plainest form that stays the text it is.

Short and harmless text stands as it is; long text is folded over lines, where YAML sees nothing but words; everything
else is in double quotes, with every character escaped that a reader could not see. The same text is read back from all
of them. Text that other programs would take for a number, a date or a truth value is quoted too.
"""

from __future__ import annotations

import re
import textwrap
import unicodedata

import yaml.resolver
from yaml.nodes import ScalarNode

WIDTH = 118
_PLAIN = re.compile(r"[^\W_](?:[\w .;()/'’–—+%$€?!-]|,(?! *$))*")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}
_JOINERS = "\u200c\u200d"
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_STRING = "tag:yaml.org,2002:str"
_resolver = yaml.resolver.Resolver()


def scalar(text: str, indent: int = 0) -> str:
    """What stands behind `key: ` where the key is indented by so many spaces."""
    if len(text) + indent > WIDTH - 30 and _folds(text):
        inner = " " * (indent + 2)
        lines = textwrap.wrap(
            text, WIDTH - len(inner), break_long_words=False, break_on_hyphens=False, drop_whitespace=True
        )
        return ">-\n" + "\n".join(inner + line for line in lines)
    return key(text)


def key(text: str) -> str:
    """A text on one line, as a key or a value."""
    return text if _is_plain(text) else quoted(text)


def quoted(text: str) -> str:
    """A text in double quotes."""
    return '"' + "".join(_escaped(char) for char in text) + '"'


def block(text: str, indent: int) -> str:
    """A literal block behind `key: |`, its lines indented by so many spaces; the text ends with a line break."""
    return "|\n" + textwrap.indent(text, " " * indent).rstrip("\n")


def _is_plain(text: str) -> bool:
    if _PLAIN.fullmatch(text) is None or text != text.strip() or not all(map(_shows, text)):
        return False
    return str(_resolver.resolve(ScalarNode, text, (True, False))) == _STRING  # type: ignore[no-untyped-call]


def _folds(text: str) -> bool:
    """Whether the text is words with single spaces between them and nothing that would have to be escaped."""
    return text == " ".join(text.split(" ")) and "  " not in text and text.strip(" ") == text and all(map(_shows, text))


def _shows(char: str) -> bool:
    if char == " " or char in _JOINERS:
        return True
    return unicodedata.category(char) not in _HIDDEN | {"Zs"} and char not in "\ufffe\uffff"


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if _shows(char):
        return char
    number = ord(char)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
