"""`satsuma check`: everything that is wrong or unwise about a card, and what it would send."""

from __future__ import annotations

from typing import Annotated

import typer


def command(
    card: Annotated[str, typer.Argument(help="A YAML file, or a built-in card's name.", metavar="CARD")],
    prompts: Annotated[
        bool, typer.Option("--prompts", help="Also show what it would send, with placeholders.")
    ] = False,
) -> None:
    """Check a task card: every mistake at once, with its line; exit 0 if it can run."""
    from satsuma import api
    from satsuma.cli.screen import line

    report = api.check(card)
    for step, messages in report.prompts if prompts else ():
        line(f"── {step}")
        for message in messages:
            line(f"[{message.role}]")
            line(message.content)
        line("")
    for remark in report.lines():
        line(remark)
    raise typer.Exit(report.exit_code)
