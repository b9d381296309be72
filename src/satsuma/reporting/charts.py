"""The charts of a report, one function each: figures of an analysis in, a drawing with its table out. Here: bars.

The measured dataset is filled and has the first colour, those that it is compared with are outlines or stand beside
it, each with its own: no chart is told by colour alone, and each has its figures as a table. A measurement that is not
defined has no chart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from satsuma.measures.labels import Labels
from satsuma.reporting.drawing import Chart, drawn
from satsuma.run.plain import one_line

if TYPE_CHECKING:
    from satsuma.llm.request import Json

Measures = Sequence[tuple[str, Mapping[str, object]]]
"""Name and measurements of each dataset, the measured one first."""
LABELS = 12
ROW = 22


def colour(place: int) -> str:
    """The colour of a dataset."""
    return f"var(--s{place % 4})"


def short(text: str, width: int = 24) -> str:
    """A label as charts have it."""
    return one_line(text, width)


def distinct(texts: Iterable[str], width: int = 24) -> dict[str, str]:
    """Different texts as charts have them, no two alike: what is one when cut is numbered."""
    found: dict[str, str] = {}
    used: Counter[str] = Counter()
    for text in dict.fromkeys(texts):
        cut = short(text, width)
        used[cut] += 1
        found[text] = cut if used[cut] == 1 else f"{short(text, width - 4)} ({used[cut]})"
    return found


def label_shares(datasets: Measures) -> Chart | None:
    """How often each label is."""
    found = [(name, measures.get("labels")) for name, measures in datasets]
    counts = [(name, told.counts) for name, told in found if isinstance(told, Labels)]
    if not counts or not isinstance(found[0][1], Labels):
        return None
    names = list(dict.fromkeys(label for _, own in counts for label in own))[:LABELS]
    rows = [
        (label, name, own.get(label, 0), own.get(label, 0) / sum(own.values()))
        for label in names
        for name, own in counts
    ]
    shown = distinct(names)
    values: list[Json] = [
        {
            "label": shown[label],
            "set": at,
            "share": share,
            "tip": f"{short(label)}, {name}: {count:,} ({share:.1%})",
            "c": colour(at),
        }
        for number, (label, name, count, share) in enumerate(rows)
        for at in [number % len(counts)]
    ]
    drawn_bars = bars(values, "label", "share", "share of the instances", percent=True, sets=len(counts))
    told = tuple((label, name, f"{count:,}", f"{share:.1%}") for label, name, count, share in rows)
    svg = drawn([drawn_bars], ROW * max(2, len(names) * (1 + (len(counts) - 1) // 2)))
    return Chart(
        "How often each label is", "The share of the instances.", svg, ("label", "dataset", "instances", "share"), told
    )


def bars(
    values: Sequence[Json], category: str, figure: str, title: str, *, percent: bool = False, sets: int = 1
) -> dict[str, Json]:
    """Horizontal bars, in the order of the values; of several datasets beside one another."""
    x: dict[str, Json] = {"field": figure, "type": "quantitative", "title": title}
    x["axis"] = {"tickCount": 4, **({"format": ".0%"} if percent else {})}
    offset: dict[str, Json] = {"yOffset": {"field": "set", "type": "nominal"}} if sets > 1 else {}
    quiet: dict[str, Json] = {"domain": False, "ticks": False}
    return {
        "data": {"values": list(values)},
        "mark": {"type": "bar"},
        "encoding": {
            "y": {"field": category, "type": "nominal", "sort": None, "title": None, "axis": quiet},
            "x": x,
            "color": {"field": "c", "type": "nominal", "scale": None},
            "description": {"field": "tip"},
            **offset,
        },
    }  # fmt: skip


def counted(title: str, reading: str, what: str, rows: Sequence[tuple[str, int]]) -> Chart | None:
    """Plain counts as bars, the most frequent first."""
    if not any(count for _, count in rows):
        return None
    shown = distinct((name for name, _ in rows), 30)
    values: list[Json] = [
        {"name": shown[name], "set": 0, "n": count, "tip": f"{short(name, 60)}: {count:,}", "c": colour(0)}
        for name, count in rows[:LABELS]
    ]
    svg = drawn([bars(values, "name", "n", what)], ROW * max(2, len(values)))
    return Chart(title, reading, svg, ("", what), tuple((name, f"{count:,}") for name, count in rows))
