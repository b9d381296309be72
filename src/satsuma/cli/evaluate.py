"""`satsuma evaluate`: how good a student is on labelled rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from satsuma.cli.options import place, with_options
from satsuma.errors import SettingsError
from satsuma.remote.urls import is_url

if TYPE_CHECKING:
    from satsuma.students.averaging import Evaluations
    from satsuma.students.evaluating import Evaluation


@dataclass(frozen=True, slots=True)
class Arguments:
    """What `satsuma evaluate` is given."""

    student: Annotated[Path, typer.Argument(help="A student's directory.", metavar="STUDENT")]
    on: Annotated[
        list[str],
        typer.Option(
            "--on",
            help="Labelled rows: a file, a folder, a run; SuperGLUE's or BIG-bench's files too. "
            "Of several tasks, each: CARD=DATA.",
            metavar="DATA",
        ),
    ]
    card: Annotated[
        str, typer.Option("--card", help="The card to read them with, where it is another; or which task.")
    ] = ""
    split: Annotated[str, typer.Option("--split", help="The split of a folder.", metavar="SPLIT")] = ""
    overlap: Annotated[
        Literal["refuse", "drop", "keep"], typer.Option("--overlap", help="What becomes of rows of the training data.")
    ] = "refuse"
    shots: Annotated[
        int, typer.Option("--shots", help="Solved examples before each text, for students that write.", min=0)
    ] = 0
    train: Annotated[
        str | None,
        typer.Option(
            "--train",
            help="Where these are drawn from; the card's own where left out.",
            metavar="PATH",
            parser=place,
        ),
    ] = None
    seed: Annotated[int, typer.Option("--seed", help="Of the draw of these.")] = 0
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Folder of the predictions; STUDENT/evaluations where left out.")
    ] = None
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda, cuda:1 or mps.")] = "auto"
    form: Annotated[Literal["text", "json"], typer.Option("--format", help="How to print it.")] = "text"


@with_options(Arguments)
def command(given: Arguments) -> None:
    """Measure a student by its task's official metric, and save its predictions."""
    from satsuma.students import doors

    named = _named(given.on)
    how: dict[str, object] = {
        "split": given.split or None,
        "overlap": given.overlap,
        "out": given.out,
        "device": given.device,
    }
    how |= {"shots": given.shots, "train": given.train, "seed": given.seed}
    if named is None:
        found = doors.evaluate(given.student, given.on[0], card=given.card or None, **how)  # type: ignore[arg-type]
        _print(found, form=given.form)
        return
    if given.card:
        raise SettingsError("--card is given, and the data name their cards", "Leave out --card.")
    _print_each(doors.evaluate_each(given.student, named, **how), form=given.form)  # type: ignore[arg-type]


def _named(on: list[str]) -> dict[str, str] | None:
    """Card → data; None where there is one dataset without a card."""
    pairs = [one.partition("=") for one in on]
    wrong = [one for one, (card, named, data) in zip(on, pairs, strict=True) if not (card and named and data)]
    if len(on) == 1 and (wrong or is_url(on[0]) or Path(on[0]).exists()):
        return None
    if wrong:
        raise SettingsError(f"--on {wrong[0]} names no card, and there are several", f"Write --on CARD={wrong[0]}")
    if len({card for card, _, _ in pairs}) < len(pairs):
        raise SettingsError("--on names a card twice", "Measure on one dataset of each task at a time.")
    return {card: data for card, _, data in pairs}


def _print(found: Evaluation, *, form: str) -> None:
    from satsuma.cli.screen import line, table

    if form == "json":
        typer.echo(found.predictions.with_suffix(".json").read_text("utf-8"))
        return
    shots = f", {found.shots}-shot" if found.shots else ""
    line(f"{found.student} on {found.on}: {found.instances:,} instances{shots}")
    score = found.score
    parts = [(name, f"{value:.4f}") for name, value in found.parts.items()]
    table(
        ("metric", "value", "95% interval"),
        [(found.metric, f"{score.value:.4f}", f"{score.low:.4f} – {score.high:.4f}")]
        + ([(f"  {name}", value, "") for name, value in parts] if len(parts) > 1 else []),
        numbers=2,
    )
    for note in found.notes:
        line(f"note: {note}")
    line(f"predictions: {found.predictions}")


def _print_each(made: Evaluations, *, form: str) -> None:
    import orjson

    from satsuma.cli.screen import line, table

    if form == "json":
        each = {n: orjson.loads(one.predictions.with_suffix(".json").read_bytes()) for n, one in made.tasks.items()}
        typer.echo(orjson.dumps({"tasks": each, made.name: made.average}, option=orjson.OPT_INDENT_2).decode())
        return
    rows = [_row(name, one) for name, one in made.tasks.items()]
    average = [] if made.average is None else [(made.name, "", "", f"{made.average:.4f}", "")]
    table(("task", "metric", "instances", "value", "95% interval"), rows + average, numbers=3)
    for name, one in made.tasks.items():
        for note in one.notes:
            line(f"note: {name}: {note}")


def _row(name: str, one: Evaluation) -> tuple[str, str, str, str, str]:
    score = one.score
    return name, one.metric, f"{one.instances:,}", f"{score.value:.4f}", f"{score.low:.4f} – {score.high:.4f}"
