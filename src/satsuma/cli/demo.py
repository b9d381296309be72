"""`satsuma demo`: the ordinary pipeline on a recording that comes with the package."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    card: Annotated[str, typer.Argument(help="A card that has a recording.", metavar="[CARD]")] = "copa",
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Run directory; runs/demo-CARD by default.", metavar="DIR")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show nothing but errors.")] = False,
) -> None:
    """Generate a dataset without a key or a network, from recorded replies."""
    from satsuma import api
    from satsuma.cli.progress import shown
    from satsuma.cli.screen import line
    from satsuma.cli.summary import print_run

    with shown(quiet=quiet) as progress:
        run = api.demo(card, out=out, progress=progress)
    if quiet:
        return
    print_run(run)
    models = " and ".join(dict.fromkeys(run.state.models.values())) or "a model"
    line("")
    line(f"This replayed a recording of {models} that comes with satsuma: no model was asked.")
    line(f"With a live model (`satsuma models`): satsuma generate {card} -n {run.state.n} --model openai/gpt-4.1-mini")
