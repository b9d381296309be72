"""`satsuma estimate`: what a generation run will cost, before it is paid for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from satsuma.cli.generate import GenerateOptions
from satsuma.cli.options import with_options

if TYPE_CHECKING:
    from satsuma.costing import Estimate
    from satsuma.ranges import Range


@dataclass(frozen=True, slots=True)
class EstimateOptions(GenerateOptions):
    """The command line of `satsuma estimate`: that of `satsuma generate`, and how it is estimated."""

    pilot: Annotated[
        int,
        typer.Option(
            "--pilot", help="Generate this many instances of the very run first; they are not paid again.", metavar="K"
        ),
    ] = 0
    format: Annotated[Literal["table", "json"], typer.Option("--format", help="How it is printed.")] = "table"


@with_options(EstimateOptions, without=("recipe",))
def command(options: EstimateOptions) -> None:
    """Predict requests, tokens, money and time of `satsuma generate` with the same options."""
    from satsuma import api
    from satsuma.cli.progress import shown

    settings = options.settings()
    with shown(quiet=options.quiet or not options.pilot) as progress:
        estimate = api.estimate(
            options.card, n=options.n, model=options.model, pilot=options.pilot, out=options.out, seeds=options.seeds,
            contexts=options.contexts, progress=progress, **settings,
        )  # fmt: skip
    if options.format == "json":
        import json

        typer.echo(json.dumps(estimate.to_json(), indent=2))
    else:
        _print(estimate)


def _print(estimate: Estimate) -> None:
    from satsuma.cli.screen import line, table

    line(f"{estimate.card}: {estimate.n:,} instances, estimated from {_basis(estimate)}")
    line("")
    rows = [
        (each.step, each.model, _count(each.requests), _count(each.input_tokens), _count(each.output_tokens),
         _dollars(each.usd))
        for each in (*estimate.steps, estimate.total) if each.requests.high
    ]  # fmt: skip
    table(("step", "model", "requests", "input tokens", "output tokens", "US dollars"), rows, numbers=4)
    line("")
    if estimate.seconds is not None:
        line(f"time: {' – '.join(_time(s) for s in _ends(estimate.seconds))}")
    if (paid := estimate.paid) is not None:
        cost = "" if paid.usd is None else f", ${paid.usd:,.4f}"
        line(f"paid already, and part of it: {paid.requests:,} requests for {paid.instances:,} instances{cost}")
    if estimate.unpriced:
        line(
            f"the price of {', '.join(estimate.unpriced)} is not known: --price IN,OUT in US dollars per million tokens"
        )


def _basis(estimate: Estimate) -> str:
    if estimate.basis == "pilot":
        return f"its first {estimate.pilot:,} (low – likely – high; 90% of a bootstrap)"
    return "the prompts, with assumed answers (low – likely – high); --pilot K measures"


def _ends(amount: Range) -> list[float]:
    """The values that differ."""
    return list(dict.fromkeys((amount.low, amount.likely, amount.high)))


def _count(amount: Range) -> str:
    return " – ".join(dict.fromkeys(f"{_round(value):,}" for value in _ends(amount)))


def _round(value: float) -> int:
    """To three digits: more of them would say more than is known."""
    return round(value) if value < 1000 else int(float(f"{value:.3g}"))


def _dollars(amount: Range | None) -> str:
    if amount is None:
        return "?"
    places = 2 if amount.likely >= 10 else 4
    return " – ".join(dict.fromkeys(f"{value:,.{places}f}" for value in _ends(amount)))


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
