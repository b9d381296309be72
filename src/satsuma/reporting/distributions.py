"""The charts of distributions: similarity, uniqueness, difficulty and length, one dataset over the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from satsuma.measures.cosine import Cosines
from satsuma.measures.lengths import Lengths
from satsuma.measures.pvi import EDGES, Pvi
from satsuma.measures.ratings import Ratings, shared_model
from satsuma.measures.uniqueness import NEAR, Uniqueness
from satsuma.reading.ratings import LEVELS
from satsuma.reporting.charts import LABELS, ROW, Measures, colour, distinct, short
from satsuma.reporting.drawing import Chart, drawn

if TYPE_CHECKING:
    from satsuma.llm.request import Json

_BINS = 50


def charts_of(datasets: Measures) -> Iterator[Chart]:
    """The distributions, in the order in which the page has them."""
    for make in (similarity, uniqueness_curve, difficulty, rated_difficulty, lengths):
        if (made := make(datasets)) is not None:
            yield made


def similarity(datasets: Measures) -> Chart | None:
    """The distribution of pairwise cosine similarities (TarGEN, Figure 3)."""
    found = [(name, told) for name, measures in datasets if isinstance(told := measures.get("cosine"), Cosines)]
    if not found or found[0][0] != datasets[0][0]:
        return None
    series = [(name, _halved(told.histogram)) for name, told in found]
    edges = [-1 + 2 * place / _BINS for place in range(_BINS + 1)]
    rows = tuple((name, f"{told.pairs:,}", f"{told.mean:.3f}", f"{told.deviation:.3f}") for name, told in found)
    return Chart(
        "How alike the instances are in meaning",
        "Cosine similarities of all pairs of embeddings; further to the right is more alike.",
        _distribution(series, edges, "cosine similarity", "share of the pairs"),
        ("dataset", "pairs", "mean", "deviation"),
        rows,
    )


def _halved(histogram: Sequence[int]) -> list[int]:
    return [sum(histogram[at : at + 2]) for at in range(0, len(histogram), 2)]


def difficulty(datasets: Measures) -> Chart | None:
    """The distribution of PVI (TarGEN, Figure 5)."""
    found = [(name, told) for name, measures in datasets if isinstance(told := measures.get("pvi"), Pvi)]
    if not found or found[0][0] != datasets[0][0]:
        return None
    series = [(name, list(told.histogram)) for name, told in found]
    rows = tuple((name, f"{told.instances:,}", f"{told.mean:.2f}", f"{told.negative:.1%}") for name, told in found)
    return Chart(
        "How hard the instances are",
        f"V-usable information in bits, by a {found[0][1].family}: left of 0 the input misleads, right of 0 it helps.",
        _distribution(series, [*EDGES], "bits", "share of the instances"),
        ("dataset", "instances", "mean (bits)", "left of 0"),
        rows,
    )


def rated_difficulty(datasets: Measures) -> Chart | None:
    """The distribution of a language model's ratings (DataTune, Figure 5), of the datasets that the same one rated."""
    found = [(name, told) for name, measures in datasets if isinstance(told := measures.get("ratings"), Ratings)]
    if not found or found[0][0] != datasets[0][0]:
        return None
    model = shared_model([told for _, told in found])
    alike = [(name, told.distributions[model], told.models[model]) for name, told in found if model in told.models]
    series = [(name, list(counts.values())) for name, counts, _ in alike]
    rows = tuple((name, *(f"{count:,}" for count in counts.values()), f"{mean:.2f}") for name, counts, mean in alike)
    return Chart(
        "How hard a language model says they are",
        f"Rated from 1, very easy, to 5, very hard, by {short(model)}, which sees neither label nor origin.",
        _distribution(series, [level - 0.5 for level in (*LEVELS, LEVELS[-1] + 1)], "rating", "share of the instances"),
        ("dataset", *map(str, LEVELS), "mean"),
        rows,
    )


def _distribution(series: Sequence[tuple[str, Sequence[int]]], edges: Sequence[float], x: str, y: str) -> str:
    """Histograms over one another: the first filled, the others as steps."""
    used = [place for _, counts in series for place, count in enumerate(counts) if count]
    low, high = max(0, min(used, default=0) - 1), min(len(edges) - 2, max(used, default=0) + 1)
    layers: list[dict[str, Json]] = []
    for number, (name, counts) in enumerate(series):
        total = sum(counts) or 1
        values: list[Json] = [
            {"a": edges[i], "b": edges[i + 1], "share": counts[i] / total,
             "tip": f"{name}: {counts[i] / total:.1%} from {edges[i]:g} to {edges[i + 1]:g}"}
            for i in range(low, high + 1)
        ]  # fmt: skip
        layers.append(_filled(values, x, y) if not number else _outlined(values, number, x, y))
    return drawn(layers, 150)


def _axes(x: str, y: str) -> dict[str, Json]:
    return {
        "x": {"field": "a", "type": "quantitative", "title": x, "scale": {"zero": False, "nice": False}},
        "y": {"field": "share", "type": "quantitative", "title": y, "axis": {"format": ".0%", "tickCount": 4}},
    }


def _filled(values: list[Json], x: str, y: str) -> dict[str, Json]:
    return {
        "data": {"values": values},
        "mark": {"type": "bar", "color": colour(0), "opacity": 0.75, "binSpacing": 1},
        "encoding": {**_axes(x, y), "x2": {"field": "b"}, "y2": {"datum": 0}, "description": {"field": "tip"}},
    }


