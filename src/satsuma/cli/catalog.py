"""`satsuma catalog`: the searchable descriptions of existing datasets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from satsuma.cli.options import Gated, Licence

app = typer.Typer(help="Build a catalog of existing datasets.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _root() -> None:
    """What holds for every command of catalogs."""


@app.command("build")
def build(
    sources: Annotated[
        list[str],
        typer.Argument(
            help="Folders of data files with a README.md or card.md each, JSON Lines of dataset cards, or hub.",
            metavar="SOURCE...",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The catalog's file.", metavar="FILE")],
    licence: Licence = "any",
    gated: Gated = False,
    limit: Annotated[
        int, typer.Option("--limit", help="Datasets of the hub, the most downloaded first; 0: all.", min=0)
    ] = 0,
) -> None:
    """Collect the dataset cards of folders, files and the hub in one file."""
    from satsuma.catalog.building import build_catalog
    from satsuma.catalog.filters import Wanted
    from satsuma.cli.screen import line

    built = build_catalog(sources, out, Wanted(gated=gated, licence=licence), limit=limit)
    line(f"{built.path}: {built.entries:,} datasets")
    for reason, count in built.reasons():
        line(f"  left out: {count:,} × {reason}")
    for dropped in [d for d in built.dropped if not d.reason.startswith(("has ", "is ", "needs "))][:10]:
        line(f"  {dropped.name}: {dropped.reason}")
