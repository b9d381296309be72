"""`satsuma build`: from a task to its dataset, and a student, in one command."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from satsuma.cli.options import with_options
from satsuma.cli.transform import OWN
from satsuma.cli.transform import Command as TransformCommand

if TYPE_CHECKING:
    from satsuma.assembly.building import Built
    from satsuma.run.run import Run

Option = typer.Option
NOT_HERE = ("seeds", "contexts", "part", "recipe")
"""Options of `satsuma generate` that a build has no use for."""


@dataclass(frozen=True, slots=True)
class Command(TransformCommand):
    """The command line of `satsuma build`: those of `satsuma transform` and `satsuma generate`, and how they share."""

    card: Annotated[str, typer.Argument(help="A card (its name or its file), or a task in a sentence.", metavar="TASK")]
    share: Annotated[
        float, Option("--share", help="Of the instances, those that are to come from datasets, 0 to 1.", min=0, max=1)
    ] = 0.5
    student: Annotated[bool, Option("--student", help="Train a student on the dataset.")] = False


@with_options(Command, without=NOT_HERE)
def command(options: Command) -> None:
    """Make a dataset from public datasets and a model, together."""
    from satsuma.assembly.doors import build
    from satsuma.cli.summary import followed

    own = {name: getattr(options, name) for name in OWN}
    with followed(quiet=options.quiet) as progress:
        built = build(
            options.card, n=options.n, model=options.model, out=options.out, progress=progress,
            share=options.share, student=options.student,
            **{**own, "datasets": tuple(options.datasets)}, **options.settings(),
        )  # fmt: skip
    if not options.quiet:
        _print(built)


def _print(built: Built) -> None:
    from satsuma.cli.screen import line, table
    from satsuma.cli.summary import heading

    line(heading(built.dataset.summary()))
    line("")
    parts = [("transformed", built.transformed), ("generated", built.generated)]
    table(("part", "instances", "requests", "spent"), [_part(name, run) for name, run in parts if run], numbers=3)
    line("")
    line(f"dataset: {built.dataset.data_path}")
    if built.card is not None:
        line(f"card: {built.card}")
    if built.student is not None:
        line(f"student: {built.student.path}")


def _part(name: str, run: Run) -> tuple[str, str, str, str]:
    totals = run.state.totals
    money = f"${totals.usd:.4f}" if totals.usd else "-"
    return name, f"{run.state.size:,}", f"{totals.requests + totals.recorded:,}", money
