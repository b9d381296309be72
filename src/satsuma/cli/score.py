"""`satsuma score`: how good a language model is on a labelled set, zero- and few-shot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from satsuma.cli.asking import OF_A_RUN, AskingOptions
from satsuma.cli.options import place, with_options

if TYPE_CHECKING:
    from satsuma.examining.measuring import Score

Option = typer.Option


@dataclass(frozen=True, slots=True)
class ScoreOptions(AskingOptions):
    """The command line of `satsuma score`."""

    shots: Annotated[
        int | None,
        Option("--shots", help="Solved examples in each question; 2 for BIG-bench's cards, else 0.", metavar="K"),
    ] = None
    train: Annotated[
        str | None,
        Option(
            "--train",
            help="Where the examples are from; the card where left out.",
            metavar="RUN_OR_FILE",
            parser=place,
        ),
    ] = None
    question: Annotated[
        Literal["fields", "text"] | None,
        Option(
            "--form", help="Ask by the inputs' names, or with the text that students read; text for BIG-bench's cards."
        ),
    ] = None
    reason: Annotated[bool, Option("--reason", help="Let the model reason before it answers.")] = False
    form: Annotated[Literal["text", "json"], Option("--format", help="How to print it.")] = "text"


@with_options(ScoreOptions, without=OF_A_RUN)
def command(options: ScoreOptions) -> None:
    """Measure a language model on a labelled set, and save its predictions."""
    from satsuma.cli.progress import shown
    from satsuma.examining.doors import score

    with shown(quiet=options.quiet) as progress:
        found = score(
            options.on, model=options.model, card=options.card or None, n=options.n, shots=options.shots,
            train=options.train, form=options.question, reason=options.reason, split=options.split or None,
            out=options.out, progress=progress, **options.asking(),
        )  # fmt: skip
    if options.form == "json":
        typer.echo(found.model_dump_json(indent=2))
    elif not options.quiet:
        _print(found)


def _print(found: Score) -> None:
    from satsuma.cli.screen import line, table

    shots = found.asked.get("shots")
    told = f"{len(shots) if isinstance(shots, list) else 0}-shot"
    line(f"{found.model} on {found.on}: {found.instances:,} instances, {told}")
    rows = [(found.metric, "-", "-")]
    if found.score is not None and found.low is not None and found.high is not None:
        rows = [(found.metric, f"{found.score:.4f}", f"{found.low:.4f} – {found.high:.4f}")]
    rows += [(f"  {name}", f"{value:.4f}", "") for name, value in found.parts.items() if len(found.parts) > 1]
    table(("metric", "value", "95% interval"), [*rows, ("right", f"{found.right:.4f}", "")], numbers=2)
    if found.labels:
        table(
            (found.card, "instances", "right"),
            [(name, f"{one.instances:,}", f"{one.right:.4f}") for name, one in sorted(found.labels.items())],
            numbers=2,
        )
    if found.unread:
        line(f"unread: {found.unread:,} instances have no answer that could be read; they count as wrong")
    if found.benchmark:
        line(f"benchmark: {found.benchmark}, as it was frozen")
    for note in found.notes:
        line(f"note: {note}")
    money = f" · ${found.cost.usd:.4f}" if found.cost.usd else ""
    line(f"{found.cost.requests:,} requests · {found.cost.input_tokens:,} + {found.cost.output_tokens:,} tokens{money}")
    line(f"predictions: {found.predictions}")
