"""`satsuma blend`: several runs, or labelled files, as one dataset."""

from __future__ import annotations

from typing import Annotated

import typer

from satsuma.cli.options import place


def command(
    sources: Annotated[
        list[str],
        typer.Argument(
            help="Runs, or files with the card's columns; of equal rows the first stays.",
            metavar="SOURCES",
            parser=place,
        ),
    ],
    out: Annotated[str, typer.Option("-o", "--out", help="The directory of the blend.", metavar="PATH", parser=place)],
    ratio: Annotated[
        str | None, typer.Option("--ratio", help="Of the sources, such as 1:1; all rows where left out.")
    ] = None,
    n: Annotated[int | None, typer.Option("-n", help="Instances; as many as the ratio allows where left out.")] = None,
    balance: Annotated[
        str, typer.Option("--balance", help="The labels' shares: card (as the card has them), even, or none.")
    ] = "card",
    as_card: Annotated[
        str | None, typer.Option("--as-card", help="The card of all sources, where theirs differ or none is a run.")
    ] = None,
    partial: Annotated[bool, typer.Option("--partial", help="Take runs that are not complete, too.")] = False,
) -> None:
    """Make one dataset of several runs, without what repeats itself."""
    from typing import cast

    from satsuma.blending.doors import blend
    from satsuma.blending.order import Balance
    from satsuma.cli.summary import print_run

    made = blend(
        *sources, out=out, ratio=ratio, n=n, balance=cast("Balance", balance), as_card=as_card, partial=partial
    )
    print_run(made)
