"""The command `satsuma`: its commands, and how an error ends it.

A `SatsumaError` is one or two lines on standard error and its own exit code, a broken pipe is silent, and a traceback
means a bug in satsuma; keys are taken out of all of them. Data goes to standard output, progress and errors to
standard error.

Nothing but typer is loaded here; each command loads what it needs when it runs.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer
from typer.core import TyperGroup

from satsuma.cli import (
    analyze,
    audit,
    batches,
    blend,
    build,
    catalog,
    check,
    compare,
    compare_students,
    curate,
    demo,
    estimate,
    evaluate,
    export,
    freeze,
    generate,
    journal,
    models,
    new,
    predict,
    push,
    rate,
    report,
    score,
    search,
    show,
    tasks,
    train,
    transform,
)
from satsuma.cli.options import plain_words
from satsuma.cli.rayed import WithRay
from satsuma.errors import SatsumaError

PROGRAM = "satsuma"
"""What the program is called, also where it is run as `python -m satsuma`."""


class _Commands(TyperGroup):
    """The commands; a value that an option cannot have is told in plain words."""

    def invoke(self, ctx: object) -> object:
        """Run a command."""
        try:
            return super().invoke(ctx)  # type: ignore[arg-type]  # whose name is typer's own
        except typer.BadParameter as wrong:
            wrong.message = plain_words(wrong)
            raise


app = typer.Typer(
    name=PROGRAM,
    cls=_Commands,
    help="Turns a task description into a labelled training set that you can trust.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("new", cls=WithRay)(new.command)
app.command("generate", cls=WithRay)(generate.command)
app.command("transform", cls=WithRay)(transform.command)
app.command("estimate", cls=WithRay)(estimate.command)
app.add_typer(tasks.app, name="tasks")
app.command("check")(check.command)
app.command("models")(models.command)
app.command("show")(show.command)
app.command("blend")(blend.command)
app.command("build", cls=WithRay)(build.command)
app.command("analyze", cls=WithRay)(analyze.command)
app.command("report")(report.command)
app.command("compare")(compare.command)
app.command("audit")(audit.command)
app.command("freeze")(freeze.command)
app.command("score")(score.command)
app.command("rate")(rate.command)
app.command("train", cls=WithRay)(train.command)
app.command("evaluate")(evaluate.command)
app.command("predict")(predict.command)
app.command("compare-students")(compare_students.command)
app.command("curate", cls=WithRay)(curate.command)
app.command("export")(export.command)
app.command("push")(push.command)
app.add_typer(catalog.app, name="catalog")
app.command("search")(search.command)
app.command("batches")(batches.command)
app.add_typer(journal.app, name="journal")
app.command("demo")(demo.command)

BUG = 1
"""The exit code of a mistake of satsuma's own."""
BROKEN_PIPE = 1
"""What a command ends with whose reader went away, as Python's documentation has it."""


def _print_version(wanted: bool) -> None:
    if wanted:
        from satsuma import __version__

        typer.echo(f"satsuma {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """What holds for every command."""


def main() -> None:
    """Run the command line and exit the process."""
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")  # Arrow's own pool keeps some 40 MB that it never uses
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = _run()
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    sys.exit(_flushed(code))


def _run() -> int:
    from satsuma.cli.telling import tell, tell_bug

    try:
        app(prog_name=PROGRAM)
    except SatsumaError as error:
        tell(error)
        return error.exit_code
    except Exception as error:
        tell_bug(error)
        return BUG
    return 0


def _flushed(code: int) -> int:
    """The exit code, once what is buffered is out or nobody wants it."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        # The interpreter flushes again when it ends, which must not fail aloud.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return code or BROKEN_PIPE
    return code
