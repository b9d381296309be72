"""`satsuma compare-students`: what students learn from each of several training sets."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from satsuma.cli.options import place, with_options
from satsuma.errors import SettingsError

if TYPE_CHECKING:
    from satsuma.students.comparing import Comparison
    from satsuma.students.joining import Joined


@dataclass(frozen=True, slots=True)
class Arguments:
    """What `satsuma compare-students` is given."""

    card: Annotated[
        list[str], typer.Argument(help="The task's card; with --join the directories to be joined.", metavar="CARD")
    ]
    out: Annotated[Path, typer.Option("-o", "--out", help="Directory of the results.", metavar="DIR")]
    train: Annotated[
        list[str], typer.Option("--train", help="A training set: NAME=DATA or NAME=DATA,DATA.", metavar="NAME=DATA")
    ] = field(default_factory=list)
    test: Annotated[
        str | None, typer.Option("--test", help="The rows that all are measured on.", metavar="DATA", parser=place)
    ] = None
    join: Annotated[bool, typer.Option("--join", help="Put the comparisons of several tasks into one table.")] = False
    few_shot: Annotated[
        int,
        typer.Option(
            "--few-shot", help="Besides, the students as they come with so many of the card's examples.", min=0
        ),
    ] = 0
    as_is: Annotated[
        list[str],
        typer.Option(
            "--as-is",
            help="A training set whose own columns are verbalized; NAME=TEXT:LABEL names them.",
            metavar="NAME",
        ),
    ] = field(default_factory=list)
    student: Annotated[
        list[str],
        typer.Option("--student", help="minilm, frozen, a folder or a hub name; may be repeated.", metavar="MODEL"),
    ] = field(default_factory=list)
    seeds: Annotated[int, typer.Option("--seeds", help="Trainings of each.")] = 3
    sizes: Annotated[str, typer.Option("--sizes", help="Sizes of a learning curve: 50,100,200.")] = ""
    equal: Annotated[
        bool, typer.Option("--equal", help="As many instances of each set as the smallest has, drawn by the seed.")
    ] = False
    baseline: Annotated[str, typer.Option("--baseline", help="The set that others are compared with.")] = ""
    overlap: Annotated[
        Literal["refuse", "drop", "keep"], typer.Option("--overlap", help="What becomes of test rows in training sets.")
    ] = "refuse"
    epochs: Annotated[int | None, typer.Option("--epochs", help="Epochs at most; 10 where left out.")] = None
    batch: Annotated[int, typer.Option("--batch", help="Instances of a step.")] = 16
    learning_rate: Annotated[float | None, typer.Option("--learning-rate", "--lr", help="The peak rate.")] = None
    longest: Annotated[int, typer.Option("--longest", help="Tokens of an input at most.")] = 256
    instruction: Annotated[
        bool,
        typer.Option("--instruction/--no-instruction", help="The card's description of the task before each text."),
    ] = False
    lora: Annotated[int | None, typer.Option("--lora", help="Rank of LoRA adapters; 0: all weights.")] = None
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda, cuda:1 or mps.")] = "auto"
    keep: Annotated[bool, typer.Option("--keep", help="Leave the students on the disk.")] = False
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show nothing but errors.")] = False


@with_options(Arguments)
def command(given: Arguments) -> None:
    """Train students on several training sets and measure them on one test set, with intervals."""
    from satsuma.cli.progress import shown
    from satsuma.students import doors

    if given.join:
        _check_joined(given)
        joined = doors.join_comparisons(given.card, out=given.out)
        if not given.quiet:
            _print_joined(joined)
        return
    card, test = _asked(given)
    with shown(quiet=given.quiet) as progress:
        made = doors.compare_students(
            card,
            train=_sets(given.train),
            test=test,
            out=given.out,
            progress=progress,
            students=given.student,
            seeds=given.seeds,
            sizes=_sizes(given.sizes),
            equal=given.equal,
            baseline=given.baseline,
            overlap=given.overlap,
            epochs=given.epochs,
            batch=given.batch,
            learning_rate=given.learning_rate,
            longest=given.longest,
            few_shot=given.few_shot,
            as_is=given.as_is,
            instruction=given.instruction,
            lora=given.lora,
            device=given.device,
            keep=given.keep,
        )
    if not given.quiet:
        _print(made)


def _check_joined(given: Arguments) -> None:
    if given.train or given.test is not None:
        raise SettingsError(
            "--join puts together what was compared, and trains nothing", "Leave out --train and --test."
        )


def _asked(given: Arguments) -> tuple[str, str]:
    """The card and the test of a comparison."""
    if len(given.card) > 1:
        raise SettingsError(f"{given.card[1]} is a second card", "Compare on one task at a time, then --join them.")
    if given.test is None:
        raise SettingsError("there is nothing to measure on", "Name it: --test DATA")
    return given.card[0], given.test


def _sets(given: list[str]) -> dict[str, list[str]]:
    made: dict[str, list[str]] = {}
    for one in given:
        name, equals, data = one.partition("=")
        if not equals or not name or not data:
            raise SettingsError(f"--train {one} names no training set", "Write NAME=DATA: --train synthetic=runs/copa")
        made.setdefault(name, []).extend(part for part in data.split(",") if part)
    return made


def _sizes(given: str) -> list[int]:
    parts = [part.strip() for part in given.split(",") if part.strip()]
    wrong = next((part for part in parts if not part.isdecimal() or int(part) < 2), None)
    if wrong is not None:
        raise SettingsError(f"--sizes has {wrong!r}, which is no number of instances", "Write --sizes 50,100,200")
    return [int(part) for part in parts]


def _print_joined(made: Joined) -> None:
    from satsuma.cli.screen import line, table
    from satsuma.students.joined_pages import joined_tables

    for title, head, rows in joined_tables(made):
        line(title)
        table(head, rows, numbers=len(head) - 2)
        line("")
    line(f"results: {made.out / 'comparison.html'}")


def _print(made: Comparison) -> None:
    from satsuma.cli.screen import line, table
    from satsuma.students.comparison import worth
    from satsuma.students.comparison_pages import tables

    for note in made.notes:
        line(f"note: {note}")
    for title, head, rows in tables(made):
        line(title)
        table(head, rows, numbers=len(head) - 1)
        line("")
    for curve in made.curves:
        line(f"{curve.student} on {curve.training}: {worth(curve)}")
    line(f"results: {made.out / 'comparison.html'}")
