"""`satsuma batches`: a run's batches at a provider, and cancelling them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from satsuma.errors import SettingsError

if TYPE_CHECKING:
    from satsuma.llm.batch_control import Standing


def command(
    run: Annotated[Path, typer.Argument(help="A run directory.", metavar="RUN")],
    which: Annotated[str, typer.Argument(help="One batch; all that are under way by default.", metavar="[ID]")] = "",
    cancel: Annotated[bool, typer.Option("--cancel", help="Cancel; what was answered by then is kept.")] = False,
    forget: Annotated[bool, typer.Option("--forget", help="Give up a batch that is gone for good.")] = False,
) -> None:
    """List the batches of a run that was made with --model batch:…, or cancel them."""
    import asyncio
    from contextlib import closing

    from satsuma.llm import batch_control as control
    from satsuma.llm.journal import Journal
    from satsuma.run.directory import RunDirectory

    if cancel and forget:
        raise SettingsError("--cancel and --forget are both given", "Cancel what can be reached, forget what is gone.")
    if forget and not which:
        raise SettingsError("--forget needs the ID of a batch", "`satsuma batches RUN` lists them.")
    directory = RunDirectory.open(run)
    with closing(Journal.open(directory.journal_path, readonly=True)) as journal:
        batches = journal.batches()
    if forget:
        with directory.lock(), closing(Journal.open(directory.journal_path)) as journal:
            asyncio.run(control.forget(control.chosen(batches, which, every=True), journal))
        typer.echo(f"{which} is forgotten; the command that made the run submits its requests anew.")
    elif cancel:
        cancelled = asyncio.run(control.cancel(control.chosen(batches, which, every=False)))
        for one in cancelled:
            typer.echo(f"{one.batch.remote} is {one.state}.")
        typer.echo(
            "The command that made the run goes on with what was answered."
            if cancelled
            else "No batch of this run is under way."
        )
    else:
        shown = control.chosen(batches, which, every=True) if which else list(batches)
        _print(asyncio.run(control.standings(shown)))


def _print(standings: list[Standing]) -> None:
    """A table of batches; why a state may be an old one goes to standard error."""
    from datetime import UTC, datetime

    from satsuma.cli.screen import table

    if not standings:
        typer.echo("This run has no batches.")
        return
    rows = [
        (
            one.batch.remote or one.batch.name,
            one.batch.identity,
            one.state,
            datetime.fromtimestamp(one.batch.created, UTC).strftime("%Y-%m-%d %H:%M"),
            f"{one.answered:,}",
            f"{len(one.batch.keys):,}",
        )
        for one in standings
    ]
    table(("batch", "model", "state", "submitted (UTC)", "answered", "requests"), rows, numbers=2)
    for one in standings:
        if one.why:
            typer.echo(f"{one.batch.remote}: as noted by the run, since the provider did not say: {one.why}", err=True)
