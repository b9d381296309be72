"""`satsuma evaluate`: how good a student is on labelled rows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer


def command(
    student: Annotated[Path, typer.Argument(help="A student's directory.", metavar="STUDENT")],
    on: Annotated[
        Path, typer.Option("--on", help="Labelled rows: a file, a folder, a run; SuperGLUE's or BIG-bench's files too.")
    ],
    card: Annotated[str, typer.Option("--card", help="The card to read them with, where it is another.")] = "",
    split: Annotated[str, typer.Option("--split", help="The split of a folder.", metavar="SPLIT")] = "",
    overlap: Annotated[
        Literal["refuse", "drop", "keep"], typer.Option("--overlap", help="What becomes of rows of the training data.")
    ] = "refuse",
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Folder of the predictions; STUDENT/evaluations where left out.")
    ] = None,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda, cuda:1 or mps.")] = "auto",
    form: Annotated[Literal["text", "json"], typer.Option("--format", help="How to print it.")] = "text",
) -> None:
    """Measure a student by its task's official metric, and save its predictions."""
    from satsuma.cli.screen import line, table
    from satsuma.students import doors

    found = doors.evaluate(student, on, card=card or None, split=split or None, overlap=overlap, out=out, device=device)
    if form == "json":
        typer.echo(found.predictions.with_suffix(".json").read_text("utf-8"))
        return
    score = found.score
    line(f"{found.student} on {found.on}: {found.instances:,} instances")
    parts = [(name, f"{value:.4f}") for name, value in found.parts.items()]
    table(
        ("metric", "value", "95% interval"),
        [(found.metric, f"{score.value:.4f}", f"{score.low:.4f} – {score.high:.4f}")]
        + ([(f"  {name}", value, "") for name, value in parts] if len(parts) > 1 else []),
        numbers=2,
    )
    for note in found.notes:
        line(f"note: {note}")
    line(f"predictions: {found.predictions}")
