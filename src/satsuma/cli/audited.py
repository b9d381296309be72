"""The figures of an audit, printed: how many labels are right, of which, and what the wrong ones should have been."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from satsuma.cli.screen import line, table
from satsuma.run.placing import neighbour

if TYPE_CHECKING:
    from satsuma.run.trust import Audit, LabelAudit

_ROWS = 20


def print_audit(audit: Audit, run: Path) -> None:
    """Print the figures, and what can be done next."""
    line("")
    line(f"{_judged(audit)} of a sample of {audit.sample:,} from {audit.instances:,} instances")
    if not audit.judged:
        return
    line(accuracy(audit))
    if audit.labels:
        line("")
        rows = [(one.label, f"{one.instances:,}", f"{one.judged:,}", *_right(one)) for one in audit.labels]
        table(("label", "instances", "judged", "right", "95% interval"), rows[:_ROWS], numbers=4)
        _more(len(rows), "labels")
    _print_mistakes(audit)
    for pair in audit.agreement:
        kappa = "" if pair.kappa is None else f", Cohen's kappa {pair.kappa:.2f}"
        line(f"{' and '.join(pair.auditors)} agree on {pair.same:.1%} of {pair.judged:,} instances{kappa}")
    line("")
    if audit.judged + audit.skipped < audit.sample:
        line("The same command goes on with the others.")
    if any(one.right is not None and one.right < 1 for one in audit.labels) or (audit.accuracy or 0) < 1:
        copy = neighbour(run, f"{run.resolve().name}-audited")
        line(
            f"To apply the verdicts: satsuma audit {shlex.quote(str(run))} --apply relabel -o {shlex.quote(str(copy))}"
        )


def accuracy(audit: Audit) -> str:
    """`94.0% of the labels are right (95% interval: 83.8% to 97.9%)`."""
    if audit.accuracy is None or audit.low is None or audit.high is None:
        return "how many of the labels are right is not known yet"
    if audit.judged == audit.instances:
        return f"{audit.accuracy:.1%} of the labels are right; all were judged"
    return f"{audit.accuracy:.1%} of the labels are right (95% interval: {audit.low:.1%} to {audit.high:.1%})"


def _judged(audit: Audit) -> str:
    skipped = f" and {audit.skipped:,} skipped" if audit.skipped else ""
    return f"{audit.judged:,} judged{skipped}"


def _right(one: LabelAudit) -> tuple[str, str]:
    if one.right is None or one.low is None or one.high is None:
        return "", ""
    return f"{one.right:.1%}", f"{one.low:.1%} – {one.high:.1%}"


def _print_mistakes(audit: Audit) -> None:
    rows = [(label, right, f"{count:,}") for label, row in audit.mistakes.items() for right, count in row.items()]
    if not rows:
        return
    rows.sort(key=lambda row: -int(row[2].replace(",", "")))
    line("")
    table(("label", "judged to be", "instances"), rows[:_ROWS], numbers=1)
    _more(len(rows), "kinds of mistakes")


def _more(count: int, what: str) -> None:
    if count > _ROWS:
        line(f"and {count - _ROWS:,} more {what}")
