"""Names that a card may use, made from whatever a column or a model calls something."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping

from pydantic import BaseModel

from satsuma.task.card import RESERVED

LONGEST = 63
_TAKEN_BY_ANSWERS = frozenset({"reason", "correct", "wrong"})


def legal(raw: str, taken: Collection[str] = (), prefix: str = "input") -> str:
    """The name nearest to `raw` that a field of a card can have and that is none of `taken`.

    prefix: put before a name that datasets, answers or programs use for something else (`text`, `id`, `copy`).
    """
    plain = unicodedata.normalize("NFKD", raw).encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_")[:LONGEST]
    if not name or not name[0].isalpha() or name.lower() in RESERVED | _TAKEN_BY_ANSWERS or hasattr(BaseModel, name):
        name = f"{prefix}_{name}".strip("_")[:LONGEST]
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name[: LONGEST - 4]}_{number}"
    return free


def all_legal(raws: Collection[str], taken: Collection[str] = (), prefix: str = "input") -> dict[str, str]:
    """`legal` for each of several names, no two alike: raw name → name, in order."""
    made: dict[str, str] = {}
    for raw in raws:
        made[raw] = legal(raw, {*taken, *made.values()}, prefix)
    return made


def known_as(names: Mapping[str, str], raw: str) -> str:
    """The name that was made of `raw`, which may also be such a name already; empty if it is neither."""
    return names.get(raw) or (raw if raw in names.values() else "")
