"""What there is to say about a run, as data: the command line and the dataset card each show it their own way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from satsuma.run.state import RunState, Totals
from satsuma.run.trust import Noise


@dataclass(frozen=True, slots=True)
class LabelRow:
    """One label: instances there and wanted, those asked for as it, and how many of these were corrected away."""

    label: str
    accepted: int
    share: int
    asked: int
    changed: int


@dataclass(frozen=True, slots=True)
class RejectRow:
    """How many rejects a step has for a class of reasons: candidates, and in `contexts` contexts that repeat others."""

    step: str
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class Move:
    """How many instances were asked for as one label and corrected to another."""

    asked: str
    corrected: str
    count: int


@dataclass(frozen=True, slots=True)
class Summary:
    """A run in short.

    size: instances in the dataset, of the n wanted. rejects: most frequent first. moves: label changes, most frequent
    first. changed: share of corrected instances whose label was changed, 0 to 1; None where nothing was corrected.
    noise: how many labels are wrong by what the votes say, in a sentence or two; empty where there were none.
    """

    name: str
    path: Path
    state: str
    reason: str
    size: int
    n: int
    candidates: int
    models: Mapping[str, str]
    labels: tuple[LabelRow, ...]
    rejects: tuple[RejectRow, ...]
    moves: tuple[Move, ...]
    changed: float | None
    noise: str
    totals: Totals


def summarize(state: RunState, path: Path) -> Summary:
    """The summary of a run."""
    counts = state.counts
    pairs = [Move(a, c, n) for a, row in state.matrix.items() for c, n in row.items() if n]
    moves = sorted((m for m in pairs if m.asked != m.corrected), key=lambda m: (-m.count, m.asked, m.corrected))
    corrected = sum(m.count for m in pairs)
    rejects = [RejectRow(step, reason, n) for step, row in counts.rejects.items() for reason, n in row.items()]
    return Summary(
        name=state.name,
        path=path,
        state=state.state,
        reason=state.reason,
        size=state.size,
        n=state.n,
        candidates=counts.candidates,
        models=state.models,
        labels=tuple(_label_row(state, label) for label in {**counts.share, **counts.accepted}),
        rejects=tuple(sorted(rejects, key=lambda r: (-r.count, r.step, r.reason))),
        moves=tuple(moves),
        changed=sum(m.count for m in moves) / corrected if corrected else None,
        noise=noise_said(state.noise) if state.noise else "",
        totals=state.totals,
    )


def noise_said(noise: Noise) -> str:
    """The estimate in words."""
    alike = "if the corrector errs no more often than the generator, and independently of it"
    most = f"{noise.at_most:.1%}" if noise.at_most is not None else ""
    if noise.estimate is None or noise.low is None or noise.high is None:
        return (
            f"At most {most} of the labels are wrong, {alike}."
            if most
            else "The votes do not tell how many labels are wrong."
        )
    told = (
        f"{noise.estimate:.1%} of the labels are wrong by what the votes say (95%: {noise.low:.1%} to {noise.high:.1%})"
    )
    return (
        f"{told}; if they share mistakes, at most {most}, {alike}." if most else f"{told}, unless they share mistakes."
    )


def _label_row(state: RunState, label: str) -> LabelRow:
    row = state.matrix.get(label, {})
    asked = sum(row.values())
    return LabelRow(
        label, state.counts.accepted.get(label, 0), state.counts.share.get(label, 0), asked, asked - row.get(label, 0)
    )
