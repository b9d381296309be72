"""`satsuma tasks`: the built-in cards."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(help="List the built-in task cards, or show one.", invoke_without_command=True, rich_markup_mode=None)


@app.callback()
def _list(context: typer.Context) -> None:
    if context.invoked_subcommand is not None:
        return
    from satsuma.cli.screen import columns
    from satsuma.task.loader import list_cards

    columns(list(list_cards()))


@app.command("show")
def show(name: Annotated[str, typer.Argument(help="A built-in card's name.", metavar="NAME")]) -> None:
    """Show a card as it stands in its file, to begin one's own with."""
    from satsuma.task.loader import card_text

    typer.echo(card_text(name), nl=False)
