"""What a dataset card says of an audit, in words: who looked at how much, how many labels are right, what was done.

Auditors are counted and not named: the card is published.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from satsuma.run.state import RunState
    from satsuma.run.trust import Audit


@dataclass(frozen=True, slots=True)
class Account:
    """said: paragraphs. audit: the figures that they are about. mistakes: label, right one, how often; most first."""

    said: tuple[str, ...]
    audit: Audit
    mistakes: tuple[tuple[str, str, int], ...]


def account(state: RunState) -> Account | None:
    """What there is to say; None where nobody judged anything."""
    done, audit = state.applied, state.audit
    said: list[str] = []
    if done is not None:
        said.append(
            f"This dataset is a copy to which the verdicts of an audit were applied: {done.relabelled:,} instances got "
            f"another label and {done.dropped:,} were dropped"
            + (f"; {done.disputed:,} on which people differ stayed as they were." if done.disputed else ".")
        )
        if done.after is not None:
            said.append(
                f"After that, about {done.after:.1%} of the labels are right. The figures are of the audit before."
            )
        audit = audit or done.audit
    if audit is None or not audit.judged:
        return None
    said += _figures(audit, changed=done is None and audit.instances != state.size)
    rows = [(label, right, count) for label, row in audit.mistakes.items() for right, count in row.items()]
    return Account(tuple(said), audit, tuple(sorted(rows, key=lambda row: (-row[2], row[0], row[1]))))


def _figures(audit: Audit, *, changed: bool) -> list[str]:
    people = len(audit.auditors)
    who = "One person" if people == 1 else f"{people} people"
    when = " (the dataset has changed since)" if changed else ""
    said = [f"{who} judged {audit.judged:,} of {audit.instances:,} instances, drawn at random by label{when}."]
    if audit.accuracy is not None and audit.low is not None and audit.high is not None:
        interval = f" (95% interval: {audit.low:.1%} to {audit.high:.1%})"
        whole = audit.judged == audit.instances
        said[0] += f" Label accuracy: {audit.accuracy:.1%}{'' if whole else interval}."
    for pair in audit.agreement:
        kappa = "" if pair.kappa is None else f" (Cohen's kappa {pair.kappa:.2f})"
        said.append(f"Two of them agree on {pair.same:.1%} of {pair.judged:,} instances{kappa}.")
    return said
