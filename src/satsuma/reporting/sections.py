"""What the sections of the page say, as plain values for its template: texts are safe to look at, and not yet escaped.

A section whose measurement is not defined says why, in the measurement's own words.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from satsuma.measures.comparison import Comparison
from satsuma.measures.entities import Entities
from satsuma.measures.gender import Gender
from satsuma.measures.leaks import Leaks
from satsuma.measures.outcome import NotDefined, as_json
from satsuma.measures.pvi import Pvi
from satsuma.measures.uniqueness import Uniqueness
from satsuma.reporting.charts import Measures, counted, label_shares
from satsuma.reporting.distributions import charts_of
from satsuma.reporting.drawing import Chart
from satsuma.reporting.entity_bars import entity_chart
from satsuma.reporting.flow import label_flow
from satsuma.reporting.instances import Shown, safe
from satsuma.reporting.shortcut_bars import shortcuts

if TYPE_CHECKING:
    from satsuma.llm.request import Json
    from satsuma.reporting.making import Report
    from satsuma.reporting.record import Record

PLACES = {
    "labels": "labels", "correction": "labels", "uniqueness": "duplicates", "leaks": "bias", "shortcuts": "bias",
    "gender": "bias", "against": "distributions", "lengths": "distributions", "rejects": "record", "cost": "record",
    "run": "record",
}  # fmt: skip
"""Measurement → the section that shows it."""
TITLES = {
    "labels": "labels", "duplicates": "duplicates", "bias": "bias and shortcuts", "distributions": "distributions",
    "record": "rejects and cost", "figures": "all figures",
}  # fmt: skip
"""Section → what a link to it says."""
MISLED = -0.5
"""Bits below which an instance misleads a model, rather than telling it nothing."""
PAIRS, HARD, WORDS = 20, 10, 12
LONG = 1_500
"""Characters of a text that are compared word by word with another; of longer ones the beginning is."""
_WORDS = re.compile(r"\s+|[^\s]+")

Diff = list[tuple[bool, str]]
"""Pieces of a text, and whether the other text has them too."""


def sections(report: Report) -> dict[str, object]:
    """Everything that the template shows beside the verdict."""
    datasets = _datasets(report)
    own = report.analysis.measures
    return {
        "places": PLACES,
        "titles": TITLES,
        "label_charts": _some([label_shares(datasets), *(label_flow(measures) for _, measures in datasets)]),
        "distribution_charts": list(charts_of(datasets)),
        "bias_charts": _some([shortcuts(own), *_entities(datasets)]),
        "entity_method": entities.method if isinstance(entities := own.get("entities"), Entities) else "",
        "leaks": list(found.leaks[:WORDS]) if isinstance(found := own.get("leaks"), Leaks) else [],
        "gender": _gender(own),
        "duplicates": [_duplicates(report, n, name, measures) for n, (name, measures) in enumerate(_shown(report))],
        "hardest": _hardest(report),
        "records": [_record(report.titles[number], record) for number, record in report.records.items()],
        "compared": [
            _compared(title, other) for title, other in zip(report.titles[1:], report.analysis.against, strict=True)
        ],
        "missing": {name: told.not_defined for name, told in own.items() if isinstance(told, NotDefined)},
        "figures": [_all_figures(name, measures) for name, measures in datasets],
        "method": getattr(own.get("map"), "method", ""),
    }


def _datasets(report: Report) -> Measures:
    measures = [report.analysis.measures, *(other.measures for other in report.analysis.against)]
    return list(zip(report.titles, measures, strict=True))


def _shown(report: Report) -> Measures:
    """The datasets whose instances are all shown."""
    datasets = _datasets(report)
    return datasets if report.kind == "comparison" else datasets[:1]


def _some(charts: Sequence[Chart | None]) -> list[Chart]:
    return [chart for chart in charts if chart is not None]


def _entities(datasets: Measures) -> Iterator[Chart | None]:
    own = datasets[0][1].get("entities")
    for kind in own.kinds if isinstance(own, Entities) else ():
        yield entity_chart(kind, datasets)


def _gender(measures: Mapping[str, object]) -> list[tuple[str, str, str, str]]:
    """Label, feminine and masculine words, and the share that is feminine."""
    told = measures.get("gender")
    if not isinstance(told, Gender):
        return []
    rows = [("all", told.overall), *told.per_label.items()]
    return [
        (
            safe(name),
            f"{b.feminine:,}",
            f"{b.masculine:,}",
            "-" if b.feminine_share is None else f"{b.feminine_share:.0%}",
        )
        for name, b in rows
    ]


def _places(report: Report) -> dict[tuple[int, str], int]:
    """Dataset and id → place among the instances; of two with one id, the first."""
    return {(one.dataset, one.id): place for place, one in reversed(list(enumerate(report.instances)))}


@dataclass(frozen=True, slots=True)
class Alike:
    """Two instances of a dataset that are alike. places: among the report's instances."""

    rouge_l: float
    one: Shown
    other: Shown
    places: tuple[int, int]


