"""A report as Markdown: the analysis, and after it what only a report has: duplicates, rejects, cost.

Texts are on one line and are no markup, as in `satsuma.measures.rendering`, which writes the first part.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from satsuma.measures.rendering import markdown as analysis_markdown
from satsuma.measures.rendering import markdown_table as table
from satsuma.reporting.sections import side_by_side
from satsuma.run.plain import one_line

if TYPE_CHECKING:
    from satsuma.reporting.instances import Shown
    from satsuma.reporting.making import Report
    from satsuma.reporting.record import Record

_WIDTH = 120
_PAIRS = 10


def markdown(report: Report) -> str:
    """The whole report."""
    lines = [analysis_markdown(replace(report.analysis, verdict=report.verdict)).rstrip("\n"), *_duplicates(report)]
    for number, record in report.records.items():
        lines += _record(report.titles[number], record)
    if report.notes:
        lines += ["", "## Not in this report", "", *table(["note"], [(note,) for note in report.notes])]
    return "\n".join(lines) + "\n"


def _duplicates(report: Report) -> Iterator[str]:
    rows = [
        (f"{pair.rouge_l:.2f}", pair.one.id, _text(pair.one), pair.other.id, _text(pair.other))
        for pair in side_by_side(report, 0, report.analysis.measures)[:_PAIRS]
    ]
    if rows:
        yield from ["", "## The most alike", "", *table(["ROUGE-L", "one", "its text", "other", "its text"], rows)]


def _text(one: Shown) -> str:
    return one_line(" / ".join(one.fields.values()), _WIDTH)


def _record(title: str, record: Record) -> Iterator[str]:
    told = f"{record.size:,} of {record.n:,} instances, {record.state}; {record.candidates:,} candidates"
    usd = "no price is known" if record.totals.usd is None else f"${record.totals.usd:.4f}"
    rows = [
        ("instances", told),
        ("models", ", ".join(record.models)),
        ("requests", f"{record.totals.requests:,} and {record.totals.recorded:,} from a recording"),
        ("tokens", f"{record.totals.input_tokens:,} + {record.totals.output_tokens:,}"),
        ("cost", usd),
        ("seconds at work", f"{record.totals.seconds:,.1f}"),
    ]
    yield from ["", f"## The run {one_line(title)}", "", *table(["", "value"], rows)]
    if record.reasons:
        dropped = [(reason.step, reason.reason, f"{reason.count:,}") for reason in record.reasons]
        yield from ["", "### Rejects by reason", "", *table(["step", "reason", "rejects"], dropped)]
    if record.steps:
        head = ["step", "model", "replies", "given up", "tokens", "cost", "seconds of waiting"]
        steps = [
            (
                step.step, step.model, f"{step.requests:,}", f"{step.given_up:,}",
                f"{step.input_tokens + step.output_tokens:,}",
                "-" if step.usd is None else f"${step.usd:.4f}", f"{step.seconds:,.1f}",
            )
            for step in record.steps
        ]  # fmt: skip
        yield from ["", "### Cost and time by step", "", *table(head, steps)]
