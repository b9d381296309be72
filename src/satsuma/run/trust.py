"""How right a run's labels are, as run.json tells it: what the votes say, what a person says, what was done about it.

Shares are from 0 to 1; intervals hold 95%. Not covered: how the figures are had (`satsuma.selecting.noise`,
`satsuma.auditing`).
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Noise(_Frozen):
    """The share of the dataset's labels that are wrong, estimated from the votes of the correction.

    method: how it was had; `bound` gives only `at_most`, `none` nothing. estimate, low, high: with their interval.
    at_most: if a corrector repeats its mistakes in every draw; the upper end of an interval. candidates: that were
    corrected. votes: cast on each, on average. hard: the probability that there are instances on which the corrector
    guesses. assumptions: what has to hold, in words.
    """

    method: Literal["dawid-skene", "bound", "none"]
    candidates: int
    votes: float
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    at_most: float | None = None
    hard: float | None = None
    assumptions: str = ""


class LabelAudit(_Frozen):
    """One label of an audit: instances that have it, how many were judged, and the share of these that is right."""

    label: str
    instances: int
    judged: int
    right: float | None = None
    low: float | None = None
    high: float | None = None


class Agreement(_Frozen):
    """How far two auditors agree on what both judged. same: the share. kappa: Cohen's; null where not defined."""

    auditors: tuple[str, str]
    judged: int
    same: float
    kappa: float | None = None


class Audit(_Frozen):
    """What people say of a random sample of the dataset.

    instances: in the dataset at that time. sample: drawn of them; judged, skipped: of the sample. accuracy, low, high:
    the share of the dataset's labels that is right, each label weighing as much as it has instances; null where nothing
    was judged. labels: one by one. auditors: who judged, and how many. mistakes: label → the right one → judged so.
    data: the sha256 of the dataset.
    """

    instances: int
    sample: int
    judged: int
    skipped: int
    seed: int
    accuracy: float | None = None
    low: float | None = None
    high: float | None = None
    labels: tuple[LabelAudit, ...] = ()
    auditors: dict[str, int] = Field(default_factory=dict)
    agreement: tuple[Agreement, ...] = ()
    mistakes: dict[str, dict[str, int]] = Field(default_factory=dict)
    data: str = ""


class Applied(_Frozen):
    """That this run is a copy of another one to which the verdicts of its audit were applied.

    source: the other run's directory. how: what became of labels that were judged wrong. relabelled, dropped: how many.
    disputed: judged differently by two people, and left as they were. audit: of the other run, before. after: the share
    of labels that is right now, as estimated from it. number: how often it was done before, and once.
    """

    source: str
    how: Literal["relabel", "drop"]
    relabelled: int
    dropped: int
    disputed: int
    audit: Audit
    after: float | None = None
    number: int = 1
