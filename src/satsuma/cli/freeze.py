"""`satsuma freeze`: an audited benchmark of a run, never to be trained on; and whether one is as it was frozen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from satsuma.errors import SettingsError

if TYPE_CHECKING:
    from satsuma.freezing.making import Frozen


def command(
    run: Annotated[Path | None, typer.Argument(help="An audited run.", metavar="RUN")] = None,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="The benchmark's directory.", metavar="DIR")] = None,
    n: Annotated[
        int | None, typer.Option("-n", "--n", help="Instances; all that were judged right where left out.", metavar="N")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Which instances, where n is less than there are.")] = 0,
    unaudited: Annotated[
        bool, typer.Option("--unaudited", help="Take instances that nobody judged; the benchmark says so.")
    ] = False,
    check: Annotated[
        Path | None, typer.Option("--check", help="Check that a benchmark is as it was frozen.", metavar="DIR")
    ] = None,
    expected: Annotated[
        str, typer.Option("--hash", help="With --check: the hash that it has to have.", metavar="HASH")
    ] = "",
) -> None:
    """Freeze an audited sample of a run as a benchmark that is never trained on."""
    from satsuma.freezing.doors import check_frozen, freeze

    if check is not None:
        if run is not None or out is not None:
            raise SettingsError("--check takes no run and no -o", "satsuma freeze --check DIR")
        typer.echo(f"{check} is as it was frozen: {check_frozen(check, expected=expected)}")
        return
    if run is None or out is None:
        raise SettingsError(
            "a run and a directory are needed", "satsuma freeze RUN -o DIR, or satsuma freeze --check DIR"
        )
    from satsuma.cli.progress import shown

    with shown(quiet=False) as progress:
        made = freeze(run, out=out, n=n, seed=seed, unaudited=unaudited, progress=progress)
    _print(made)


def _print(made: Frozen) -> None:
    from satsuma.cli.screen import line, table

    judged = "NOT AUDITED" if made.about.unaudited else "each judged right by a person"
    line(f"{made.path}: {made.about.instances:,} instances, {judged}")
    table(("label", "instances"), [(name, f"{count:,}") for name, count in made.about.labels.items()], numbers=1)
    line(f"hash: {made.hash}")
    line(f"canary: {made.about.canary}")
