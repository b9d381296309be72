"""How an error is told: what was wrong and what to do, with keys taken out and nothing that a terminal would obey."""

from __future__ import annotations

import shlex
import sys
import traceback

from satsuma.errors import CardError, Interrupted, SatsumaError, Stopped, Waiting
from satsuma.run.plain import plain
from satsuma.run.redact import redact


def tell(error: SatsumaError) -> None:
    """Print an error's message, its hint, and, where the same command goes on, the command."""
    lines = [f"{_kind(error)}{error.message}", error.hint]
    if isinstance(error, Interrupted | Waiting):
        lines.append(f"Go on with: {this_command()}")
    _print("\n".join(line for line in lines if line))


def tell_bug(error: BaseException) -> None:
    """Print the traceback of an exception that satsuma did not raise on purpose."""
    _print("".join(traceback.format_exception(error)).rstrip())
    _print("This is a mistake in satsuma. No reply that was journaled is lost; please report the lines above.")


def this_command() -> str:
    """The command as it was typed, to be typed again."""
    return shlex.join(["satsuma", *sys.argv[1:]])


def _kind(error: SatsumaError) -> str:
    if isinstance(error, CardError):  # begins with the file and the line, which editors make a link of
        return ""
    return "stopped: " if isinstance(error, Stopped) else "error: "


def _print(text: str) -> None:
    print(plain(redact(text), keep="\n"), file=sys.stderr)  # noqa: T201 (the command line's own output)