def _outlined(values: list[Json], number: int, x: str, y: str) -> dict[str, Json]:
    last = values[-1]
    closed: list[Json] = [*values, {**last, "a": last["b"]}] if isinstance(last, dict) else values
    mark: dict[str, Json] = {
        "type": "line",
        "interpolate": "step-after",
        "stroke": colour(number),
        "strokeWidth": 2,
        "aria": False,
    }
    return {"data": {"values": closed}, "mark": mark, "encoding": _axes(x, y)}


def uniqueness_curve(datasets: Measures) -> Chart | None:
    """The share of instances that are unlike all others, over the threshold (DataTune, Figure 4)."""
    found = [(name, told) for name, measures in datasets if isinstance(told := measures.get("uniqueness"), Uniqueness)]
    if not found or found[0][0] != datasets[0][0]:
        return None
    layers: list[dict[str, Json]] = [_threshold()]
    for number, (name, told) in enumerate(found):
        values: list[Json] = [
            {"t": t, "share": share, "tip": f"{name}: {share:.1%} have no other above {t:.2f}"}
            for t, share in zip(told.thresholds, told.unique, strict=True)
        ]
        dash: dict[str, Json] = {"strokeDash": [5, 3]} if number else {}
        encoding: dict[str, Json] = {
            "x": {"field": "t", "type": "quantitative", "title": "ROUGE-L with the nearest other"},
            "y": {"field": "share", "type": "quantitative", "title": "share that is unique",
                  "axis": {"format": ".0%", "tickCount": 4}},
            "description": {"field": "tip"},
        }  # fmt: skip
        line: dict[str, Json] = {"type": "line", "stroke": colour(number), "strokeWidth": 2, "aria": False, **dash}
        points: dict[str, Json] = {"type": "point", "filled": True, "fill": colour(number), "stroke": None, "size": 22}
        layers += [{"data": {"values": values}, "mark": mark, "encoding": encoding} for mark in (line, points)]
    rows = tuple(
        (name, f"{t.near_duplicates:.1%}", f"{t.exact_duplicates:.1%}", f"{t.mean_nearest:.3f}") for name, t in found
    )
    return Chart(
        "How unlike the instances are in words",
        f"The higher, the fewer instances repeat one another; right of {NEAR} they are near-duplicates.",
        drawn(layers, 150),
        ("dataset", "near-duplicates", "word for word", "mean ROUGE-L with the nearest"),
        rows,
    )


def _threshold() -> dict[str, Json]:
    return {"data": {"values": [{"t": NEAR}]}, "mark": {"type": "rule", "strokeDash": [2, 3], "aria": False},
            "encoding": {"x": {"field": "t", "type": "quantitative"}}}  # fmt: skip


def lengths(datasets: Measures) -> Chart | None:
    """How long the texts are: the middle half as a bar, 5 to 95% as a line."""
    found = [(name, told) for name, measures in datasets if isinstance(told := measures.get("lengths"), Lengths)]
    if not found:
        return None
    own = list(found[0][1].per_label.items())[:LABELS]
    shown = distinct(label for label, _ in own)
    spreads = [(short(name), colour(at), told.tokens) for at, (name, told) in enumerate(found)]
    spreads += [(f"label {shown[label]}", "var(--muted)", spread) for label, spread in own]
    values: list[Json] = [
        {"name": name, "c": paint, **dict(zip(("a", "b", "m", "d", "e"), spread.quantiles, strict=True)),
         "tip": f"{name}: half of the texts have {spread.quantiles[1]:g} to {spread.quantiles[3]:g} tokens"}
        for name, paint, spread in spreads
    ]  # fmt: skip
    y: Json = {
        "field": "name",
        "type": "nominal",
        "sort": None,
        "title": None,
        "axis": {"domain": False, "ticks": False},
    }
    paint_: Json = {"field": "c", "type": "nominal", "scale": None}

    def layer(mark: dict[str, Json], low: str, high: str | None) -> dict[str, Json]:
        x: dict[str, Json] = {"x": {"field": low, "type": "quantitative", "title": "tokens"}}
        ends: dict[str, Json] = {"x2": {"field": high}} if high else {}
        said: dict[str, Json] = {"description": {"field": "tip"}} if mark["type"] == "bar" else {}
        return {"data": {"values": values}, "mark": mark, "encoding": {"y": y, **x, **ends, "color": paint_, **said}}

    layers = [
        layer({"type": "rule", "aria": False}, "a", "e"),
        layer({"type": "bar", "height": 11}, "b", "d"),
        {**layer({"type": "tick", "thickness": 2, "height": 11, "aria": False}, "m", None)},
    ]
    layers[2]["encoding"] = {"y": y, "x": {"field": "m", "type": "quantitative"}, "color": {"value": "var(--bg)"}}
    rows = tuple((name, *(f"{q:g}" for q in spread.quantiles)) for name, _, spread in spreads)
    head = ("", "5%", "25%", "half", "75%", "95%")
    return Chart(
        "How long the texts are",
        "Tokens: the bar is the middle half, the line 5 to 95%; by label under it.",
        drawn(layers, ROW * max(2, len(spreads))),
        head,
        rows,
    )
