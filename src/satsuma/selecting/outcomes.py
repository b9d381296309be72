"""An outcome and the verdict on its text, as a line of JSON and back: exactly the same values, or none.

What JSON cannot hold (a lone surrogate) has no line: `None` stands for it, and whoever reads it makes the candidate
anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, cast

import orjson

from satsuma.selecting.ballots import Ballot
from satsuma.selecting.duplicates import Earlier
from satsuma.selecting.selection import Outcome
from satsuma.task.instance import Instance, OutputValue, Provenance, Reject, SourceRow, Span, Value

NOTHING = b"null"


class Judged(NamedTuple):
    """A candidate and what it is a duplicate of, None if it is new."""

    outcome: Outcome
    earlier: Earlier | None


def line_of(outcome: Outcome, earlier: Earlier | None) -> bytes:
    """One line, without its end."""
    fields = (
        outcome.asked, outcome.instance, outcome.label, outcome.content, outcome.own, outcome.reject, outcome.notes,
        outcome.flow, tuple(outcome.ballot) if outcome.ballot else None, earlier,
    )  # fmt: skip
    try:
        return orjson.dumps(fields)
    except TypeError:
        return NOTHING


def judged_of(line: bytes) -> Judged | None:
    """The candidate of a line; None where it had no form in JSON."""
    fields = orjson.loads(line)
    if fields is None:
        return None
    asked, instance, label, content, own, reject, notes, flow, ballot, earlier = fields
    outcome = Outcome(
        asked, _instance(instance) if instance else None, label, content, own, _reject(reject) if reject else None,
        tuple([_reject(note) for note in notes]), tuple(flow) if flow else None, _ballot(ballot) if ballot else None,
    )  # fmt: skip
    return Judged(outcome, Earlier(**earlier) if earlier else None)


def keys_of(outcome: Outcome) -> tuple[str, ...]:
    """The requests that led to it."""
    if outcome.instance is not None:
        return outcome.instance.provenance.requests
    return outcome.reject.requests if outcome.reject else ()


def _instance(told: dict[str, object]) -> Instance:
    about = cast("dict[str, object]", told["provenance"])
    about["requests"] = tuple(cast("list[str]", about["requests"]))
    if about["source"]:
        about["source"] = SourceRow(**about["source"])  # type: ignore[arg-type]
    return Instance(
        cast("str", told["id"]), cast("int", told["index"]), _fields(told["fields"]), _output(told["output"]),
        cast("str", told["text"]), cast("str", told["target"]), Provenance(**about),  # type: ignore[arg-type]
    )  # fmt: skip


def _reject(told: dict[str, object]) -> Reject:
    told["fields"] = _fields(told["fields"])
    told["requests"] = tuple(cast("list[str]", told["requests"]))
    return Reject(**told)  # type: ignore[arg-type]


def _fields(told: object) -> Mapping[str, Value]:
    given = cast("dict[str, Value | list[str]]", told)
    return {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}


def _output(told: object) -> OutputValue:
    if not isinstance(told, list):
        return cast("OutputValue", told)
    return cast("OutputValue", tuple([Span(**each) if isinstance(each, dict) else each for each in told]))


def _ballot(told: list[object]) -> Ballot:
    asked, cast_, final = told
    votes = cast("list[list[str | int]]", cast_)
    return Ballot(
        cast("str | int", asked), tuple([(vote[0], cast("int", vote[1])) for vote in votes]), cast("str | int", final)
    )
