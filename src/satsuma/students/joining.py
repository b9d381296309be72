"""Several comparisons in one table: rows students and training sets, columns tasks, and their average.

    satsuma compare-students --join results/copa results/boolq -o results/all

With original, synthetic and both as training sets this is TarGEN's main table (rows students, columns tasks), and with
few-shot, retrieved as is, generated, transformed and both of one student DataTune's Table 2 (rows methods). The average
is that of `satsuma evaluate` (`averaging.py`): SuperGLUE's where its eight tasks are there.

    results.parquet, comparison.md, comparison.html

The average's interval is of resamples of each task's instances, taken independently of each other; that of a difference
has the same instances for both training sets. A comparison keeps its resamples in `comparison.json` for that. Not
covered: a p-value of the average's difference.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from satsuma.errors import DataError, SettingsError
from satsuma.remote.urls import FETCHED_BY, NOT_FETCHED, refuse_url
from satsuma.scoring.pairs import mean
from satsuma.scoring.significance import Interval, interval
from satsuma.students.averaging import average_of

if TYPE_CHECKING:
    from satsuma.students.comparing import Comparison
    from satsuma.students.comparison import Row

FIGURES = "comparison.json"
_DIGITS = 6
Key: TypeAlias = tuple[str, str]
"""Student and training set."""


class Between(BaseModel):
    """A figure with its interval, and how likely as much is by chance, where it is a difference."""

    value: float
    low: float
    high: float
    p: float | None = None


class Figure(BaseModel):
    """A student trained on a set. drawn: its score on each resample of the test's instances."""

    student: str
    training: str
    instances: int
    score: Between
    seeds: list[float]
    spread: float | None
    difference: Between | None = None
    drawn: list[float] = Field(default_factory=list)


class Figures(BaseModel):
    """comparison.json."""

    model_config = ConfigDict(extra="forbid")

    card: str
    metric: str
    test: str
    instances: int
    baseline: str
    rows: list[Figure]

    def row(self, key: Key) -> Figure | None:
        """A student trained on a set; None where this was not compared."""
        return next((row for row in self.rows if (row.student, row.training) == key), None)


@dataclass(frozen=True, slots=True)
class Averaged:
    """A student trained on a set of each task. difference: to the baseline; None of itself, and where a task lacks."""

    score: Interval
    difference: Interval | None


@dataclass(frozen=True, slots=True)
class Joined:
    """Several comparisons. keys: the rows, in order. name: what the average is called. averages: of whole rows."""

    tasks: tuple[Figures, ...]
    baseline: str
    keys: tuple[Key, ...]
    name: str
    averages: Mapping[Key, Averaged]
    out: Path


def figures_of(made: Comparison) -> bytes:
    """What a comparison keeps of itself."""
    rows = [_figure(row) for row in made.rows]
    found = Figures(
        card=made.card, metric=made.metric, test=made.test, instances=made.instances, baseline=made.baseline, rows=rows
    )
    return orjson.dumps(found.model_dump(mode="json"))


def _figure(row: Row) -> Figure:
    score, gap = row.score, row.difference
    return Figure(
        student=row.student, training=row.training, instances=row.instances,
        score=Between(value=score.value, low=score.low, high=score.high), seeds=list(row.seeds), spread=row.spread,
        difference=None if gap is None else Between(value=gap.value, low=gap.low, high=gap.high, p=gap.p),
        drawn=[round(one, _DIGITS) for one in row.drawn],
    )  # fmt: skip


def join(places: Sequence[str | Path], out: Path) -> Joined:
    """Put comparisons together, and write the table.

    Raises:
        DataError: a directory holds no comparison.
        SettingsError: there are fewer than two, two are of one card, or their baselines differ.
    """
    from satsuma.students.joined_pages import write_joined

    if len(places) < 2:
        raise SettingsError("there are fewer than two comparisons to join", "Name two or more: --join results/copa")
    for place in (*places, out):
        refuse_url(place, NOT_FETCHED, FETCHED_BY)
    tasks = [_read(Path(place)) for place in places]
    names = [task.card for task in tasks]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise SettingsError(f"two comparisons are of the card {twice}", "Join one of each task.")
    if len(baselines := {task.baseline for task in tasks}) > 1:
        raise SettingsError(
            f"the comparisons have different baselines: {', '.join(sorted(baselines))}",
            "Compare again with the same --baseline; nothing is trained for that.",
        )
    made = joined(tasks, out)
    write_joined(made)
    return made


def joined(tasks: Sequence[Figures], out: Path) -> Joined:
    """The rows of all tasks, and the averages of those that every task has."""
    baseline, keys = tasks[0].baseline, tuple(_keys(tasks))
    averages = {key: made for key in keys if (made := _averaged(tasks, key, baseline)) is not None}
    name = average_of({task.card: (task.metric, 0.0) for task in tasks})[0]
    return Joined(tuple(tasks), baseline, keys, name, averages, out)


def _keys(tasks: Iterable[Figures]) -> list[Key]:
    """Student by student, each with its training sets, in the order in which they come up."""
    found = list(dict.fromkeys((row.student, row.training) for task in tasks for row in task.rows))
    students = list(dict.fromkeys(student for student, _ in found))
    return sorted(found, key=lambda key: students.index(key[0]))


def _averaged(tasks: Sequence[Figures], key: Key, baseline: str) -> Averaged | None:
    rows = [(task, task.row(key), task.row((key[0], baseline))) for task in tasks]
    own = {task.card: (task.metric, row.score.value) for task, row, _ in rows if row is not None}
    value = average_of(own)[1]
    if len(own) < len(tasks) or value is None:
        return None
    used = [(task, row, other) for task, row, other in rows if row is not None and _is_averaged(task)]
    drawn = _together([(task.card, row.drawn) for task, row, _ in used])
    others = [(task.card, other.drawn) for task, _, other in used if other is not None]
    if key[1] == baseline or len(others) < len(used):
        return Averaged(interval(value, drawn), None)
    against = mean([other.score.value for _, _, other in used if other is not None])
    gaps = [a - b for a, b in zip(drawn, _together(others), strict=True)]
    return Averaged(interval(value, drawn), interval(value - against, gaps))


def _is_averaged(task: Figures) -> bool:
    """Whether a task's figure is part of an average, beside another that is."""
    return average_of({task.card: (task.metric, 0.0), "": ("accuracy", 0.0)})[1] is not None


def _together(drawn: Sequence[tuple[str, Sequence[float]]]) -> list[float]:
    """The mean over tasks of their resamples, each task's in an order of its own, as they are independent."""
    shuffled = []
    for name, scores in drawn:
        order = list(scores)
        random.Random(f"{name} resamples").shuffle(order)
        shuffled.append(order)
    return [mean(row) for row in zip(*shuffled, strict=True)]


def _read(place: Path) -> Figures:
    again = "Run its `satsuma compare-students` command again: nothing is trained for that."
    try:
        return Figures.model_validate(orjson.loads((place.expanduser() / FIGURES).read_bytes()))
    except FileNotFoundError:
        raise DataError(f"{place} holds no comparison, or one of an earlier version", again) from None
    except (OSError, ValueError, ValidationError) as error:
        raise DataError(f"{place / FIGURES} cannot be read: {error}", again) from None
