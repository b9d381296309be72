"""What curation did, as run.json and curation.json tell it: the steps, their counts, and the splits.

Not covered: how it was decided (`satsuma.curation`), and the single instances: those that were dropped are in
rejects.parquet, those that are flagged in flags.jsonl, and what is in an evaluation set in leaks.jsonl.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, JsonValue


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class CurationStep(_Frozen):
    """One step.

    name: `read`, `leak`, `duplicate`, `noise`, `balance`; that of its rejects. how: in words. judged: instances that it
    saw. removed, flagged: of these. reasons: class of reason → instances removed for it. notes: what a reader has to
    know, such as why nothing could be judged.
    """

    name: str
    how: str
    judged: int
    removed: int = 0
    flagged: int = 0
    reasons: dict[str, int] = Field(default_factory=dict)
    notes: tuple[str, ...] = ()


class Curated(_Frozen):
    """That this dataset is a curated copy of another one.

    source: where that one is; data: the sha256 of its files. settings: all that decide the result. instances: before;
    kept: after. splits: split → label (empty where there is none) → instances. groups: of instances that belong
    together; 0 where nothing was split. notes: what a reader has to know. files: path → sha256, where there is no
    run.json that has them. number: how often it was done before, and once.
    """

    source: str
    data: str
    settings: dict[str, JsonValue]
    instances: int
    kept: int
    steps: tuple[CurationStep, ...] = ()
    splits: dict[str, dict[str, int]] = Field(default_factory=dict)
    groups: int = 0
    notes: tuple[str, ...] = ()
    files: dict[str, str] = Field(default_factory=dict)
    number: int = 1
