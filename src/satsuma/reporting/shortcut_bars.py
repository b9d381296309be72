"""How well a part of the input alone tells the label, beside always guessing the most frequent one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from satsuma.measures.shortcuts import Shortcuts
from satsuma.reporting.charts import ROW, bars, colour, distinct
from satsuma.reporting.drawing import Chart, drawn

if TYPE_CHECKING:
    from satsuma.llm.request import Json

_LENGTH = "its length"


def shortcuts(measures: Mapping[str, object]) -> Chart | None:
    """The accuracy of each part; what gives the label away stands out."""
    told = measures.get("shortcuts")
    if not isinstance(told, Shortcuts):
        return None
    named = [("the whole text", told.whole_text), (_LENGTH, told.lengths), *told.fields.items()]
    parts = [(name, part) for name, part in named if part is not None]
    shown = distinct(name for name, _ in parts)
    away = {_LENGTH if name == "length" else name for name in told.gives_away}
    values: list[Json] = [
        {
            "name": shown[name],
            "set": 0,
            "share": part.accuracy,
            "low": part.low,
            "high": part.high,
            "c": "var(--bad)" if name in away else colour(0),
            "tip": f"{shown[name]}: {part.accuracy:.0%} ({part.low:.0%} to {part.high:.0%})",
        }
        for name, part in parts
    ]
    layers = [bars(values, "name", "share", "accuracy", percent=True), _whiskers(values), _majority(told.majority)]
    rows = tuple((name, f"{p.accuracy:.1%}", f"{p.low:.1%} to {p.high:.1%}") for name, p in parts)
    reading = "Accuracy of a small classifier that sees only this; the dashed line is always guessing the most frequent"
    return Chart(
        "What tells the label",
        f"{reading} label ({told.majority:.0%}).",
        drawn(layers, ROW * max(2, len(parts))),
        ("it sees", "accuracy", "95% interval"),
        rows,
    )


def _whiskers(values: list[Json]) -> dict[str, Json]:
    return {
        "data": {"values": values},
        "mark": {"type": "rule", "stroke": "var(--ink)", "aria": False},
        "encoding": {
            "y": {"field": "name", "type": "nominal", "sort": None},
            "x": {"field": "low", "type": "quantitative"},
            "x2": {"field": "high"},
        },
    }


def _majority(share: float) -> dict[str, Json]:
    return {
        "data": {"values": [{"m": share}]},
        "mark": {"type": "rule", "strokeDash": [4, 3], "aria": False},
        "encoding": {"x": {"field": "m", "type": "quantitative"}},
    }
