"""`satsuma export`: a dataset in a form that other programs read."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from satsuma.cli.options import place


class Kind(StrEnum):
    """What is written."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"
    DATASETS = "datasets"


def command(
    run: Annotated[
        str,
        typer.Argument(
            help="A run; or a file or folder of labelled rows, with --card.", metavar="RUN_OR_FILE", parser=place
        ),
    ],
    form: Annotated[
        str,
        typer.Option(
            "--form",
            "--format",
            help="fields, pairs (text and target), superglue, chat (messages), prompt-completion, alpaca, sharegpt.",
        ),
    ] = "fields",
    card: Annotated[str, typer.Option("--card", help="The card of a file's rows.", metavar="CARD")] = "",
    kind: Annotated[Kind, typer.Option("--as", help="The kind of file.")] = Kind.JSONL,
    out: Annotated[
        str | None,
        typer.Option(
            "-o",
            "--out",
            help="The file, or the folder if there are splits; RUN/exports/FORM, FILE-exports/FORM.",
            metavar="PATH",
            parser=place,
        ),
    ] = None,
    instruction: Annotated[
        bool, typer.Option("--instruction/--no-instruction", help="Whether chat, … tell the task.")
    ] = True,
    templates: Annotated[
        int, typer.Option("--templates", help="In how many ways the task is told, 1 to 4.", min=1, max=4)
    ] = 4,
    seed: Annotated[int, typer.Option("--seed", help="Of the draw of each instance's way.")] = 0,
) -> None:
    """Write a dataset in a form that other programs read."""
    from satsuma.cli.progress import shown
    from satsuma.exporting import export
    from satsuma.remote.staging import as_told

    with shown(quiet=False) as progress:
        made = export(
            run, form, out, card=card or None, kind=kind.value, progress=progress, instruction=instruction,
            templates=templates, seed=seed,
        )  # fmt: skip
    typer.echo(as_told(made))
