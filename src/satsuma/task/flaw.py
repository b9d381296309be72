"""What is wrong with a card, and where: one `Flaw` per mistake, written as `file:line: field: what`.

A card is judged whole: every door of the loader collects flaws, and one `CardError` at the end lists them all.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from satsuma.errors import CardError

DataPath = tuple[str | int, ...]
"""Where a value lies in a card's data: mapping keys and list positions, outermost first."""
_PLAIN = re.compile(r"[A-Za-z0-9_-]+")
_SHOWN = 20
_DEEP = 8
_LONG = 63
_FEW = 14
_COMPARED = 200


@dataclass(frozen=True, slots=True)
class Flaw:
    """One mistake. file: as the user named it, empty for a card that is no file. line: from 1; 0 where unknown."""

    what: str
    field: str = ""
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.file and self.line else self.file
        return ": ".join(part for part in (place, self.field, self.what) if part)


def card_error(flaws: Sequence[Flaw], hint: str = "") -> CardError:
    """The error that lists the flaws, one a line, in the order of their lines; at most twenty."""
    ordered = in_order(flaws)
    lines = [str(flaw) for flaw in ordered[:_SHOWN]]
    if len(ordered) > _SHOWN:
        lines.append(f"and {len(ordered) - _SHOWN} more; `satsuma check` lists them all")
    return CardError("\n".join(lines), hint)


def in_order(flaws: Iterable[Flaw]) -> list[Flaw]:
    """Each flaw once, by line."""
    return sorted(dict.fromkeys(flaws), key=lambda flaw: flaw.line)


def field_name(path: DataPath) -> str:
    """How a place in the data is written: `output.labels.billing`, `examples[2].message`, `labels."no opinion"`."""
    shown = ""
    for part in path[:_DEEP]:
        if isinstance(part, int):
            shown += f"[{part}]"
        else:
            text = part if _PLAIN.fullmatch(part) and len(part) <= _LONG else quoted(part)
            shown += f".{text}" if shown else text
    return shown + "…" * (len(path) > _DEEP)


def quoted(value: object, limit: int = 60) -> str:
    """A value as it may stand in a message: one line, in double quotes if it is text, cut at `limit` characters."""
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def nearest(name: str, known: Iterable[str]) -> str:
    """What is known and nearest to a name, whatever the case; empty if nothing is near."""
    folded = {one.casefold(): one for one in islice(known, _COMPARED)}
    near = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    return folded[near[0]] if near else ""


def meant(name: str, known: Collection[str]) -> str:
    """`; did you mean X?` if something known is near, else `; known are A, B, C` if those are few, else nothing."""
    if near := nearest(name, known):
        return f"; did you mean {near}?"
    return f"; known are {', '.join(sorted(known))}" if 0 < len(known) <= _FEW else ""
