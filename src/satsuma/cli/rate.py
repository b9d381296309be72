"""`satsuma rate`: how difficult the instances of a dataset are, as a language model rates them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from satsuma.cli.asking import OF_A_RUN, AskingOptions
from satsuma.cli.options import with_options

if TYPE_CHECKING:
    from satsuma.examining.rating import Rating

Option = typer.Option
_BAR = 40


@dataclass(frozen=True, slots=True)
class RateOptions(AskingOptions):
    """The command line of `satsuma rate`."""

    text: Annotated[list[str], Option("--text", help="A column of the text, instead of a card.")] = field(
        default_factory=list
    )
    label: Annotated[str, Option("--label", help="The column of the label, instead of a card.")] = ""
    form: Annotated[Literal["text", "json"], Option("--format", help="How to print it.")] = "text"


@with_options(RateOptions, without=OF_A_RUN)
def command(options: RateOptions) -> None:
    """Let a language model rate how difficult each instance is, from 1 to 5."""
    from satsuma.cli.progress import shown
    from satsuma.examining.doors import rate

    with shown(quiet=options.quiet) as progress:
        found = rate(
            options.on, model=options.model, card=options.card or None, text=options.text, label=options.label or None,
            n=options.n, split=options.split or None, out=options.out, progress=progress, **options.asking(),
        )  # fmt: skip
    if options.form == "json":
        typer.echo(found.model_dump_json(indent=2))
    elif not options.quiet:
        _print(found)


def _print(found: Rating) -> None:
    from satsuma.cli.screen import line, table

    line(f"{found.on}, rated by {found.model}: {found.rated:,} of {found.instances:,} instances")
    if found.mean is not None and found.low is not None and found.high is not None:
        line(f"mean difficulty: {found.mean:.2f} ({found.low:.2f} – {found.high:.2f})")
        most = max(found.distribution.values())
        rows = [(level, f"{count:,}", "█" * round(_BAR * count / most)) for level, count in found.distribution.items()]
        table(("difficulty", "instances", ""), rows)
    if found.labels:
        table(
            ("label", "instances", "mean"),
            [(name, f"{one.instances:,}", f"{one.mean:.2f}") for name, one in found.labels.items()],
            numbers=2,
        )
    for note in found.notes:
        line(f"note: {note}")
    money = f" · ${found.cost.usd:.4f}" if found.cost.usd else ""
    line(f"{found.cost.requests:,} requests · {found.cost.input_tokens:,} + {found.cost.output_tokens:,} tokens{money}")
    line(f"ratings: {found.ratings}")
