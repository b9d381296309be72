"""`satsuma train`: a student from a run or any labelled data."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from satsuma.cli.options import Card, Label, Text, with_options

if TYPE_CHECKING:
    from satsuma.students.student import Student

_KEEP = "which is chosen by the kind of student where left out"


@dataclass(frozen=True, slots=True)
class Arguments:
    """What `satsuma train` is given."""

    data: Annotated[
        list[str],
        typer.Argument(help="A run, a file or a folder of labelled rows; CARD=DATA names its card.", metavar="DATA..."),
    ]
    out: Annotated[Path, typer.Option("-o", "--out", help="The student's directory.", metavar="DIR")]
    student: Annotated[
        str, typer.Option("--student", help="minilm, a folder, or a name on the hub.", metavar="MODEL")
    ] = "minilm"
    frozen: Annotated[
        bool, typer.Option("--frozen", help="Train a linear head on embeddings that stay as they are.")
    ] = False
    card: Card = ""
    text: Text = field(default_factory=list)
    label: Label = ""
    split: Annotated[str, typer.Option("--split", help="The split of a folder.", metavar="SPLIT")] = ""
    epochs: Annotated[int | None, typer.Option("--epochs", help="Epochs at most; 10 where left out.")] = None
    batch: Annotated[int, typer.Option("--batch", help="Instances of a step.")] = 16
    micro_batch: Annotated[
        int | None, typer.Option("--micro-batch", help="Instances at a time, where a step does not fit into memory.")
    ] = None
    learning_rate: Annotated[float | None, typer.Option("--learning-rate", "--lr", help=f"The peak rate, {_KEEP}.")] = (
        None
    )
    longest: Annotated[int, typer.Option("--longest", help="Tokens of an input at most.")] = 256
    dev: Annotated[float, typer.Option("--dev", help="Share of the data that early stopping looks at.")] = 0.15
    patience: Annotated[int, typer.Option("--patience", help="Epochs without a better dev loss until it stops.")] = 3
    lora: Annotated[int | None, typer.Option("--lora", help=f"Rank of LoRA adapters, {_KEEP}; 0: all weights.")] = None
    quantize: Annotated[bool, typer.Option("--quantize", help="4-bit weights under the adapters (QLoRA).")] = False
    precision: Annotated[Literal["auto", "float32", "bf16"], typer.Option("--precision", help="Of products.")] = "auto"
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda, cuda:1 or mps.")] = "auto"
    seed: Annotated[int, typer.Option("--seed", help="Of the split, the order and the weights of the head.")] = 0
    multi_task: Annotated[
        bool, typer.Option("--multi-task", help="The data are of several tasks; for students that write.")
    ] = False
    temperature: Annotated[
        float, typer.Option("--temperature", help="Of the mixture: shares go with n^(1/T); 1 leaves sizes as they are.")
    ] = 2.0
    instruction: Annotated[
        bool,
        typer.Option("--instruction/--no-instruction", help="The card's description of the task before each text."),
    ] = False
    merge: Annotated[bool, typer.Option("--merge", help="Write whole weights, with the adapters in them.")] = False
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace another student in DIR.")] = False
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show nothing but errors.")] = False
    ray: Annotated[
        str,
        typer.Option(
            "--ray",
            help="Train on a machine of a Ray cluster: HOST:PORT, auto for the one here; alone it starts Ray here.",
            metavar="[ADDRESS]",
        ),
    ] = ""


@with_options(Arguments)
def command(given: Arguments) -> None:
    """Train a student; the same command again goes on, or changes nothing."""
    from satsuma.cli.progress import shown
    from satsuma.students import doors

    with shown(quiet=given.quiet) as progress:
        student = doors.train(
            given.data,
            out=given.out,
            card=given.card or None,
            text=given.text,
            label=given.label or None,
            split=given.split or None,
            overwrite=given.overwrite,
            multi_task=given.multi_task,
            temperature=given.temperature,
            instruction=given.instruction,
            merge=given.merge,
            progress=progress,
            student=given.student,
            frozen=given.frozen,
            epochs=given.epochs,
            batch=given.batch,
            micro_batch=given.micro_batch,
            learning_rate=given.learning_rate,
            longest=given.longest,
            dev=given.dev,
            patience=given.patience,
            lora=given.lora,
            quantize=given.quantize,
            precision=given.precision,
            device=given.device,
            seed=given.seed,
            ray=given.ray,
        )
    if not given.quiet:
        _print(student)


def _print(student: Student) -> None:
    from satsuma.cli.screen import line

    record = student.record
    data = record.data
    line(
        f"{student.path}: {record.kind} {record.checkpoint}, trained on {data.train:,} of {data.instances:,} instances"
    )
    for task in record.tasks:
        line(f"  {task.card['name']}: {task.data.instances:,} instances, {task.share:.0%} of each epoch")
    if record.history:
        best = record.history[record.best_epoch - 1]
        dev = "" if best.dev_loss is None else f", dev loss {best.dev_loss:.4f} on {data.dev:,}"
        line(f"best of {len(record.history)} epochs: {best.epoch}{dev}")
    line(f"Measure it: satsuma evaluate {student.path} --on FILE")
