"""`satsuma export`: a run's dataset in a form that other programs read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    run: Annotated[Path, typer.Argument(help="A run directory.", metavar="RUN")],
    form: Annotated[
        str,
        typer.Option(
            "--format",
            help="superglue: the rows of SuperGLUE's own files. pairs: text and target. fields: the card's fields.",
        ),
    ] = "fields",
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="The file; RUN/exports/FORMAT.jsonl where left out.")
    ] = None,
) -> None:
    """Write a run's dataset as JSON Lines in a form that other programs read."""
    from satsuma.api import export

    typer.echo(export(run, form, out))
