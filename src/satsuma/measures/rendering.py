"""An analysis for people: a few figures beside one another for the terminal, all of them as Markdown.

Texts of datasets (labels, words, names) are shown on one line, escaped (`satsuma.run.plain`), and in Markdown without
anything that would be markup. What the figures mean: docs/measures.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from satsuma.measures.outcome import NotDefined, as_json
from satsuma.measures.ratings import Ratings, shared_model
from satsuma.run.plain import one_line

if TYPE_CHECKING:
    from satsuma.llm.request import Json
    from satsuma.measures.analysis import Analysis

HEADLINES: tuple[tuple[str, str, str, str], ...] = (
    ("tokens per example", "vocabulary", "tokens_per_example", ".1f"),
    ("unique bigrams per example", "vocabulary", "unique_bigrams_per_example", ".1f"),
    ("vocabulary per example", "vocabulary", "vocabulary_per_example", ".1f"),
    ("distinct-2", "vocabulary", "distinct_2", ".3f"),
    ("self-BLEU-4", "self_bleu", "self_bleu_4", ".3f"),
    ("near-duplicates (ROUGE-L > 0.7)", "uniqueness", "near_duplicates", ".1%"),
    ("mean ROUGE-L with the nearest", "uniqueness", "mean_nearest", ".3f"),
    ("mean cosine similarity", "cosine", "mean", ".3f"),
    ("reading ease (0 hard, 100 easy)", "readability", "reading_ease", ".1f"),
    ("sentiment (-1 to 1), mean", "sentiment", "mean", ".2f"),
    ("sentiment, deviation", "sentiment", "deviation", ".2f"),
    ("most frequent label", "shortcuts", "majority", ".1%"),
    ("V-usable information (bits)", "pvi", "mean", ".2f"),
    ("rated difficulty (1 to 5), mean", "ratings", "mean", ".2f"),
    ("agreement of the votes", "correction", "agreement", ".1%"),
)
"""Name, measurement, figure, format."""
SHOWN = 8
_ELSEWHERE = ("measures", "notes")
_MARKUP = re.compile(r"([\\`*_{}\[\]<>()#+!|~])")


def headline_rows(analysis: Analysis) -> list[tuple[str, ...]]:
    """The few figures: name, value, and the value of each dataset that it was compared with."""
    columns = [analysis.measures, *(other.measures for other in analysis.against)]
    sizes = [analysis.instances, *(other.instances for other in analysis.against)]
    rows = [("instances", *(f"{size:,}" for size in sizes))]
    for name, measure, figure, form in HEADLINES:
        figures = [measures.get(measure) for measures in columns]
        values = _rated(figures) if measure == "ratings" else [getattr(one, figure, None) for one in figures]
        if any(isinstance(value, int | float) for value in values):
            rows.append((name, *(format(value, form) if isinstance(value, int | float) else "-" for value in values)))
    return rows


def _rated(figures: Sequence[object]) -> list[float | None]:
    """The mean rating of each dataset, by one model: another one's scale is another."""
    found = [one for one in figures if isinstance(one, Ratings)]
    if not found:
        return []
    model = shared_model(found)
    return [one.models.get(model) if isinstance(one, Ratings) else None for one in figures]


def missing(analysis: Analysis) -> Iterator[tuple[str, str]]:
    """Measurements that were not made, and why."""
    for name, measure in analysis.measures.items():
        if isinstance(measure, NotDefined):
            yield name, measure.not_defined


def entity_lines(analysis: Analysis) -> Iterator[str]:
    """The most frequent entities of each kind, in a line."""
    found = as_json(analysis.measures.get("entities"))
    kinds = found.get("kinds") if isinstance(found, dict) else None
    for kind, told in (kinds or {}).items() if isinstance(kinds, dict) else ():
        if isinstance(told, dict) and isinstance(top := told["top"], dict):
            names = ", ".join(f"{one_line(name, 40)} {count}" for name, count in list(top.items())[:SHOWN])
            yield f"{kind}: {names}"


def markdown(analysis: Analysis) -> str:
    """The whole analysis as Markdown."""
    names = [analysis.name, *(other.name for other in analysis.against)]
    lines = [f"# {_safe(analysis.name)}", "", _told(analysis), "", "## Verdict", ""]
    lines += [f"* **{finding.level}** {_safe(finding.text)}" for finding in analysis.verdict] or ["Nothing to tell."]
    lines += ["", "## Figures", "", *markdown_table(["", *names], headline_rows(analysis))]
    for name, measure in analysis.measures.items():
        lines += ["", f"## {name}", "", *_section(as_json(measure))]
    for other in analysis.against:
        told = as_json(other)
        lines += ["", f"## Against {_safe(other.name)}", ""]
        lines += _section({n: f for n, f in told.items() if n not in _ELSEWHERE} if isinstance(told, dict) else told)
    return "\n".join(lines) + "\n"


def _told(analysis: Analysis) -> str:
    parts = [f"{analysis.instances:,} instances", analysis.kind, f"text: {analysis.text}", f"label: {analysis.label}"]
    return _safe("; ".join([*parts, *analysis.notes])) + "."


def _section(figures: Json) -> list[str]:
    """A measurement as a table of its figures; the points of a map are left to JSON."""
    if not isinstance(figures, dict):
        return [_safe(str(figures))]
    rows = [(name, shown) for name, value in _flat(figures) if (shown := _shown(value))]
    return markdown_table(["figure", "value"], rows)


def _flat(figures: Mapping[str, Json], before: str = "") -> Iterator[tuple[str, Json]]:
    for name, value in figures.items():
        if isinstance(value, dict) and value and all(isinstance(inner, dict) for inner in value.values()):
            yield from _flat(value, f"{before}{name}.")
        elif name != "points":
            yield before + name, value


def _shown(value: Json) -> str:
    match value:
        case None:
            return "-"
        case float():
            return f"{value:.4g}"
        case dict():
            return ", ".join(f"{name} {_shown(inner)}" for name, inner in list(value.items())[:SHOWN])
        case list():
            return "; ".join(_shown(inner) for inner in value[: 3 * SHOWN])
    return str(value)


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table in which no text is markup."""
    lines = [[_safe(cell) for cell in row] for row in (head, *rows)]
    return [f"| {' | '.join(lines[0])} |", f"|{'---|' * len(head)}", *(f"| {' | '.join(row)} |" for row in lines[1:])]


def _safe(text: str) -> str:
    """A text of a dataset in Markdown, as it reads and nothing else."""
    return _MARKUP.sub(r"\\\1", one_line(text))
