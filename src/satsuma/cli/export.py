"""`satsuma export`: a run's dataset in a form that other programs read."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Kind(StrEnum):
    """What is written."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"
    DATASETS = "datasets"


def command(
    run: Annotated[Path, typer.Argument(help="A run directory.", metavar="RUN")],
    form: Annotated[
        str,
        typer.Option(
            "--form",
            "--format",
            help="fields, pairs (text and target), superglue, chat (messages), prompt-completion, alpaca, sharegpt.",
        ),
    ] = "fields",
    kind: Annotated[Kind, typer.Option("--as", help="The kind of file.")] = Kind.JSONL,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="The file, or the folder if there are splits; RUN/exports/FORM… if left out."),
    ] = None,
    instruction: Annotated[
        bool, typer.Option("--instruction/--no-instruction", help="Whether chat, … tell the task.")
    ] = True,
    templates: Annotated[
        int, typer.Option("--templates", help="In how many ways the task is told, 1 to 4.", min=1, max=4)
    ] = 4,
    seed: Annotated[int, typer.Option("--seed", help="Of the draw of each instance's way.")] = 0,
) -> None:
    """Write a run's dataset in a form that other programs read."""
    from satsuma.exporting import export

    made = export(run, form, out, kind=kind.value, instruction=instruction, templates=templates, seed=seed)
    typer.echo(made)
