"""An instance as measurements see it, whichever dataset it is from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Lineage:
    """What a run says of where an instance comes from: `satsuma.task.instance.Provenance`, as far as it is measured.

    asked, corrected: labels as people see them. agreement: share of the votes that the label got; None without votes.
    """

    asked: str = ""
    corrected: str = ""
    votes: int = 0
    agreement: float | None = None
    context: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    """One instance.

    text: the input. label: the output as text; None where there is none. fields: the parts of the input, by column.
    lineage: None where the dataset says nothing of it.
    """

    id: str
    text: str
    label: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    lineage: Lineage | None = None
