"""An instance, a reject, and where each came from.

Both are plain values: the dataset's columns are made from them in `satsuma.run.columns`. Provenance has no time,
attempt or cost, so that the same journal gives the same bytes; those are in the journal, under the request keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Value = str | int | tuple[str, ...]
"""The value of an input field: text, a computed number, or the options of a list-valued field."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A part of a field's text. start, end: characters from 0, the end exclusive. text: the words themselves."""

    start: int
    end: int
    label: str
    text: str


OutputValue = str | int | tuple[str, ...] | tuple[int, ...] | tuple[Span, ...]
"""An output as the dataset stores it: a label or a text, a position, several labels, several positions, or spans."""


@dataclass(frozen=True, slots=True)
class SourceRow:
    """The row of a public dataset that an instance was made of.

    row: its index in the split, from 0. licence: the dataset's, as its card names it. by: who carried out the plan, the
    `program` or the `model`.
    """

    dataset: str
    configuration: str
    split: str
    row: int
    licence: str
    by: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where an instance came from.

    asked: the label that the instance was generated for; corrected: the label after self-correction (both as the
    label is shown to people; empty for free text). agreement: share of the votes that the final label got, 0 to 1;
    None without correction. requests: the keys of every request that led to it, in order. source: the row that it was
    made of, where it was not generated.
    """

    method: str
    context: str = ""
    seed: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    asked: str = ""
    corrected: str = ""
    votes: int = 0
    agreement: float | None = None
    reason: str = ""
    model: str = ""
    corrector: str = ""
    requests: tuple[str, ...] = ()
    source: SourceRow | None = None


@dataclass(frozen=True, slots=True)
class Instance:
    """One example of the task.

    id: its path (`context 3 / seed 2`). index: its candidate's place in the stream. fields: input field → value.
    output: the label's text, the position of the right option (from 0), the free text, or several of these. text,
    target: the verbalized pair.
    """

    id: str
    index: int
    fields: Mapping[str, Value]
    output: OutputValue
    text: str
    target: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Reject:
    """Something that was dropped, and why.

    step: where (`contexts`, `seeds`, `instance`, `correction`, `duplicate`, `quota`, …). asked: the label it was for.
    fields: what there was of it. raw: the model's last reply.
    """

    id: str
    index: int
    step: str
    reason: str
    asked: str = ""
    fields: Mapping[str, Value] = field(default_factory=dict)
    raw: str = ""
    requests: tuple[str, ...] = ()
