"""`satsuma compare-students`: every student on every training set, measured on one test set (TarGEN, Table 3).

    results.parquet       a row per training set, student, size and seed
    predictions.parquet   a row per instance of the test and each of these
    comparison.md, .html  rows students, columns training sets, differences to the baseline with their intervals
    comparison.json       the figures, for `--join` (`satsuma.students.joining`)
    cells/                what each student said, so that nothing is trained twice

The test set is the same for all: rows that any training set holds are refused, or left out of it for all. The baseline
is the set called `original` or `gold`, else the first.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from satsuma.errors import SettingsError
from satsuma.remote.staging import as_told
from satsuma.scoring.official import metric_of
from satsuma.students.cells import FEW_SHOT, Cell, Ground, measured
from satsuma.students.comparison import Curve, Row, curve_of, row_of
from satsuma.students.grounding import check_names, grounded
from satsuma.students.settings import MINILM, TrainOptions, TrainSettings
from satsuma.task.loader import load_card

if TYPE_CHECKING:
    from satsuma.scoring.official import Item, Metric
    from satsuma.students.evaluating import Overlap
    from satsuma.task.card import Card

Note = Callable[[str], None]
Data = str | Path | Sequence[str | Path]
BASELINES = ("original", "gold")


class CompareOptions(TrainOptions, total=False):
    """Besides the settings of a training. students: checkpoints; `frozen` and `frozen:NAME` are linear heads.

    seeds: trainings of each, with the seeds 0, 1 and so on. sizes: parts of each training set for learning curves.
    equal: cut every set to as many instances as the smallest has, drawn anew by each seed, and evenly from the data
    that it is put together from.
    baseline: the training set that others are compared with. overlap: what becomes of test rows that are trained on.
    keep: whether the students stay on the disk. few_shot: examples of the card that the students are shown as they
    come, without training: a set of its own. as_is: training sets whose own columns are verbalized, with their labels:
    `NAME`, or `NAME=COLUMN,COLUMN:LABEL`.
    """

    students: Sequence[str]
    seeds: int
    sizes: Sequence[int]
    equal: bool
    baseline: str
    overlap: Overlap
    keep: bool
    few_shot: int
    as_is: Sequence[str]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is compared, resolved."""

    students: tuple[str, ...]
    seeds: int
    sizes: tuple[int, ...]
    equal: bool
    baseline: str
    overlap: Overlap
    keep: bool
    few_shot: int
    as_is: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came out. rows: each student on each whole training set. curves: with sizes. out: where the files lie."""

    card: str
    metric: str
    test: str
    instances: int
    baseline: str
    trainings: Mapping[str, int]
    rows: tuple[Row, ...]
    curves: tuple[Curve, ...]
    notes: tuple[str, ...]
    out: Path


def compare(
    card: Card | str | Path | Mapping[str, object],
    train: Mapping[str, Data],
    test: str | Path,
    out: Path,
    options: CompareOptions,
    note: Note,
) -> Comparison:
    """Train and measure whatever is not there yet, and write the results.

    Raises:
        DataError: rows cannot be read, or a training set holds rows of the test set.
        SettingsError: there is no training set, no seed, a size is more than a set has, or one is a frozen benchmark.
        SatsumaError: as from a training.
    """
    plan, settings = _resolved(train, options)
    ground, notes = grounded(load_card(card), train, test, out, settings, plan)
    metric = metric_of(ground.card)
    wanted = [
        Cell(training, student, seed, size)
        for student in plan.students
        for training in ground.sets
        for size in (*_sizes(plan, ground, training), _whole(plan, ground, training))
        for seed in range(plan.seeds)
    ]
    found = {cell: measured(cell, ground, note) for cell in wanted}
    if not plan.keep:
        shutil.rmtree(out / "students", ignore_errors=True)
    made = _figures(metric, ground, plan, found, tuple(notes), as_told(test))
    _write(made, ground, found, metric)
    return made


def _resolved(train: Mapping[str, Data], options: CompareOptions) -> tuple[Plan, TrainSettings]:
    if not train:
        raise SettingsError("there is no training set", "Name one: --train synthetic=runs/copa")
    given = dict(options)
    names = tuple(train)
    baseline = str(given.pop("baseline", "") or next((name for name in BASELINES if name in names), names[0]))
    if baseline not in (*names, *([FEW_SHOT] if options.get("few_shot") else [])):
        raise SettingsError(f"the baseline {baseline} is no training set", f"They are {', '.join(names)}.")
    plan = Plan(
        students=tuple(options.get("students") or (MINILM,)),
        seeds=options.get("seeds", 3),
        sizes=tuple(sorted(set(options.get("sizes") or ()))),
        equal=options.get("equal", False),
        baseline=baseline,
        overlap=options.get("overlap", "refuse"),
        keep=options.get("keep", False),
        few_shot=options.get("few_shot", 0),
        as_is=tuple(options.get("as_is") or ()),
    )
    check_names(train, plan)
    if plan.seeds < 1:
        raise SettingsError(f"seeds is {plan.seeds}, but has to be 1 or more")
    for name in ("students", "seeds", "sizes", "equal", "overlap", "keep", "few_shot", "as_is"):
        given.pop(name, None)
    return plan, TrainSettings(**given)  # type: ignore[arg-type]  # TypedDicts cannot be told apart here


def _used(plan: Plan, ground: Ground, training: str) -> int:
    """How many instances of a set are trained on at most."""
    sizes = {name: len(instances) for name, instances in ground.sets.items()}
    least = min(size for name, size in sizes.items() if name != FEW_SHOT)
    return min(sizes[training], least) if plan.equal else sizes[training]


def _whole(plan: Plan, ground: Ground, training: str) -> int | None:
    """The size of the cell that stands for a set; None where that is all of it."""
    used = _used(plan, ground, training)
    return used if used < len(ground.sets[training]) else None


def _sizes(plan: Plan, ground: Ground, training: str) -> tuple[int, ...]:
    """The sizes that a set has; the most that is used of it is measured besides."""
    if training == FEW_SHOT:
        return ()
    return tuple(size for size in plan.sizes if size < _used(plan, ground, training))


def _figures(
    metric: Metric, ground: Ground, plan: Plan, found: Mapping[Cell, list[Item]], notes: tuple[str, ...], test: str
) -> Comparison:
    def items(training: str, student: str, size: int | None) -> list[tuple[Item, ...]]:
        return list(zip(*(found[Cell(training, student, seed, size)] for seed in range(plan.seeds)), strict=True))

    rows, curves = [], []
    trainings = {name: _used(plan, ground, name) for name in ground.sets}
    for student in plan.students:
        against = items(plan.baseline, student, _whole(plan, ground, plan.baseline))
        for training, used in trainings.items():
            other = None if training == plan.baseline else against
            whole = items(training, student, _whole(plan, ground, training))
            rows.append(row_of(metric, (training, student, used), whole, other))
            if sizes := _sizes(plan, ground, training):
                points = {size: items(training, student, size) for size in sizes} | {used: whole}
                curves.append(curve_of(metric, student, training, points))
    return Comparison(
        ground.card.name, metric.name, test, len(ground.test), plan.baseline, trainings, tuple(rows), tuple(curves),
        notes, ground.out,
    )  # fmt: skip


def _write(made: Comparison, ground: Ground, found: Mapping[Cell, list[Item]], metric: Metric) -> None:
    from satsuma.run.atomic import write_atomically
    from satsuma.students.comparison_files import write_predictions, write_results
    from satsuma.students.comparison_pages import html, markdown
    from satsuma.students.joining import FIGURES, figures_of

    made.out.mkdir(parents=True, exist_ok=True)
    write_results(made.out / "results.parquet", ground, found, metric)
    write_predictions(made.out / "predictions.parquet", ground, found)
    write_atomically(made.out / FIGURES, figures_of(made))
    write_atomically(made.out / "comparison.md", markdown(made).encode())
    write_atomically(made.out / "comparison.html", html(made).encode())
