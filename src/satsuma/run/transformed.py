"""What a transformation used, as run.json tells it: the search, the votes, and what became of each dataset.

Not covered: how it was decided (`satsuma.datatune`).
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class DatasetUse(_Frozen):
    """One dataset of a transformation.

    rows: it has; tried, accepted, irrelevant, failed: of those that were candidates. inputs, output: the columns that
    were chosen. by: who carries out the plan. comparison: of the program with the model, on the same rows;
    comparison_before: that of the program as it was before it was improved, on others. left: why it was left before its
    rows or the cap were used up; empty if it was not. notes: what its reader had to say.
    """

    name: str
    configuration: str = ""
    split: str = ""
    licence: str = ""
    votes: int = 0
    rows: int = 0
    tried: int = 0
    accepted: int = 0
    irrelevant: int = 0
    failed: int = 0
    inputs: tuple[str, ...] = ()
    output: str = ""
    plan: str = ""
    by: Literal["", "model", "program"] = ""
    program: str = ""
    comparison: dict[str, JsonValue] | None = None
    comparison_before: dict[str, JsonValue] | None = None
    left: str = ""
    notes: tuple[str, ...] = ()


class Transformed(_Frozen):
    """What rows were transformed, and how they were found.

    queries: the texts that the catalog was searched for. candidates: datasets that the search proposed, best first.
    none: votes that none of them fits; discarded: votes that could not be counted. requirements, form: the task,
    expanded. licence: what the sources' licences ask the result's to be; empty where they ask for attribution alone.
    """

    queries: tuple[str, ...] = ()
    candidates: tuple[str, ...] = ()
    none: int = 0
    discarded: int = 0
    requirements: str = ""
    form: str = ""
    datasets: tuple[DatasetUse, ...] = Field(default=())
    licence: str = ""