def side_by_side(report: Report, number: int, measures: Mapping[str, object]) -> list[Alike]:
    """The pairs of a dataset that are most alike."""
    told, places = measures.get("uniqueness"), _places(report)
    found = []
    for pair in told.pairs[:PAIRS] if isinstance(told, Uniqueness) else ():
        one, other = places.get((number, safe(pair.one))), places.get((number, safe(pair.other)))
        if one is not None and other is not None:
            found.append(Alike(pair.rouge_l, report.instances[one], report.instances[other], (one, other)))
    return found


def _duplicates(report: Report, number: int, name: str, measures: Mapping[str, object]) -> dict[str, object]:
    pairs = [
        {"rouge_l": pair.rouge_l, "sides": _sides((pair.places[0], pair.one), (pair.places[1], pair.other))}
        for pair in side_by_side(report, number, measures)
    ]
    return {"name": name, "pairs": pairs}


def _sides(one: tuple[int, Shown], other: tuple[int, Shown]) -> list[dict[str, object]]:
    left, right = _differing(_whole(one[1]), _whole(other[1]))
    return [
        {"place": place, "id": shown.id, "label": shown.label, "pieces": pieces}
        for (place, shown), pieces in ((one, left), (other, right))
    ]


def _whole(one: Shown) -> str:
    text = "\n".join(value for value in one.fields.values() if value)
    return text if len(text) <= LONG else f"{text[:LONG]}…"


def _differing(one: str, other: str) -> tuple[Diff, Diff]:
    """Both texts in pieces: what they share, and what they do not."""
    left, right = _WORDS.findall(one), _WORDS.findall(other)
    pairs: tuple[Diff, Diff] = ([], [])
    for what, a, b, c, d in difflib.SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        for pieces, words in ((pairs[0], left[a:b]), (pairs[1], right[c:d])):
            if words:
                pieces.append((what == "equal", "".join(words)))
    return pairs


def _hardest(report: Report) -> list[dict[str, object]]:
    told = report.analysis.measures.get("pvi")
    places = _places(report)
    found = [(places.get((0, safe(one.id))), one) for one in (told.hardest if isinstance(told, Pvi) else ())]
    return [
        {"place": place, "label": safe(one.label), "pvi": one.pvi, "text": _whole(report.instances[place])[:300]}
        for place, one in found[:HARD]
        if place is not None and one.pvi < MISLED
    ]


def _record(title: str, record: Record) -> dict[str, object]:
    bars = [(f"{one.reason} ({one.step})", one.count) for one in record.reasons]
    dropped = counted("Rejects by reason", "Candidates and contexts that were dropped.", "rejects", bars)
    tokens = [(one.step, one.input_tokens + one.output_tokens) for one in record.steps]
    spent = counted("Tokens by step", "Read and written, failed attempts included.", "tokens", tokens)
    waited = counted(
        "Waiting by step", "Seconds from request to reply, summed over requests that overlap.", "seconds",
        [(one.step, round(one.seconds)) for one in record.steps],
    )  # fmt: skip
    asked = counted(
        "Requests by step", "Replies in the journal.", "requests", [(s.step, s.requests) for s in record.steps]
    )
    return {"title": title, "it": record, "charts": _some([dropped, *([spent, waited] if spent else [asked])])}


def _compared(title: str, other: Comparison) -> dict[str, object]:
    across = other.cosine_across
    rows = [
        ("texts that both have, word for word", f"{other.shared:.1%}"),
        ("distance of the labels (0 same, 1 different)", _figure(other.label_distance)),
        ("mean cosine similarity across both", _figure(getattr(across, "mean", None))),
        *(
            (f"divergence of entities: {kind} (0 to 1)", _figure(value))
            for kind, value in other.entity_divergence.items()
        ),
    ]
    return {"name": title, "compared": other.compared, "rows": rows}


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _all_figures(name: str, measures: Mapping[str, object]) -> dict[str, object]:
    """Every figure of every measurement as text, without points and long lists."""
    told = as_json(measures)
    measured = told.items() if isinstance(told, dict) else ()
    return {"name": name, "measures": [(measure, list(_flat(value))) for measure, value in measured]}


def _flat(value: Json, before: str = "") -> Iterator[tuple[str, str]]:
    """Name and value; what is nested is named by its way, what is long is counted."""
    if isinstance(value, dict) and len(value) <= WORDS:
        for name, inner in value.items():
            yield from _flat(inner, f"{before}.{name}" if before else name)
    elif isinstance(value, dict | list):
        yield safe(before), _listed(value)
    else:
        yield safe(before), f"{value:.4g}" if isinstance(value, float) else "-" if value is None else safe(str(value))


def _listed(value: dict[str, Json] | list[Json]) -> str:
    plain = isinstance(value, list) and len(value) <= 2 * WORDS and not any(isinstance(v, dict | list) for v in value)
    if plain:
        return ", ".join(f"{v:.4g}" if isinstance(v, float) else safe(str(v)) for v in value)
    return f"{len(value):,} values; `satsuma analyze --format json` has them"
