"""`satsuma curate`: a new dataset without leaks, duplicates and, if wanted, labels that look wrong; balanced; split."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from satsuma.cli.options import Card, Label, Text, place, with_options

if TYPE_CHECKING:
    from satsuma.curation.job import Curation

_SHOWN = 5


class Duplicates(StrEnum):
    """How near-duplicates are told."""

    ROUGE = "rouge"
    MINHASH = "minhash"
    EMBEDDING = "embedding"
    EXACT = "exact"
    OFF = "off"


class Noise(StrEnum):
    """What becomes of labels that look wrong."""

    FLAG = "flag"
    DROP = "drop"
    OFF = "off"


class Format(StrEnum):
    """How the result is printed."""

    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Arguments:
    """What `satsuma curate` is given."""

    dataset: Annotated[
        str,
        typer.Argument(
            help="A run, a file or a folder of rows, or a BIG-bench task.json.", metavar="DATASET", parser=place
        ),
    ]
    out: Annotated[
        str | None,
        typer.Option(
            "-o",
            "--out",
            help="The new directory; NAME-curated beside it where left out.",
            metavar="PATH",
            parser=place,
        ),
    ] = None
    card: Card = ""
    text: Text = field(default_factory=list)
    label: Label = ""
    of: Annotated[str, typer.Option("--of", help="The split of a folder to curate.", metavar="SPLIT")] = ""
    against: Annotated[
        list[str],
        typer.Option(
            "--against-eval", help="An evaluation set to keep out; may be repeated.", metavar="FILE", parser=place
        ),
    ] = field(default_factory=list)
    duplicates: Annotated[Duplicates, typer.Option("--duplicates", help="How near-duplicates are told.")] = (
        Duplicates.ROUGE
    )
    threshold: Annotated[
        float | None, typer.Option("--threshold", help="From which likeness on one is a near-duplicate, 0.3 to 1.")
    ] = None
    noise: Annotated[Noise, typer.Option("--noise", help="What becomes of labels that look wrong.")] = Noise.FLAG
    embedder: Annotated[
        str, typer.Option("--embedder", help="minilm, static, a hub name, a folder, or none for words.", metavar="NAME")
    ] = "minilm"
    balance: Annotated[bool, typer.Option("--balance", help="Remove the surplus of frequent labels.")] = False
    split: Annotated[
        str, typer.Option("--split", help="train=0.8,validation=0.1,test=0.1, by group and label.", metavar="SHARES")
    ] = ""
    group: Annotated[
        str, typer.Option("--group", help="The column whose equal values stay in one split.", metavar="COLUMN")
    ] = ""
    seed: Annotated[int, typer.Option("--seed", help="Of folds, splits and MinHash.")] = 0
    ray: Annotated[
        str,
        typer.Option(
            "--ray",
            help="Compare and embed on a Ray cluster: HOST:PORT, auto for the one here; alone it starts Ray here.",
            metavar="[ADDRESS]",
        ),
    ] = ""
    form: Annotated[Format, typer.Option("--format", help="How to print what was done.")] = Format.TEXT


@with_options(Arguments)
def command(given: Arguments) -> None:
    """Make a new dataset of one that is there: leaks, duplicates, label noise, balance, splits."""
    from satsuma.curation.doors import curate
    from satsuma.curation.options import parsed_splits

    done = curate(
        given.dataset,
        out=given.out,
        card=given.card or None,
        text=given.text,
        label=given.label or None,
        split=given.of or None,
        against_eval=given.against,
        duplicates=given.duplicates.value,
        threshold=given.threshold,
        noise=given.noise.value,
        embedder=None if given.embedder == "none" else given.embedder,
        balance=given.balance,
        splits=parsed_splits(given.split),
        group=given.group,
        seed=given.seed,
        ray=given.ray,
    )
    if given.form is Format.JSON:
        typer.echo(done.record.model_dump_json(indent=2))
    else:
        _print(done)


def _print(done: Curation) -> None:
    from satsuma.cli.screen import line, table
    from satsuma.remote.staging import as_told

    record = done.record
    was = ", already there" if done.known else ""
    line(f"{record.source}: {record.kept:,} of {record.instances:,} instances stay{was}")
    for note in record.notes:
        line(f"note: {note}")
    if record.steps:
        line("")
        rows = [(s.name, f"{s.judged:,}", f"{s.removed:,}", f"{s.flagged:,}", s.how) for s in record.steps]
        table(("step", "judged", "removed", "flagged", "how"), rows)
        for step in record.steps:
            for note in step.notes:
                line(f"{step.name}: {note}")
    _leaks(done)
    _flags(done)
    if len(record.splits) > 1:
        line("")
        labels = list(dict.fromkeys(name for counts in record.splits.values() for name in counts))[:_SHOWN]
        counted = [
            (name, f"{sum(counts.values()):,}", *(f"{counts.get(label, 0):,}" for label in labels))
            for name, counts in record.splits.items()
        ]
        table(("split", "instances", *labels), counted, numbers=1 + len(labels))
        line(f"{record.groups:,} groups, each in one split")
    line("")
    line(f"dataset: {as_told(done.path)}")


def _leaks(done: Curation) -> None:
    from satsuma.cli.screen import line
    from satsuma.remote.staging import as_told

    leaks = done.leaks()
    if not leaks:
        return
    line("")
    for hit in leaks[:_SHOWN]:
        line(f"leak: {hit['id']} is {hit['how']} in {hit['set']}, row {hit['row']} ({hit['likeness']})")
    if len(leaks) > _SHOWN:
        line(f"and {len(leaks) - _SHOWN:,} more in {as_told(done.path / 'leaks.jsonl')}")


def _flags(done: Curation) -> None:
    from satsuma.cli.screen import line
    from satsuma.remote.staging import as_told

    flags = done.flags()
    if not flags:
        return
    line("")
    for flag in flags[:_SHOWN]:
        line(f"label: {flag['id']} is {flag['label']}, rather {flag['suggested']} ({flag['confidence']})")
    if len(flags) > _SHOWN:
        line(f"and {len(flags) - _SHOWN:,} more in {as_told(done.path / 'flags.jsonl')}")
