"""Where a student is weak, as weights for a further budget: from the predictions that `satsuma evaluate` saved.

    satsuma evaluate students/tickets --on gold/dev.jsonl
    satsuma generate tickets -n 200 --focus students/tickets --seed 1 -o runs/more

Each value of an axis (a label, a value of what the card varies, a context of the card's own list) is an arm of a
bandit. Its loss is the mean, in nats, of -ln of what the student gave the right answer, drawn towards the mean of all
as if `PRIOR` more instances had shown that, plus one standard error: values that were seen little are tried (the upper
confidence bound of Lai and Robbins 1985). A quarter of the budget (`FLOOR`) is dealt evenly, the rest in proportion.

Positions of right options are no label here: weights on them would teach a bias. An axis that no prediction tells of
stays even. Predictions have to be of rows that the student did not learn from, as evaluations are; on a test set that
is to be reported they would leak it into the training data.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from satsuma.errors import DataError
from satsuma.remote.urls import FETCHED_BY, NOT_FETCHED, refuse_url

if TYPE_CHECKING:
    from satsuma.llm.request import Json
    from satsuma.task.card import Card

Weights = dict[str, int]
FLOOR = 0.25
"""The part of a budget that is dealt evenly."""
PRIOR = 8
"""Instances that the mean of all counts as."""
SCALE = 1000
"""The weights of an axis sum to about this, so that figures of another machine round to the same."""
FINE = 20
"""And to so much for each of its values, so that many of them do not round to the same."""
LEAST = 0.001
"""A right answer is taken to have been given this probability at least."""


class Weak(TypedDict):
    """The weights of labels, of the values of each axis, and of contexts; empty where they are even."""

    labels: Weights
    varied: dict[str, Weights]
    contexts: Weights


def weights_of(where: str | Path, card: Card) -> Weak:
    """Where the student is weak. where: a student, or one file of its predictions.

    Raises:
        DataError: there are no predictions, or they tell nothing of what the card varies.
    """
    refuse_url(where, NOT_FETCHED, FETCHED_BY)
    rows = _rows(Path(where).expanduser())
    losses = [_loss(row) for row in rows]
    labels = tuple(card.output.labels or ()) if card.output.kind == "labels" else ()
    found: Weak = {
        "labels": weights(zip([str(row["gold"]) for row in rows], losses, strict=True), labels),
        "varied": _of_axes(rows, losses, card),
        "contexts": weights(zip([str(row["context"]) for row in rows], losses, strict=True), card.contexts.given),
    }
    if not any(found.values()):
        raise DataError(
            f"the predictions of {where} tell nothing of the labels, varied values or contexts of the card {card.name}",
            "Evaluate the student on rows of this card, best a run of it: satsuma evaluate STUDENT --on runs/other",
        )
    return found


def _of_axes(rows: Sequence[Mapping[str, Json]], losses: Sequence[float], card: Card) -> dict[str, Weights]:
    drawn = [_named(row["varied"], "value") for row in rows]
    axes = {
        axis: weights(((str(one[axis]), loss) for one, loss in zip(drawn, losses, strict=True) if axis in one), values)
        for axis, values in card.varied.items()
    }
    return {axis: made for axis, made in axes.items() if made}


def weights(seen: Iterable[tuple[str, float]], values: Sequence[str]) -> Weights:
    """Value → weight, from pairs of a value and a loss; empty where none of the values was seen or there is no choice.

    values: all of the axis.
    """
    by_value: dict[str, list[float]] = {value: [] for value in values}
    for value, loss in seen:
        if value in by_value:
            by_value[value].append(loss)
    every = [loss for losses in by_value.values() for loss in losses]
    if not every or len(values) < 2:
        return {}
    mean = sum(every) / len(every)
    deviation = math.sqrt(sum((loss - mean) ** 2 for loss in every) / len(every))
    hope = {
        value: (sum(losses) + PRIOR * mean + deviation * math.sqrt(len(losses) + PRIOR)) / (len(losses) + PRIOR)
        for value, losses in by_value.items()
    }
    total = sum(hope.values())
    if total == 0:
        return {}
    scale = max(SCALE, FINE * len(values))
    return {value: round(scale * (FLOOR / len(values) + (1 - FLOOR) * one / total)) for value, one in hope.items()}


def _rows(path: Path) -> list[Mapping[str, Json]]:
    from satsuma.students.record import opened

    files = [path] if path.is_file() else sorted(opened(path)[0].evaluations.glob("*.parquet"))
    if not files:
        raise DataError(
            f"{path} has no predictions, so nobody knows where it is weak",
            f"Measure it on rows that it did not learn from: satsuma evaluate {path} --on DATA",
        )
    return [row for file in files for row in _read(file)]


def _read(file: Path) -> list[Mapping[str, Json]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(file, columns=["gold", "right", "probabilities", "context", "varied"])
    except (OSError, KeyError, pa.ArrowException) as error:
        raise DataError(
            f"{file} has no predictions that tell where they come from: {error}",
            "Evaluate the student again: satsuma evaluate STUDENT --on DATA",
        ) from None
    rows: list[Mapping[str, Json]] = table.to_pylist()
    return rows


def _loss(row: Mapping[str, Json]) -> float:
    """In nats; where the right answer was given no probability, 0 or 1."""
    given = _named(row["probabilities"], "probability").get(str(row["gold"]))
    return -math.log(max(LEAST, float(str(given)))) if given is not None else float(not row["right"])


def _named(pairs: Json, value: str) -> dict[str, Json]:
    listed = pairs if isinstance(pairs, list) else []
    return {str(pair["name"]): pair[value] for pair in listed if isinstance(pair, dict)}
