"""An instance as the row that it was written as, for whoever only has to write it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import orjson

from satsuma.task.instance import Instance, OutputValue, Provenance, SourceRow, Span, Value

BESIDES = 5
"""Columns that follow the inputs: output, text, target, id, provenance."""


@dataclass(frozen=True, slots=True)
class Written:
    """index: the candidate's place in the stream. row: the instance's row of the dataset (`run.columns`), as JSON."""

    index: int
    row: bytes

    def instance(self) -> Instance:
        """The instance itself."""
        row: dict[str, object] = orjson.loads(self.row)
        inputs = list(row.items())[:-BESIDES]
        output = list(row.values())[-BESIDES]
        about = cast("dict[str, object]", row["provenance"])
        given = cast("list[dict[str, str]]", about["attributes"])
        about["attributes"] = {each["name"]: each["value"] for each in given}
        return Instance(
            cast("str", row["id"]), self.index, fields_of(dict(inputs)), output_of(output), cast("str", row["text"]),
            cast("str", row["target"]), provenance_of(about),
        )  # fmt: skip


def whole(found: Instance | Written) -> Instance:
    """The instance, however it is known."""
    return found.instance() if isinstance(found, Written) else found


def fields_of(told: object) -> Mapping[str, Value]:
    """Fields as they come out of JSON, as an instance has them."""
    given = cast("dict[str, Value | list[str]]", told)
    return {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}


def output_of(told: object) -> OutputValue:
    """An output as it comes out of JSON, as an instance has it."""
    if not isinstance(told, list):
        return cast("OutputValue", told)
    return cast("OutputValue", tuple([Span(**each) if isinstance(each, dict) else each for each in told]))


def provenance_of(told: dict[str, object]) -> Provenance:
    """A provenance as it comes out of JSON."""
    told["requests"] = tuple(cast("list[str]", told["requests"]))
    if told["source"]:
        told["source"] = SourceRow(**told["source"])  # type: ignore[arg-type]
    return Provenance(**told)  # type: ignore[arg-type]
