"""What was settled of a candidate, as a line and back: exactly the same values, or none.

A line is JSON. Of an accepted candidate, as most are, it is three pieces of JSON: what the selection asks about it, its
row of the dataset as it was written, and the text that duplicates are judged by. The last two are handed on unread, so
that a candidate costs a tenth of what it took to make.

What is counted of a candidate (`Settled`) has a line of its own, which is the same for most of them.

What JSON cannot hold (a lone surrogate) has no line: `null` stands for it, and whoever reads it makes the candidate
anew.
"""

from __future__ import annotations

from typing import NamedTuple, cast

import orjson

from satsuma.selecting.ballots import Ballot
from satsuma.selecting.duplicates import Earlier
from satsuma.selecting.selection import Outcome, Settled
from satsuma.task.instance import Instance, Reject
from satsuma.task.written import Written, fields_of, output_of, provenance_of, whole

NOTHING = b"null"
BETWEEN = b"\x1e"
"""Between the pieces of a line; no JSON has it in it."""


class Judged(NamedTuple):
    """A candidate and what it is a duplicate of, None if it is new.

    text: what `text_of` makes the judged text of, where the outcome does not have it.
    """

    outcome: Outcome
    earlier: Earlier | None
    text: bytes = b""


def line_of(outcome: Outcome, earlier: Earlier | None, row: bytes = b"") -> bytes:
    """One line, without its end. row: of the dataset, where it was accepted."""
    ballot = tuple(outcome.ballot) if outcome.ballot else None
    instance = outcome.instance
    try:
        if row and instance is not None:
            head = (outcome.asked, instance.index, outcome.label, outcome.notes, outcome.flow, ballot)
            return BETWEEN.join((orjson.dumps(head), row.rstrip(), orjson.dumps((outcome.content, outcome.own))))
        whole = (
            outcome.asked, instance, outcome.label, outcome.content, outcome.own, outcome.reject, outcome.notes,
            outcome.flow, ballot, earlier,
        )  # fmt: skip
        return bytes(memoryview(orjson.dumps(whole)))  # a copy: orjson's own holds a buffer of many times the size
    except TypeError:
        return NOTHING


def judged_of(line: bytes) -> Judged | None:
    """The candidate of a line; None where it had no form in JSON."""
    head, _, rest = line.partition(BETWEEN)
    if rest:
        row, _, text = rest.partition(BETWEEN)
        asked, index, label, notes, flow, ballot = orjson.loads(head)
        return Judged(
            Outcome(
                asked, Written(index, row + b"\n"), label, notes=_notes(notes), flow=_flow(flow), ballot=_ballot(ballot)
            ), None, text,
        )  # fmt: skip
    fields = orjson.loads(head)
    if fields is None:
        return None
    asked, instance, label, content, own, reject, notes, flow, ballot, earlier = fields
    outcome = Outcome(
        asked, _instance(instance) if instance else None, label, content, own, _reject(reject) if reject else None,
        _notes(notes), _flow(flow), _ballot(ballot),
    )  # fmt: skip
    return Judged(outcome, Earlier(**earlier) if earlier else None)


def line_of_settled(settled: Settled) -> bytes:
    """One line, without its end."""
    ballot = tuple(settled.ballot) if settled.ballot else None
    try:
        return orjson.dumps((*settled[:-1], ballot))
    except TypeError:
        return NOTHING


def settled_of(line: bytes) -> Settled | None:
    """What is counted, of its line; None where it had no form in JSON."""
    told = orjson.loads(line)
    if told is None:
        return None
    asked, label, accepted, rejected, flow, ballot = told
    steps = tuple([(step, reason) for step, reason in rejected])
    return Settled(asked, label, accepted, steps, _flow(flow), _ballot(ballot))


def text_of(judged: Judged) -> tuple[str, str]:
    """What duplicates are judged by: the content, and the part of it that is the candidate's own."""
    if not judged.text:
        return judged.outcome.content, judged.outcome.own
    content, own = orjson.loads(judged.text)
    return content, own


def keys_of(outcome: Outcome) -> tuple[str, ...]:
    """The requests that led to it."""
    if outcome.instance is not None:
        return whole(outcome.instance).provenance.requests
    return outcome.reject.requests if outcome.reject else ()


def _instance(told: dict[str, object]) -> Instance:
    return Instance(
        cast("str", told["id"]), cast("int", told["index"]), fields_of(told["fields"]), output_of(told["output"]),
        cast("str", told["text"]), cast("str", told["target"]),
        provenance_of(cast("dict[str, object]", told["provenance"])),
    )  # fmt: skip


def _reject(told: dict[str, object]) -> Reject:
    told["fields"] = fields_of(told["fields"])
    told["requests"] = tuple(cast("list[str]", told["requests"]))
    return Reject(**told)  # type: ignore[arg-type]


def _notes(told: list[dict[str, object]]) -> tuple[Reject, ...]:
    return tuple([_reject(note) for note in told]) if told else ()


def _flow(told: list[str] | None) -> tuple[str, str] | None:
    return (told[0], told[1]) if told else None


def _ballot(told: list[object] | None) -> Ballot | None:
    if told is None:
        return None
    asked, cast_, final = told
    votes = cast("list[list[str | int]]", cast_)
    return Ballot(
        cast("str | int", asked), tuple([(vote[0], cast("int", vote[1])) for vote in votes]), cast("str | int", final)
    )
