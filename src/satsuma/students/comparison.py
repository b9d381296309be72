"""The figures of a comparison: scores over seeds, differences between training sets, and learning curves.

A score is the mean over the seeds of the card's official metric; its interval is a bootstrap over the test's instances,
each of them with the predictions of all seeds. A difference is that to the baseline, of the same student, on the same
instances (paired), with the p-value of the randomization test. A learning curve is score against log2 n; its slope,
by least squares, is what twice as many instances are worth, with a bootstrap interval. Both intervals hold for this
test set's population and these seeds; that other seeds would differ shows in `spread`.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from satsuma.scoring.pairs import mean
from satsuma.scoring.significance import Difference, Interval, bootstrap, interval, paired_bootstrap, resampled

if TYPE_CHECKING:
    from satsuma.scoring.official import Item, Metric

ROUNDS = 1000
LEAST_POINTS = 3
BySeed: TypeAlias = "tuple[Item, ...]"
"""One instance of the test, with the prediction of each seed."""
Measured: TypeAlias = "Mapping[tuple[str, str, int | None], list[BySeed]]"
"""Training set, student and size → the test's instances."""


@dataclass(frozen=True, slots=True)
class Row:
    """A student trained on a set. instances: of the training set. spread: standard deviation over seeds, None of one.

    difference: to the same student trained on the baseline; None for the baseline itself and for sizes. drawn: the
    score on each resample of the test's instances, the same ones for all rows.
    """

    student: str
    training: str
    instances: int
    score: Interval
    seeds: tuple[float, ...]
    spread: float | None
    difference: Difference | None = None
    drawn: tuple[float, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Curve:
    """A student on growing parts of a set. doubling: what twice as many instances are worth; None of two points."""

    student: str
    training: str
    points: tuple[Row, ...]
    doubling: Interval | None


def seeds_of(metric: Metric, items: Sequence[BySeed]) -> tuple[float, ...]:
    """The score of each seed."""
    return tuple(metric.value([one[at] for one in items]) for at in range(len(items[0])))


def row_of(
    metric: Metric, key: tuple[str, str, int], items: Sequence[BySeed], against: Sequence[BySeed] | None = None
) -> Row:
    """The figures of a cell. key: training set, student, instances. against: the baseline's."""
    training, student, instances = key

    def score(chosen: Sequence[BySeed]) -> float:
        return mean(seeds_of(metric, chosen))

    seeds = seeds_of(metric, items)
    drawn = resampled(items, score, rounds=ROUNDS)
    return Row(
        student=student,
        training=training,
        instances=instances,
        score=interval(score(items), drawn),
        seeds=seeds,
        spread=statistics.stdev(seeds) if len(seeds) > 1 else None,
        difference=None if against is None else paired_bootstrap(items, against, score, rounds=ROUNDS),
        drawn=drawn,
    )


def curve_of(metric: Metric, student: str, training: str, points: Mapping[int, Sequence[BySeed]]) -> Curve:
    """The curve through scores at several sizes. points: size → the test's instances."""
    rows = tuple(row_of(metric, (training, student, n), items) for n, items in sorted(points.items()))
    if len(rows) < LEAST_POINTS:
        return Curve(student, training, rows, None)
    sizes = sorted(points)
    joined = list(zip(*(points[n] for n in sizes), strict=True))

    def slope(chosen: Sequence[tuple[BySeed, ...]]) -> float:
        return slope_of(sizes, [mean(seeds_of(metric, [one[at] for one in chosen])) for at in range(len(sizes))])

    return Curve(student, training, rows, bootstrap(joined, slope, rounds=ROUNDS))


def slope_of(sizes: Sequence[int], scores: Sequence[float]) -> float:
    """What a doubling adds: the slope of the least-squares line of scores on log2 sizes."""
    logs = [math.log2(n) for n in sizes]
    middle = mean(logs)
    spread = sum((x - middle) ** 2 for x in logs)
    return sum((x - middle) * y for x, y in zip(logs, scores, strict=True)) / spread if spread else 0.0


def worth(curve: Curve, best: float = 1.0) -> str:
    """What more instances are worth, in words. best: the highest score there is."""
    if curve.doubling is None:
        return f"{len(curve.points)} sizes are too few to say what more instances are worth; {LEAST_POINTS} are needed"
    gain, last = curve.doubling, curve.points[-1]
    told = f"twice as many instances: {100 * gain.value:+.1f} points ({100 * gain.low:+.1f} to {100 * gain.high:+.1f})"
    if gain.low <= 0:
        return f"{told}; no gain can be told from chance, so more of the same is not worth buying yet"
    expected = min(best, last.score.value + gain.value)
    return f"{told}; {2 * last.instances:,} instances would be near {100 * expected:.1f}"
