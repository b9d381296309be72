"""The command `satsuma`: its commands, and how an error ends it.

A `SatsumaError` is one or two lines on standard error and its own exit code, a broken pipe is silent, and a traceback
means a bug in satsuma; keys are taken out of all of them. Data goes to standard output, progress and errors to
standard error.

Of the commands only the one that the line begins with is loaded, all of them for the list of them; each loads what it
needs when it runs. Nothing else but typer is loaded here.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated

import typer
from typer.core import TyperGroup

from satsuma.cli.options import plain_words
from satsuma.cli.rayed import WithRay
from satsuma.errors import SatsumaError

PROGRAM = "satsuma"
"""What the program is called, also where it is run as `python -m satsuma`."""
COMMANDS = (
    "new", "generate", "transform", "estimate", "tasks", "check", "models", "show", "blend", "build", "analyze",
    "report", "compare", "audit", "freeze", "score", "rate", "train", "evaluate", "predict", "compare-students",
    "curate", "export", "push", "catalog", "search", "batches", "journal", "demo",
)  # fmt: skip
"""In the order of `satsuma --help`. Each has a module of its name, with a `command`, or an `app` where it is many."""
ON_RAY = frozenset({"new", "generate", "transform", "estimate", "build", "analyze", "train", "curate"})
"""Those that have `--ray`."""
COLLECTED = 50_000
"""Objects that are made, less those that are gone, between two looks for reference cycles: loading makes few."""
BUG = 1
"""The exit code of a mistake of satsuma's own."""
BROKEN_PIPE = 1
"""What a command ends with whose reader went away, as Python's documentation has it."""


class _Commands(TyperGroup):
    """The commands; a value that an option cannot have is told in plain words."""

    def invoke(self, ctx: object) -> object:
        """Run a command."""
        try:
            return super().invoke(ctx)  # type: ignore[arg-type]  # whose name is typer's own
        except typer.BadParameter as wrong:
            wrong.message = plain_words(wrong)
            raise


def _app(words: Sequence[str]) -> typer.Typer:
    """What reads these words of a command line: the command that they begin with, or all of them."""
    app = typer.Typer(
        name=PROGRAM,
        cls=_Commands,
        help="Turns a task description into a labelled training set that you can trust.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(_root)
    for name in words[:1] if words and words[0] in COMMANDS else COMMANDS:
        module = import_module(f"satsuma.cli.{name.replace('-', '_')}")
        if hasattr(module, "app"):
            app.add_typer(module.app, name=name)
        else:
            app.command(name, cls=WithRay if name in ON_RAY else None)(module.command)
    return app


def _print_version(wanted: bool) -> None:
    if wanted:
        from satsuma import __version__

        typer.echo(f"satsuma {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """What holds for every command."""


def main() -> None:
    """Run the command line and exit the process."""
    gc.set_threshold(COLLECTED, *gc.get_threshold()[1:])
    atexit.register(gc.freeze)  # the interpreter looks for cycles once more when it ends: a tenth of a short command
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")  # Arrow's own pool keeps some 40 MB that it never uses
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # looking for some reads about every package installed
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
        _app(sys.argv[1:])(prog_name=PROGRAM)
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
