"""`satsuma report`: the measurements of a dataset, its instances and where they came from, as one page."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from satsuma.cli.options import Card, Label, Text, place, with_options

if TYPE_CHECKING:
    from satsuma.measures.corpus import MeasureOptions
    from satsuma.reporting.making import Report


class Form(StrEnum):
    """What a report is written as."""

    HTML = "html"
    MD = "md"
    JSON = "json"


Split = Annotated[str, typer.Option("--split", help="The split of a folder to measure.", metavar="SPLIT")]
Written = Annotated[Form, typer.Option("--format", help="A page, or for CI Markdown or JSON on standard output.")]
Out = Annotated[str | None, typer.Option("-o", "--out", help="The file to write.", metavar="FILE", parser=place)]
Sample = Annotated[int, typer.Option("--sample", help="Instances to compare and to show.", min=1)]
Embedded = Annotated[int, typer.Option("--embedded", help="Instances to embed and map.", min=1)]
Embedder = Annotated[
    str, typer.Option("--embedder", help="minilm, static, a hub name, a folder, or none.", metavar="NAME")
]
Seed = Annotated[int, typer.Option("--seed", help="Of samples, folds and the map.")]
Student = Annotated[
    str,
    typer.Option(
        "--student", metavar="NAME",
        help="Measure difficulty with students, as train has them: minilm, frozen, frozen:NAME, a folder.",
    ),
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Arguments:
    """What `satsuma report` is given."""

    dataset: Annotated[
        str, typer.Argument(help="A run, or any dataset that `analyze` takes.", metavar="RUN", parser=place)
    ]
    against: Annotated[
        list[str],
        typer.Option(
            "--against", help="Original data to compare with; may be repeated.", metavar="DATASET", parser=place
        ),
    ] = field(default_factory=list)
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
    student: Student = ""


@with_options(Arguments)
def command(given: Arguments) -> None:
    """Show whether a dataset is good: one page with a verdict, charts, instances and their lineage."""
    from satsuma import api

    made = api.report(
        given.dataset,
        against=given.against,
        card=given.card or None,
        text=given.text,
        label=given.label or None,
        split=given.split or None,
        **measured(given.sample, given.embedded, given.embedder, given.seed, given.student),
    )
    write(made, given.form, given.out)


def measured(sample: int, embedded: int, embedder: str, seed: int, student: str = "") -> MeasureOptions:
    """How much is measured, and with what."""
    name = None if embedder == "none" else embedder
    return {"sample": sample, "embedded": embedded, "embedder": name, "seed": seed, "student": student}


def write(made: Report, form: Form, out: str | None) -> None:
    """Write a report where it goes: a page to a file, the other forms to standard output unless a file is named."""
    from satsuma.cli.screen import line
    from satsuma.remote.staging import as_told, sending

    if form is Form.HTML:
        path = made.save(out)
        for finding in made.verdict:
            line(f"{finding.level}: {finding.text}")
        line(f"report: {as_told(path)}")
        return
    text = made.markdown() if form is Form.MD else _json(made)
    if out is None:
        typer.echo(text.rstrip("\n"))
        return
    from pathlib import Path

    from satsuma.run.atomic import write_atomically

    with sending(out) as wanted:
        write_atomically(Path(wanted), text.encode("utf-8", "replace"))
    line(f"report: {as_told(out)}")


def _json(made: Report) -> str:
    import orjson

    return orjson.dumps(made.to_json(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode("utf-8")
