"""`satsuma compare`: two datasets in one report."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

import typer

from satsuma.cli.options import Card, Label, Text, place, with_options
from satsuma.cli.report import Embedded, Embedder, Form, Out, Sample, Seed, Split, Written, measured, write


@dataclass(frozen=True, slots=True)
class Arguments:
    """What `satsuma compare` is given."""

    one: Annotated[
        str, typer.Argument(help="A run, or any dataset that `analyze` takes.", metavar="RUN_A", parser=place)
    ]
    other: Annotated[str, typer.Argument(help="Another one.", metavar="RUN_B", parser=place)]
    card: Card = ""
    text: Text = field(default_factory=list)
    label: Label = ""
    split: Split = ""
    form: Written = Form.HTML
    out: Out = None
    sample: Sample = 10_000
    embedded: Embedded = 1_000
    embedder: Embedder = "minilm"
    seed: Seed = 0


@with_options(Arguments)
def command(given: Arguments) -> None:
    """Put two datasets in one report: both measured, mapped together, their instances side by side."""
    from satsuma import api

    made = api.compare(
        given.one,
        given.other,
        card=given.card or None,
        text=given.text,
        label=given.label or None,
        split=given.split or None,
        **measured(given.sample, given.embedded, given.embedder, given.seed),
    )
    write(made, given.form, given.out)
