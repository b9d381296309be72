"""A student on several tasks: each by its card's official metric, and their average.

    satsuma evaluate students/all --on copa=gold/copa.jsonl --on boolq=gold/boolq.jsonl

The average is over the tasks, of each one's figure (of several, their mean), as SuperGLUE's is (Wang et al. 2019); it
is called that where all of its eight tasks are there. Its diagnostics are no part of it, and neither are measures of
which the smallest is best.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from satsuma.errors import SettingsError
from satsuma.scoring.pairs import mean
from satsuma.scoring.superglue import TASKS
from satsuma.students.evaluating import Evaluation, Exam, evaluate_student

if TYPE_CHECKING:
    from satsuma.students.student import Student

LEFT_OUT = ("axb", "axg")
"""SuperGLUE's diagnostics."""
SUPERGLUE = "SuperGLUE average"


@dataclass(frozen=True, slots=True)
class Evaluations:
    """How good a student is on several tasks. average: over those of them that are averaged; None of fewer than two."""

    tasks: Mapping[str, Evaluation]
    name: str
    average: float | None


def evaluate_tasks(student: Student, on: Mapping[str, str | Path], exam: Exam) -> Evaluations:
    """Measure a student on several tasks. on: the name of a card, or its file → the labelled rows.

    Raises:
        DataError, SettingsError: as for one task, or no task is named.
    """
    if not on:
        raise SettingsError("there is nothing to measure on", "Name labelled rows: --on FILE")
    found = [evaluate_student(student, where, replace(exam, card=card)) for card, where in on.items()]
    tasks = {one.card: one for one in found}
    return Evaluations(tasks, *average_of({name: (one.metric, one.score.value) for name, one in tasks.items()}))


def average_of(scores: Mapping[str, tuple[str, float]]) -> tuple[str, float | None]:
    """What an average is called, and its value; None where fewer than two tasks have one. scores: metric and figure."""
    used = {
        name: value
        for name, (metric, value) in scores.items()
        if name not in LEFT_OUT and metric != "mean-absolute-error"
    }
    if len(used) < 2:
        return "average", None
    name = SUPERGLUE if set(used) == set(TASKS) else f"average of {len(used)} tasks"
    return name, mean(list(used.values()))
