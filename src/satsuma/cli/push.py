"""`satsuma push`: a dataset, published on the Hugging Face hub."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    run: Annotated[Path, typer.Argument(help="A run, or a folder that `satsuma curate` wrote.", metavar="RUN")],
    name: Annotated[str, typer.Argument(help="The dataset on the hub.", metavar="USER/NAME")],
    public: Annotated[bool, typer.Option("--public", help="Let everybody see it; private where left out.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be pushed.")] = False,
) -> None:
    """Push a dataset and its card to the Hugging Face hub: Parquet, private unless --public."""
    from satsuma.cli.screen import line, table
    from satsuma.pushing.hub import push

    done = push(run, name, public=public, dry_run=dry_run)
    table(None, [(path, f"{size:,} bytes") for path, size in done.files.items()], numbers=1)
    seen = "private" if done.private else "public"
    line(f"{'would push' if dry_run else 'pushed'} {done.rows:,} instances, {seen}: {done.url}")
    for path in done.kept:
        line(f"note: {path} was there before and is left as it is")
