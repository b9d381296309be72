"""`satsuma journal`: a journal made smaller, several as one, and one as lines of JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from satsuma.errors import SettingsError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

app = typer.Typer(
    help="Make a journal smaller, merge several, or write one as lines of JSON.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("compact")
def compact(
    journal: Annotated[Path, typer.Argument(help="A run directory or a journal.", metavar="JOURNAL")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Another file; in the journal's own place if left out.")
    ] = None,
) -> None:
    """Write a journal in as little room as it takes: requests shortened, damaged replies and free room left out."""
    from contextlib import nullcontext

    from satsuma.llm import journal_rewrite
    from satsuma.llm.journal import journal_at

    path = journal_at(journal)
    with _held(path) if out is None else nullcontext():
        done = journal_rewrite.compact(path, out)
    each = f", {done.after / done.replies:,.0f} for each of {done.replies:,} replies" if done.replies else ""
    typer.echo(f"{done.before:,} bytes → {done.after:,}{each}.")
    if done.damaged:
        typer.echo(f"{done.damaged:,} damaged replies were left out; a run that needs them asks again.", err=True)


@app.command("merge")
def merge(
    journals: Annotated[list[Path], typer.Argument(help="Run directories or journals.", metavar="JOURNALS")],
    out: Annotated[Path, typer.Option("-o", "--out", help="The new journal; a directory gets a journal.sqlite.")],
) -> None:
    """Write all replies of several journals into a new one; of several answers to a request the first stays."""
    from satsuma.llm import journal_rewrite
    from satsuma.llm.journal import journal_at

    if len(journals) < 2:
        raise SettingsError("there is nothing to merge with", "Name two journals or more.")
    paths = [journal_at(each) for each in journals]
    if len({path.resolve() for path in paths}) < len(paths):
        raise SettingsError("a journal is named twice", "Name each once: what it cost would be added up twice.")
    done = journal_rewrite.merge(paths, journal_at(out))
    typer.echo(
        f"{done.replies:,} replies. {done.common:,} were in several journals, "
        f"{done.conflicts:,} of them with different answers, of which the first stays."
    )
    if done.models:
        steps = ", ".join(step or "all others" for step in done.models)
        typer.echo(f"The journals name different models ({steps}); those of the first stay.", err=True)
    if done.damaged:
        typer.echo(f"{done.damaged:,} damaged replies were left out.", err=True)


@app.command("export")
def export(
    journal: Annotated[Path, typer.Argument(help="A run directory or a journal.", metavar="JOURNAL")],
    form: Annotated[
        str,
        typer.Option("--form", help="journal (all that is known), requests or replies (as in OpenAI's Batch API)."),
    ] = "journal",
    step: Annotated[list[str] | None, typer.Option("--step", help="Of this step alone; can be repeated.")] = None,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="The file; standard output if left out.")] = None,
) -> None:
    """Write a journal as lines of JSON. What looks like a key is taken out."""
    import sys

    from satsuma.llm.journal import journal_at
    from satsuma.llm.journal_export import exported
    from satsuma.run.atomic import write_lines
    from satsuma.run.redact import redact

    lines = exported(journal_at(journal), form, steps=step or (), redact=redact)
    if out is not None:
        typer.echo(f"{write_lines(out, lines):,} lines in {out}")
        return
    for line in lines:
        sys.stdout.buffer.write(line + b"\n")


def _held(path: Path) -> AbstractContextManager[None]:
    """Keep runs out of the directory, if it is one of a run."""
    from contextlib import nullcontext

    from satsuma.run.lock import locked

    return locked(path.parent) if (path.parent / "run.json").is_file() else nullcontext()
