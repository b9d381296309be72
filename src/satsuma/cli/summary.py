"""The summary at the end of a run and of `satsuma show`: counts, the correction matrix, rejects, what it took."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from satsuma.cli.screen import line, table
from satsuma.errors import Stopped, Waiting
from satsuma.remote.staging import as_told

if TYPE_CHECKING:
    from satsuma.progress import Progress
    from satsuma.run.run import Run
    from satsuma.run.summary import Summary

_LABELS = 20
_MATRIX = 8
_ROWS = 6


@contextmanager
def followed(*, quiet: bool) -> Iterator[Progress]:
    """Progress for the time of a run; where the run stops before its end, what there is of it is printed."""
    from satsuma.cli.progress import shown

    try:
        with shown(quiet=quiet) as progress:
            yield progress
    except Stopped as stopped:
        if stopped.run is not None and not quiet:
            (_print_so_far if isinstance(stopped, Waiting) else print_run)(stopped.run)
        raise


def print_run(run: Run) -> None:
    """Print the summary of a run."""
    summary = run.summary()
    line(heading(summary))
    if summary.candidates or summary.size:
        _labels(summary)
    _datasets(run)
    _blended(run)
    _correction(summary, run.state.matrix)
    _audited(run)
    _rejects(summary)
    line("")
    line(cost(summary))
    there = summary.size and run.data_path.exists()
    line(f"dataset: {as_told(run.data_path)}" if there else f"run: {as_told(run.path)}")


def heading(summary: Summary) -> str:
    """`copa: 200 of 200 instances, complete`."""
    state, reason = summary.state, summary.reason
    told = reason if reason.startswith(state) else f"{state} ({reason})" if reason else state
    return f"{summary.name}: {summary.size:,} of {summary.n:,} instances, {told}"


def cost(summary: Summary) -> str:
    """Candidates, requests, tokens, money and time in one line; no money where none was spent."""
    totals = summary.totals
    replies = "reply" if totals.recorded == 1 else "replies"
    parts = [
        f"{summary.candidates:,} candidates",
        f"{totals.requests:,} requests" if totals.requests or not totals.recorded else "",
        f"{totals.recorded:,} {replies} from the recording" if totals.recorded else "",
        f"{totals.input_tokens:,} + {totals.output_tokens:,} tokens" if totals.requests else "",
        f"${totals.usd:.4f}" if totals.usd else "",
        f"{totals.given_up:,} given up" if totals.given_up else "",
        f"{totals.seconds:,.1f} s",
    ]
    return " · ".join(part for part in parts if part)


def _print_so_far(run: Run) -> None:
    """Print how much there is of a run that waits for answers, if there is anything."""
    summary = run.summary()
    if summary.size:
        line(f"{summary.name}: {summary.size:,} of {summary.n:,} so far")


def _labels(summary: Summary) -> None:
    line("")
    rows = [
        (row.label, f"{row.accepted:,}", f"{row.share:,}", f"{row.asked:,}", f"{row.changed:,}")
        for row in summary.labels
    ]
    table(("label", "instances", "wanted", "asked for", "changed"), rows[:_LABELS], numbers=4)
    if len(rows) > _LABELS:
        line(f"and {len(rows) - _LABELS} more labels")


def _datasets(run: Run) -> None:
    """What rows were taken from, where they were."""
    if run.state.transformed is None:
        return
    line("")
    rows = [
        (
            one.name,
            one.licence or "?",
            f"{one.tried:,}",
            f"{one.accepted:,}",
            f"{one.irrelevant:,}",
            f"{one.failed:,}",
            one.by or "-",
            one.left,
        )
        for one in run.state.transformed.datasets
    ]
    table(("dataset", "licence", "tried", "instances", "irrelevant", "failed", "by", "left because"), rows)


def _blended(run: Run) -> None:
    """What a blend was made of."""
    if run.state.blended is None:
        return
    line("")
    rows = [
        (one.name, one.licence or "?", *(f"{n:,}" for n in (one.rows, one.duplicates, one.demonstrations, one.used)))
        for one in run.state.blended.sources
    ]
    table(("source", "licence", "rows", "duplicates", "demonstrations", "instances"), rows)
    for note in run.state.blended.notes:
        line(note)


def _correction(summary: Summary, matrix: Mapping[str, Mapping[str, int]]) -> None:
    if summary.changed is None:
        return
    line("")
    line(f"Self-correction changed {summary.changed:.1%} of the labels; asked for (down), corrected to (across):")
    labels = list(dict.fromkeys([*matrix, *(c for row in matrix.values() for c in row)]))
    if len(labels) <= _MATRIX:
        cells = [(a, *(f"{matrix.get(a, {}).get(c, 0):,}" for c in labels)) for a in labels]
        table(("", *labels), cells, numbers=len(labels))
    else:
        moves = [(m.asked, m.corrected, f"{m.count:,}") for m in summary.moves]
        table(("asked for", "corrected to", "instances"), moves[:_ROWS], numbers=1)
    if summary.noise:
        line(summary.noise)


def _audited(run: Run) -> None:
    audit, applied = run.state.audit, run.state.applied
    if audit is not None and audit.judged:
        from satsuma.cli.audited import accuracy

        line("")
        line(f"Audit of {audit.judged:,} instances: {accuracy(audit)}")
    if run.state.curated is not None:
        line("")
        curated = run.state.curated
        line(f"A curated copy of {curated.source}: {curated.kept:,} of {curated.instances:,} instances stay")
    if applied is not None:
        done = f"{applied.relabelled:,} relabelled, {applied.dropped:,} dropped"
        after = "" if applied.after is None else f"; about {applied.after:.1%} of the labels are right"
        line("")
        line(f"A copy of {applied.source} to which its audit was applied: {done}{after}")


def _rejects(summary: Summary) -> None:
    if not summary.rejects:
        return
    line("")
    rows = [(r.step, r.reason, f"{r.count:,}") for r in summary.rejects]
    table(("dropped in", "because", "rejects"), rows[:_ROWS], numbers=1)
    if len(rows) > _ROWS:
        line(f"and {len(rows) - _ROWS} more reasons")
