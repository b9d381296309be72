"""The named values of several journals as those of one: which model each step asked, and what came to no reply."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from satsuma.llm.bill import UNANSWERED
from satsuma.llm.journal import MODELS
from satsuma.llm.journal_file import explained
from satsuma.llm.journal_schema import UPSERT_META
from satsuma.llm.request import Json


def merged_values(olds: Sequence[tuple[Path, sqlite3.Connection]], new: sqlite3.Connection) -> tuple[str, ...]:
    """Write the values of all journals into the new one; the steps whose models differ, `` being all others.

    The first journal's model of a step stays; what was paid without a reply is added up; of any other value the first
    stays.

    Raises:
        JournalError: a journal cannot be read.
    """
    values: dict[str, Json] = {}
    differing: list[str] = []
    for path, old in olds:
        with explained(path):
            rows = old.execute("SELECT name, value FROM meta").fetchall()
        for name, stored in ((n.decode(errors="replace"), v) for n, v in rows):
            value: Json = json.loads(stored)
            before = values.get(name)
            if name == MODELS and isinstance(before, dict) and isinstance(value, dict):
                differing += [step for step in value if step in before and before[step] != value[step]]
                values[name] = value | before
            elif name == UNANSWERED and isinstance(before, dict) and isinstance(value, dict):
                values[name] = _added(before, value)
            else:
                values.setdefault(name, value)
    for name, value in values.items():
        new.execute(UPSERT_META, (name, json.dumps(value, sort_keys=True)))
    return tuple(dict.fromkeys(differing))


def _added(one: dict[str, Json], other: dict[str, Json]) -> dict[str, Json]:
    """Sums by model: attempts, input tokens, output tokens."""
    total = dict(one)
    for model, sums in other.items():
        before = total.get(model)
        if isinstance(before, list) and isinstance(sums, list):
            total[model] = [
                a + b if isinstance(a, int) and isinstance(b, int) else a for a, b in zip(before, sums, strict=False)
            ]
        else:
            total[model] = sums
    return total
