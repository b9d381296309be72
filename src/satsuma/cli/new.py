"""`satsuma new`: a model drafts a task card, and a few instances show what it makes."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from satsuma.cli.generate import GenerateOptions
from satsuma.cli.options import with_options
from satsuma.errors import SettingsError

if TYPE_CHECKING:
    from satsuma.drafting.job import NewCard
    from satsuma.run.run import Run

Option = typer.Option
_OF_A_RUN = (
    "votes", "blind", "policy", "seeds", "contexts", "no_contexts", "no_seeds", "no_correction", "part", "revise",
    "jsonl",
)  # fmt: skip
"""Options of `satsuma generate` that a new card has no use for."""


@dataclass(frozen=True, slots=True)
class NewOptions(GenerateOptions):
    """The command line of `satsuma new`: that of `satsuma generate`, and what the card is drafted from."""

    card: Annotated[
        str, typer.Argument(help="The task in a sentence; may be left out where rows show it.", metavar="TASK")
    ] = ""
    n: Annotated[int, Option("-n", "--n", help="Instances to make with the card, to judge it by.", metavar="N")] = 3
    out: Annotated[Path | None, Option("-o", "--out", help="The card's file.", metavar="FILE.yaml")] = None
    examples: Annotated[
        Path | None,
        Option("--examples", help="A few labelled rows: JSON Lines, CSV, TSV or Parquet.", metavar="FILE"),
    ] = None
    from_dataset: Annotated[
        str | None,
        Option("--from-dataset", help="A dataset: a file, a folder, or a name on the hub.", metavar="NAME_OR_PATH"),
    ] = None
    label: Annotated[
        str | None, Option("--label", help="The column of the rows that is the output.", metavar="COLUMN")
    ] = None
    language: Annotated[
        str | None, Option("--language", help="The language of the instances; the task's by default.")
    ] = None
    run: Annotated[
        Path | None,
        Option("--run", help="Directory of the journal and of the instances; runs/new-NAME by default.", metavar="DIR"),
    ] = None
    force: Annotated[bool, Option("--force", help="Replace the file if there is one.")] = False


@with_options(NewOptions, without=_OF_A_RUN)
def command(options: NewOptions) -> None:
    """Draft a task card with a model, and show what it makes."""
    from satsuma import api
    from satsuma.cli.progress import shown

    if options.out is None:
        raise SettingsError("the card has no place to go", "Name its file: -o my-task.yaml")
    given = {"label": options.label, "language": options.language}
    with shown(quiet=options.quiet) as progress:
        made = api.new(
            options.card, out=options.out, model=options.model, progress=progress, n=options.n,
            examples=options.examples, from_dataset=options.from_dataset, run=options.run, force=options.force,
            **{name: value for name, value in given.items() if value is not None}, **options.settings(),
        )  # fmt: skip
    if not options.quiet:
        _print(made, options)


def _print(made: NewCard, options: NewOptions) -> None:
    from satsuma.cli.screen import line

    if made.run is not None:
        _print_instances(made.path, made.run, options.n)
    for remark in made.report.lines():
        line(remark)
    line("")
    read = "the card and these instances" if made.run is not None else "the card"
    line(f"Read {read}, and change what is not as you mean it. Then:")
    for command in _next(made.path, options):
        line(f"  {command}")


def _print_instances(path: Path, run: Run, wanted: int) -> None:
    from satsuma.cli.instances import print_instances
    from satsuma.cli.screen import line
    from satsuma.cli.summary import cost

    if run.state.size:
        line(f"Made with {path}:")
        print_instances(run, wanted)
        line("")
    line(cost(run.summary()))
    if run.state.size < wanted:
        line(f"Only {run.state.size} of {wanted} instances came of that: `satsuma show {run.path}` tells why.")
    line("")


def _next(path: Path, options: NewOptions) -> list[str]:
    """The commands that come next."""
    address = ["--base-url", options.base_url] if options.base_url else []
    return [
        shlex.join(["satsuma", "check", str(path)]),
        shlex.join(["satsuma", "generate", str(path), "-n", "200", "--model", options.model, *address]),
    ]
