"""The columns of a dataset and of its rejects, and how an instance becomes a row.

    the card's inputs   string, or list<string> where the input is a list of options
    the output field    string for labels and free text, int64 (from 0) for a choice
    text, target        the verbalized pair that students train on
    id                  the path (`context 3 / seed 2`)
    provenance          a struct of where it came from; the same for every card, so that datasets of several can be
    joined

`provenance.attributes` is a list of name and value pairs: a map column is refused by `datasets`, and a struct of the
card's own attribute names would differ from card to card. Not covered: numbers or nested values in inputs, which are
text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pyarrow as pa

from satsuma.run.plain import no_surrogates
from satsuma.task.card import Card
from satsuma.task.card_output import OptionList

if TYPE_CHECKING:
    from satsuma.task.instance import Instance, Provenance, Reject, Value

Row = dict[str, object]

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


def schema(card: Card) -> pa.Schema:
    """The columns of the card's dataset, in order."""
    listed = card.output.choice.field if isinstance(card.output.choice, OptionList) else None
    inputs = [(name, pa.list_(pa.string()) if name == listed else pa.string()) for name in card.inputs]
    output = (card.output.name, pa.string() if card.output.choice is None else pa.int64())
    pair = [("text", pa.string()), ("target", pa.string())]
    return pa.schema([*inputs, output, *pair, ("id", pa.string()), ("provenance", PROVENANCE)])


def to_row(instance: Instance, card: Card) -> Row:
    """The instance as a row of the card's `schema`; text that UTF-8 cannot hold is made to fit.

    Raises:
        KeyError: it lacks one of the card's inputs.
    """
    output = instance.output
    return {
        **{name: _clean(instance.fields[name]) for name in card.inputs},
        card.output.name: no_surrogates(output) if isinstance(output, str) else output,
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
    }


def _clean(value: Value) -> str | list[str]:
    return no_surrogates(value) if isinstance(value, str) else [no_surrogates(v) for v in value]
