"""`satsuma analyze`: the papers' measurements of a dataset, beside original data if there is some."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from satsuma.cli.options import Card, Label, Text, place, with_options
from satsuma.cli.report import Embedded, Embedder, Seed, Split, Student, measured

if TYPE_CHECKING:
    from satsuma.measures.analysis import Analysis
    from satsuma.measures.corpus import MeasureOptions


class Format(StrEnum):
    """How the analysis is printed."""

    TEXT = "text"
    MD = "md"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Arguments:
    """What `satsuma analyze` is given."""

    dataset: Annotated[
        str,
        typer.Argument(
            help="A run, a file or a folder of rows, or a BIG-bench task.json.", metavar="DATASET", parser=place
        ),
    ]
    against: Annotated[
        list[str],
        typer.Option("--against", help="A dataset to compare with; may be repeated.", metavar="DATASET", parser=place),
    ] = field(default_factory=list)
    card: Card = ""
    text: Text = field(default_factory=list)
    label: Label = ""
    split: Split = ""
    form: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.TEXT
    only: Annotated[
        list[str], typer.Option("--only", help="A measurement to make; may be repeated.", metavar="NAME")
    ] = field(default_factory=list)
    sample: Annotated[int, typer.Option("--sample", help="Instances to compare with one another.", min=1)] = 10_000
    embedded: Embedded = 1_000
    embedder: Embedder = "minilm"
    seed: Seed = 0
    student: Student = ""
    ray: Annotated[
        str,
        typer.Option(
            "--ray", help="Embed on a Ray cluster: HOST:PORT, auto for the one here; alone it starts Ray here.",
            metavar="[ADDRESS]",
        ),
    ] = ""  # fmt: skip


@with_options(Arguments)
def command(given: Arguments) -> None:
    """Measure a dataset: diversity, duplicates, bias, shortcuts, difficulty, correction."""
    from satsuma import api

    with _joined(given.ray):
        analysis = api.analyze(
            given.dataset,
            against=given.against,
            card=given.card or None,
            text=given.text,
            label=given.label or None,
            split=given.split or None,
            **_measured(given),
        )
    match given.form:
        case Format.JSON:
            _print_json(analysis)
        case Format.MD:
            from satsuma.cli.screen import line
            from satsuma.measures.rendering import markdown

            line(markdown(analysis).rstrip("\n"))
        case Format.TEXT:
            _print_text(analysis)


def _joined(ray: str) -> AbstractContextManager[None]:
    """Be part of a cluster for all datasets, each of which would else join it by itself."""
    if not ray:
        return nullcontext()
    from satsuma.cluster.joining import joined

    return joined(ray)


def _measured(given: Arguments) -> MeasureOptions:
    """What is measured, how much, and with what; on a cluster if there is to be one."""
    options = measured(given.sample, given.embedded, given.embedder, given.seed, given.student)
    options["only"] = tuple(given.only)
    if given.ray and options["embedder"] is not None:
        from satsuma.cluster.embedding import ClusterEmbedder

        options["embedder"] = ClusterEmbedder(given.ray, given.embedder)
    return options


def _print_json(analysis: Analysis) -> None:
    import orjson

    typer.echo(orjson.dumps(analysis.to_json(), option=orjson.OPT_INDENT_2).decode("utf-8"))


def _print_text(analysis: Analysis) -> None:
    from satsuma.cli.screen import line, table
    from satsuma.measures.rendering import entity_lines, headline_rows, missing

    told = f"{analysis.instances:,} instances, {analysis.kind}; text: {analysis.text}; label: {analysis.label}"
    line(f"{analysis.name}: {told}")
    for note in analysis.notes:
        line(f"note: {note}")
    line("")
    for finding in analysis.verdict:
        line(f"{finding.level}: {finding.text}")
    line("")
    names = [Path(other.name).name for other in analysis.against]
    table(("", Path(analysis.name).name, *names), headline_rows(analysis), numbers=1 + len(names))
    for text in entity_lines(analysis):
        line(text)
    for name, why in missing(analysis):
        line(f"{name}: not defined: {why}")
