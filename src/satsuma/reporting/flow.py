"""The flow of labels: what was asked for on the left, what self-correction made of it on the right (TarGEN, Figure 2).

Each band is as high as it has instances; those that kept their label are pale, those that changed stand out. The
geometry is computed here, Vega-Lite draws it. Not covered: more than `MOST` labels, which are bars of the most frequent
changes instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from satsuma.measures.correction import Correction
from satsuma.reporting.charts import counted, short
from satsuma.reporting.drawing import Chart, drawn

if TYPE_CHECKING:
    from satsuma.llm.request import Json

MOST = 10
GAP = 0.04
"""Of the height, shared by the gaps between labels."""
_STEPS = 16
_EDGE = 0.03
_SIDE = 0.62
"""Room for the labels on either side, in widths of the flow."""


def label_flow(measures: Mapping[str, object]) -> Chart | None:
    """The flow of labels; None where nothing was corrected, or the output is no label."""
    told = measures.get("correction")
    if not isinstance(told, Correction) or not told.matrix:
        return None
    labels = list(dict.fromkeys([*told.matrix, *(to for row in told.matrix.values() for to in row)]))
    rows = tuple((asked, to, f"{n:,}") for asked, row in told.matrix.items() for to, n in row.items())
    if len(labels) > MOST:
        moves = [(f"{move.asked} → {move.corrected}", move.instances) for move in told.moves]
        return counted(
            "Labels that changed", "From the label asked for to the label after correction.", "instances", moves
        )
    svg = drawn(list(_layers(labels, told.matrix)), 40 + 34 * len(labels), 300)
    reading = (
        f"Asked for on the left, corrected to on the right; {told.changed.value:.1%} changed "
        f"(95% interval {told.changed.low:.1%} to {told.changed.high:.1%})."
    )
    return Chart(
        "Labels asked for, and after correction", reading, svg, ("asked for", "corrected to", "instances"), rows
    )


def _layers(labels: Sequence[str], matrix: Mapping[str, Mapping[str, int]]) -> Iterator[dict[str, Json]]:
    asked = {label: sum(matrix.get(label, {}).values()) for label in labels}
    given = {label: sum(row.get(label, 0) for row in matrix.values()) for label in labels}
    left, right = _stacked(labels, asked), _stacked(labels, given)
    values: list[Json] = []
    starts, ends = {name: left[name][0] for name in labels}, {name: right[name][0] for name in labels}
    total = sum(asked.values()) or 1
    for one in labels:
        for other in labels:
            count = matrix.get(one, {}).get(other, 0)
            if not count:
                continue
            high = count / total * (1 - GAP)
            band = (starts[one], ends[other], high)
            values += _band(f"{one} → {other}", band, count, labels.index(one), changed=one != other)
            starts[one] += high
            ends[other] += high
    yield _area(values)
    yield _ends(labels, left, asked, at=0.0)
    yield _ends(labels, right, given, at=1.0)


def _stacked(labels: Sequence[str], counts: Mapping[str, int]) -> dict[str, tuple[float, float]]:
    """Label → where its part begins and ends, from 0 to 1."""
    total, gap = sum(counts.values()) or 1, GAP / max(len(labels) - 1, 1)
    found, y = {}, 0.0
    for label in labels:
        high = counts[label] / total * (1 - GAP)
        found[label] = (y, y + high)
        y += high + gap
    return found


def _band(name: str, band: tuple[float, float, float], count: int, place: int, *, changed: bool) -> list[Json]:
    """The points of one band, from the left to the right. band: where it starts and ends, and how high it is."""
    start, end, high = band
    made: list[Json] = []
    for step in range(_STEPS + 1):
        t = step / _STEPS
        y = start + (end - start) * (3 * t * t - 2 * t**3)
        made.append(
            {
                "x": _EDGE + t * (1 - 2 * _EDGE),
                "y": y,
                "y2": y + high,
                "link": name,
                "c": f"var(--c{place % 8})",
                "o": 0.85 if changed else 0.35,
                "tip": f"{short(name, 60)}: {count:,}",
            }
        )
    return made


def _area(values: list[Json]) -> dict[str, Json]:
    return {
        "data": {"values": values},
        "mark": {"type": "area"},
        "encoding": {
            "x": _x("x"),
            "y": _y("y"),
            "y2": {"field": "y2"},
            "detail": {"field": "link"},
            "color": {"field": "c", "type": "nominal", "scale": None},
            "opacity": {"field": "o", "type": "quantitative", "scale": None},
            "description": {"field": "tip"},
        },
    }


def _ends(
    labels: Sequence[str], places: Mapping[str, tuple[float, float]], counts: Mapping[str, int], *, at: float
) -> dict[str, Json]:
    values: list[Json] = [
        {
            "x": at - _EDGE if not at else at + _EDGE,
            "y": sum(places[label]) / 2,
            "t": f"{short(label, 20)} {counts[label]:,}",
        }
        for label in labels
    ]
    mark: dict[str, Json] = {"type": "text", "align": "left" if at else "right", "baseline": "middle", "aria": False}
    return {
        "data": {"values": values},
        "mark": mark,
        "encoding": {"x": _x("x"), "y": _y("y"), "text": {"field": "t"}},
    }


def _x(name: str) -> dict[str, Json]:
    return {"field": name, "type": "quantitative", "axis": None, "scale": {"domain": [-_SIDE, 1 + _SIDE]}}


def _y(name: str) -> dict[str, Json]:
    return {
        "field": name,
        "type": "quantitative",
        "axis": None,
        "scale": {"domain": [0, 1], "reverse": True},
        "stack": None,
    }
