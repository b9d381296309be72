"""The columns of a dataset and of its rejects, and how an instance becomes a row.

    the card's inputs   string; int64 where the card computes a number; list<string> where it is a list of options
    the output field    string for a label, a span or free text, int64 (from 0) for a choice; lists of these where
    several hold, and a list of {start, end, label, text} for labelled spans
    text, target        the verbalized pair that students train on
    id                  the path (`context 3 / seed 2`)
    provenance          a struct of where it came from; the same for every card, so that datasets of several can be
    joined

`provenance.attributes` is a list of name and value pairs: a map column is refused by `datasets`, and a struct of the
card's own attribute names would differ from card to card. Not covered: numbers or nested values in inputs, which are
text.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import orjson
import pyarrow as pa

from satsuma.run.plain import no_surrogates
from satsuma.task.card import Card
from satsuma.task.card_output import Kind, OptionList
from satsuma.task.instance import Span

if TYPE_CHECKING:
    from satsuma.task.card_inputs import Input
    from satsuma.task.instance import Instance, OutputValue, Provenance, Reject, Value

Row = dict[str, object]

_SOURCE = pa.struct(
    [
        ("dataset", pa.string()),
        ("configuration", pa.string()),
        ("split", pa.string()),
        ("row", pa.int64()),
        ("licence", pa.string()),
        ("by", pa.string()),
    ]
)
PROVENANCE = pa.struct(
    [
        ("method", pa.string()),
        ("context", pa.string()),
        ("seed", pa.string()),
        ("attributes", pa.list_(pa.struct([("name", pa.string()), ("value", pa.string())]))),
        ("asked", pa.string()),
        ("corrected", pa.string()),
        ("votes", pa.int32()),
        ("agreement", pa.float64()),
        ("reason", pa.string()),
        ("model", pa.string()),
        ("corrector", pa.string()),
        ("requests", pa.list_(pa.string())),
        ("source", _SOURCE),
    ]
)

REJECTS = pa.schema(
    [
        ("id", pa.string()),
        ("index", pa.int64()),
        ("step", pa.string()),
        ("reason", pa.string()),
        ("asked", pa.string()),
        ("fields", pa.string()),
        ("raw", pa.string()),
        ("requests", pa.list_(pa.string())),
    ]
)
"""The columns of rejects.parquet; `fields` is JSON text, since what was dropped may be incomplete."""


_SPAN = pa.struct([("start", pa.int64()), ("end", pa.int64()), ("label", pa.string()), ("text", pa.string())])
_OUTPUTS: dict[Kind, pa.DataType] = {
    "labels": pa.string(),
    "multiple": pa.list_(pa.string()),
    "spans": pa.list_(_SPAN),
    "choice": pa.int64(),
    "choices": pa.list_(pa.int64()),
    "span": pa.string(),
    "text": pa.string(),
}


def schema(card: Card) -> pa.Schema:
    """The columns of the card's dataset, in order."""
    listed = card.output.choice.field if isinstance(card.output.choice, OptionList) else None
    inputs = [(name, _input_type(card.inputs[name], listed=name == listed)) for name in card.columns]
    output = (card.output.name, _OUTPUTS[card.output.kind])
    pair = [("text", pa.string()), ("target", pa.string())]
    return pa.schema([*inputs, output, *pair, ("id", pa.string()), ("provenance", PROVENANCE)])


def _input_type(one: Input, *, listed: bool) -> pa.DataType:
    if listed:
        return pa.list_(pa.string())
    return pa.int64() if one.type == "integer" else pa.string()


def to_row(instance: Instance, card: Card) -> Row:
    """The instance as a row of the card's `schema`; text that UTF-8 cannot hold is made to fit.

    Raises:
        KeyError: it lacks one of the card's inputs.
    """
    return {
        **{name: _clean(instance.fields[name]) for name in card.columns},
        card.output.name: _output(instance.output),
        "text": no_surrogates(instance.text),
        "target": no_surrogates(instance.target),
        "id": instance.id,
        "provenance": _provenance(instance.provenance),
    }


def to_reject_row(reject: Reject) -> Row:
    """The reject as a row of `REJECTS`."""
    return {
        "id": reject.id,
        "index": reject.index,
        "step": reject.step,
        "reason": no_surrogates(reject.reason),
        "asked": no_surrogates(reject.asked),
        "fields": orjson.dumps({no_surrogates(k): _clean(v) for k, v in reject.fields.items()}).decode(),
        "raw": no_surrogates(reject.raw),
        "requests": list(reject.requests),
    }


def _provenance(p: Provenance) -> Row:
    return {
        "method": p.method,
        "context": no_surrogates(p.context),
        "seed": no_surrogates(p.seed),
        "attributes": [{"name": no_surrogates(k), "value": no_surrogates(v)} for k, v in p.attributes.items()],
        "asked": no_surrogates(p.asked),
        "corrected": no_surrogates(p.corrected),
        "votes": p.votes,
        "agreement": p.agreement,
        "reason": no_surrogates(p.reason),
        "model": p.model,
        "corrector": p.corrector,
        "requests": list(p.requests),
        "source": {k: _clean(v) for k, v in dataclasses.asdict(p.source).items()} if p.source else None,
    }


def _clean(value: Value) -> str | int | list[str]:
    if isinstance(value, tuple):
        return [no_surrogates(v) for v in value]
    return no_surrogates(value) if isinstance(value, str) else value


def _output(value: OutputValue) -> str | int | list[object]:
    if isinstance(value, tuple):
        return [_one(v) for v in value]
    return no_surrogates(value) if isinstance(value, str) else value


def _one(value: str | int | Span) -> object:
    if isinstance(value, Span):
        return {
            "start": value.start,
            "end": value.end,
            "label": no_surrogates(value.label),
            "text": no_surrogates(value.text),
        }
    return no_surrogates(value) if isinstance(value, str) else value
