"""What a README.md or card.md beside data files says: the hub's metadata at its head, a description, bullets.

Read leniently, for people write these by hand: metadata that cannot be read counts as none, the description is the
section "Dataset Summary" (or "Dataset Description", "Description", "Summary") or else the first paragraph that is
prose, and bullets such as `- Licence: MIT` or `- Columns: ...` are taken by their names. Nothing in the text is obeyed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from satsuma.errors import CardError
from satsuma.task.yaml import Data, read_yaml

NAMES = ("README.md", "readme.md", "card.md", "CARD.md", "README.txt")
MAX_BYTES = 1 << 20
MIN_PROSE = 20
"""Characters of a paragraph that can be a description."""

_HEAD = re.compile(r"\A\s*---[ \t]*\n(.*?)\n---[ \t]*(?:\n|\Z)", re.DOTALL)
_BULLET = re.compile(
    r"^[ \t]*[-*][ \t]+(?:\*\*)?([A-Za-z][A-Za-z ]{1,30}?)(?:\*\*)?:(?:\*\*)?[ \t]*(.+)$", re.MULTILINE
)
_SECTION = re.compile(r"^#{1,6}[ \t]*(?:dataset )?(summary|description)[ \t#]*$", re.MULTILINE | re.IGNORECASE)
_LINK = re.compile(r"!?\[([^\]\n]{0,300})\]\([^)\n]{0,1000}\)")
_TAG = re.compile(r"<[^<>\n]{1,300}>")
_COLUMN = re.compile(r"`([^`\n]{1,200})`(?:\s*\(([^)\n]{1,60})\))?")


@dataclass(frozen=True, slots=True)
class CardText:
    """What a card says. metadata: of its head. bullets: by their names in lower case."""

    description: str = ""
    metadata: dict[str, Data] = field(default_factory=dict)
    bullets: dict[str, str] = field(default_factory=dict)

    def texts(self, name: str) -> list[str]:
        """A text or a list of texts of the metadata."""
        value = self.metadata.get(name)
        return [str(v) for v in value if isinstance(v, str)] if isinstance(value, list) else [value] if isinstance(
            value, str
        ) else []  # fmt: skip

    @property
    def licence(self) -> str:
        """The licence in the card's own words."""
        said = self.bullets.get("licence") or self.bullets.get("license")
        return said or ", ".join(self.texts("license") + self.texts("license_name"))

    @property
    def columns(self) -> list[dict[str, str]]:
        """The columns that the card names, for files that cannot be read."""
        return [{"name": m[1], "type": m[2] or ""} for m in _COLUMN.finditer(self.bullets.get("columns", ""))]


def card_beside(folder: Path) -> CardText:
    """The card in a folder; an empty one if there is none, or none that is text."""
    for name in NAMES:
        path = folder / name
        if path.is_file():
            with path.open("rb") as file:
                return card_text(file.read(MAX_BYTES).decode("utf-8-sig", "replace"))
    return CardText()


def card_text(text: str) -> CardText:
    """What a card's text says."""
    text = text.replace("\r\n", "\n").replace("\0", "")
    head = _HEAD.match(text)
    body = text[head.end() :] if head else text
    bullets = {m[1].strip().lower(): m[2].strip() for m in _BULLET.finditer(body)}
    return CardText(_description(body), _metadata(head[1]) if head else {}, bullets)


def _metadata(source: str) -> dict[str, Data]:
    try:
        return dict(read_yaml(source.encode(), "card").data)
    except CardError:
        return {}  # somebody else's YAML, which may use what cards of satsuma may not


def _description(body: str) -> str:
    for section in _SECTION.finditer(body):
        if found := next(_prose(re.split(r"^#", body[section.end() :], maxsplit=1, flags=re.MULTILINE)[0]), ""):
            return found
    return next(_prose(body), "")


def _prose(text: str) -> Iterator[str]:
    """The paragraphs that are sentences rather than headings, lists, tables, code or images."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    for paragraph in re.split(r"\n[ \t]*\n", text):
        lines = [line.strip() for line in paragraph.splitlines()]
        kept = [line for line in lines if line and not re.match(r"[#|>*-]|\d+\.\s|\[!", line)]
        plain = " ".join(_TAG.sub(" ", _LINK.sub(r"\1", " ".join(kept))).split())
        if len(plain) >= MIN_PROSE:
            yield plain
