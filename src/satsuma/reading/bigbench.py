"""A BIG-bench task.json (Srivastava et al. 2023): its `examples`, each with an `input` and a target.

The text is the `input`, behind the task's `example_input_prefix` where that says something of it (`Python code:`)
and is no mere mark of one word (`Q:`): so it is measured as a model reads it, and DataTune's Table 3 comes out. The
field `input` is the input alone. The label is `target` (the first of several), or the best of `target_scores`. In a
task whose inputs are all empty, such as cause_and_effect, the choices are the text. Few-shot examples inside of
prompts, subtasks in folders and programmatic tasks are not covered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from satsuma.reading.example import Example
from satsuma.reading.values import as_label, as_text

if TYPE_CHECKING:
    from satsuma.llm.request import Json

MOST_BYTES = 256 << 20
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Task:
    """A task: its name, what stands before each input, and its examples."""

    name: str
    prefix: str
    rows: Sequence[Mapping[str, Json]]

    def examples(self) -> Iterator[Example]:
        """The instances, in order."""
        empty = not any((as_text(row.get("input")) or "").strip() for row in self.rows)
        for number, row in enumerate(self.rows):
            given = as_text(row.get("input")) or ""
            scores = row.get("target_scores")
            choices = list(scores) if isinstance(scores, Mapping) else []
            text = "\n".join(choices) if empty else self.prefix + given
            yield Example(str(number), text, _target(row), {"input": "\n".join(choices) if empty else given})


def read_task(path: Path) -> Task | None:
    """The BIG-bench task of a file; None if it is something else."""
    try:
        if path.suffix != ".json" or path.stat().st_size > MOST_BYTES:
            return None
        document = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return None
    rows = document.get("examples") if isinstance(document, dict) else None
    if not isinstance(rows, list) or not rows or not all(map(_is_example, rows)):
        return None
    return Task(str(document.get("name") or path.stem), _prefix(document.get("example_input_prefix")), rows)


def _is_example(row: object) -> bool:
    return isinstance(row, dict) and "input" in row and ("target" in row or "target_scores" in row)


def _prefix(value: object) -> str:
    prefix = value if isinstance(value, str) else ""
    return prefix if len(_WORD.findall(prefix)) > 1 else ""


def _target(row: Mapping[str, Json]) -> str | None:
    target, scores = row.get("target"), row.get("target_scores")
    if target is not None:
        return as_label(target[0] if isinstance(target, list) and target else target)
    if isinstance(scores, Mapping) and scores:
        numbers = {name: score for name, score in scores.items() if isinstance(score, int | float)}
        return max(numbers, key=lambda name: numbers[name], default=None)
    return None
