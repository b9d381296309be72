"""`satsuma transform`: rows of public datasets become instances of a task."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

import typer

from satsuma.cli.generate import GenerateOptions
from satsuma.cli.options import Gated, Licence, with_options

Option = typer.Option
NOT_HERE = (
    "votes", "blind", "policy", "seeds", "contexts", "recipe", "no_contexts", "no_seeds", "no_correction", "part",
)  # fmt: skip
"""Options of `satsuma generate` that a transformation has no use for."""
OWN = ("catalog", "datasets", "most", "rows", "execute", "licence", "gated", "embedder", "rerank_votes", "balanced")


@dataclass(frozen=True, slots=True)
class Command(GenerateOptions):
    """The command line of `satsuma transform`: that of `satsuma generate`, and where rows come from."""

    catalog: Annotated[
        str, Option("--catalog", "-c", help="What to search: JSON Lines of dataset cards, or a folder.", metavar="PATH")
    ] = ""
    datasets: Annotated[
        list[str],
        Option(
            "--dataset",
            help="Instead of searching: a name in the catalog, a file, a folder, or hf:OWNER/NAME.",
            metavar="NAME|PATH",
        ),
    ] = field(default_factory=list)
    most: Annotated[int, Option("--most", help="Datasets that are used.", min=1)] = 4
    rows: Annotated[int, Option("--rows", help="Rows of each dataset that are tried.", min=1)] = 3000
    execute: Annotated[
        Literal["auto", "program", "model"],
        Option("--execute", help="Who carries out the plan; auto takes the program where it is not worse."),
    ] = "auto"
    licence: Licence = "any"
    gated: Gated = False
    embedder: Annotated[str, Option("--embedder", help="Of the search, as for `satsuma search`.", metavar="NAME")] = (
        "auto"
    )
    rerank_votes: Annotated[
        int, Option("--rerank-votes", help="Answers of the reranking, of which the majority counts.", min=1)
    ] = 5
    balanced: Annotated[
        bool, Option("--balanced", help="Keep rows until the labels have the card's shares, not the rows' own.")
    ] = False


@with_options(Command, without=NOT_HERE)
def command(options: Command) -> None:
    """Find public datasets, and turn their rows into instances of the task."""
    from satsuma import api
    from satsuma.cli.summary import followed, print_run

    own = {name: getattr(options, name) for name in OWN}
    with followed(quiet=options.quiet) as progress:
        run = api.transform(
            options.card, n=options.n, model=options.model, out=options.out, progress=progress,
            **{**own, "datasets": tuple(options.datasets)}, **options.settings(),
        )  # fmt: skip
    if not options.quiet:
        print_run(run)
