"""`satsuma show`: a run's summary with a few instances, or where one instance came from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    run: Annotated[Path, typer.Argument(help="A run directory.", metavar="RUN")],
    identifier: Annotated[
        str, typer.Argument(help="The id of an instance or a reject, to see where it came from.", metavar="[ID]")
    ] = "",
    instances: Annotated[int, typer.Option("--instances", help="Instances to show with the summary.", min=0)] = 3,
) -> None:
    """Show a run, or with an ID the lineage of one instance."""
    from satsuma.run.run import Run

    opened = Run(run)
    if identifier:
        from satsuma.cli.lineage import print_lineage

        print_lineage(opened, identifier)
        return
    from satsuma.cli.instances import print_instances
    from satsuma.cli.summary import print_run

    print_run(opened)
    print_instances(opened, instances)
