"""The sources of a blend, read: runs, and files that have the card's columns.

All sources have one card: that of the runs, whose fingerprints have to be equal, or the one that is named, which has to
have the same fields and the same output as the runs' own. Rows of a run stand as they are, with their provenance; rows
of a file are verbalized by the card, and their method is `file`. Every row is held in memory.

Of a source that is divided into splits, the train rows are taken; its validation and test rows are set aside, counted
and told, since a blend is trained on and they are there to measure with.

Not covered: files that do not have the card's columns (`satsuma transform` is for these), and BIG-bench's tasks, which
are for evaluation only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from satsuma.blending.filerows import Unusable, file_rows
from satsuma.blending.order import Order
from satsuma.errors import DataError, RunError, SettingsError
from satsuma.reading.bigbench import read_task
from satsuma.remote.urls import FETCHED_BY, NOT_FETCHED, refuse_url
from satsuma.run.columns import PROVENANCE, Row, schema
from satsuma.run.directory import sha256
from satsuma.run.frozen import refuse_frozen
from satsuma.run.run import Run
from satsuma.sources.places import choose, parts
from satsuma.sources.rows import Report
from satsuma.sources.source import READERS
from satsuma.task.card import Card
from satsuma.task.loader import load_card
from satsuma.task.outputs import output_of
from satsuma.task.verbalize import Verbalizer

if TYPE_CHECKING:
    from satsuma.run.state import RunState

_SHOWN = 3
TRAIN = "train"


@dataclass(frozen=True, slots=True)
class Part:
    """One source, read.

    state: of a run. files: that its rows were read from. bad: rows that cannot be used. aside: split → rows that were
    not read.
    """

    name: str
    path: Path
    licence: str
    state: RunState | None
    files: tuple[Path, ...]
    rows: tuple[Row, ...]
    bad: tuple[Unusable, ...] = ()
    aside: Mapping[str, int] = field(default_factory=dict)

    @property
    def data(self) -> str:
        """The sha256 of what it was read from; of several files, their hashes with a comma between."""
        return ",".join(sha256(path) for path in self.files)


def read_parts(order: Order) -> tuple[Card, tuple[Part, ...]]:
    """The card of all sources, and the sources.

    Raises:
        RunError: a run cannot be read or is not complete, or the runs are of different cards.
        DataError, SourceError: a file cannot be read, lacks a column, or a folder has no train split.
        CardError: the card that was named cannot be used.
        SettingsError: no source and no option says what the card is, or a source is a frozen benchmark.
    """
    refuse_frozen(order.sources, "blended with data to train on")
    opened = [Run(path) if (path.expanduser() / "run.json").is_file() else None for path in order.sources]
    runs = [run for run in opened if run is not None]
    for run in runs:
        _check_complete(run, partial=order.partial)
    card = _card(order, runs)
    names = _names(order.sources)
    made = [
        _of_run(name, path, run, card) if run is not None else _of_file(name, path, card)
        for name, path, run in zip(names, order.sources, opened, strict=True)
    ]
    for part in made:
        if not part.rows:
            raise DataError(f"{part.path} has no row that can be used", part.bad[0].reason if part.bad else "")
    return card, tuple(made)


def _check_complete(run: Run, *, partial: bool) -> None:
    if run.state.state != "complete" and not partial:
        raise RunError(
            f"{run.path} is not complete: {run.state.size:,} of {run.state.n:,} instances, {run.state.state}",
            "Run its command again to go on, or take what there is: --partial",
        )


def _card(order: Order, runs: Sequence[Run]) -> Card:
    if order.as_card is not None:
        card = load_card(order.as_card)
        for run in runs:
            if other := unlike(card, load_card(run.state.card)):
                raise RunError(f"{run.path} does not fit the card {card.name}: {other}", "Name a card that fits all.")
        return card
    if not runs:
        raise SettingsError("no source is a run, so nothing says what the card is", "Name it: --as-card CARD")
    first = runs[0]
    for run in runs[1:]:
        if run.state.fingerprint != first.state.fingerprint:
            raise RunError(
                f"{run.path} is of another card ({run.state.name}) than {first.path} ({first.state.name})",
                "If their fields and outputs are the same, say whose card the result has: --as-card CARD",
            )
    return load_card(first.state.card)


def unlike(card: Card, other: Card) -> str:
    """What keeps the rows of another card from being rows of this one; empty if nothing does."""
    own, given = ({field.name: field.type for field in schema(one)} for one in (card, other))
    if differing := [name for name in {**own, **given} if own.get(name) != given.get(name)]:
        return f"{', '.join(differing[:_SHOWN])} {'is' if len(differing) == 1 else 'are'} not the same in both"
    labels, there = set(card.output.labels or ()), set(other.output.labels or ())
    if labels != there:
        return f"the labels {', '.join(sorted(labels ^ there)[:_SHOWN])} are not in both"
    return "" if card.output.kind == other.output.kind else f"its output is {other.output.kind}"


def _names(paths: Sequence[Path]) -> list[str]:
    """A short name for each source, no two alike."""
    names: list[str] = []
    for path in paths:
        resolved = path.expanduser().resolve()
        short = resolved.name if resolved.is_dir() else resolved.stem
        same = sum(name == short or name.startswith(f"{short} (") for name in names)
        names.append(f"{short} ({same + 1})" if same else short)
    return names


def _of_run(name: str, path: Path, run: Run, card: Card) -> Part:
    asked = run.state.transformed or run.state.blended
    licence = (asked.licence if asked else "") or load_card(run.state.card).license
    rows = tuple(_in_form(run, card, name))
    aside = {split: run.table(split).num_rows for split in run.splits if split != TRAIN}
    return Part(name, path, licence, run.state, (run.data_path,), rows, aside=aside)


def _in_form(run: Run, card: Card, name: str) -> Iterator[Row]:
    """The rows of a run with an id of their own; verbalized anew where the card says it otherwise."""
    known = [field.name for field in PROVENANCE]
    own = load_card(run.state.card)
    anew = Verbalizer(card, output_of(card)) if own.verbalize != card.verbalize else None
    for row in run.table().to_pylist():
        given = row["provenance"]
        before = given.get("run")
        origin = {key: given.get(key) for key in known} | {"run": f"{name} / {before}" if before else name}
        made = {key: row[key] for key in (*card.columns, card.output.name, "text", "target")}
        if anew is not None:
            made |= _verbalized(anew, card, row)
        yield {**made, "id": f"{name} / {row['id']}", "provenance": origin}


def _verbalized(verbalizer: Verbalizer, card: Card, row: Mapping[str, object]) -> Row:
    from satsuma.blending.filerows import fields_of

    fields = fields_of(card, row)
    text, target = verbalizer(fields, output_of(card).read(fields, row[card.output.name]))
    return {"text": text, "target": target}


def _of_file(name: str, path: Path, card: Card) -> Part:
    place = path.expanduser()
    if not place.exists():
        refuse_url(path, NOT_FETCHED, FETCHED_BY)
        raise DataError(f"{path}: there is no such run and no such file", "Name run directories, or files of rows.")
    if place.is_file() and read_task(place) is not None:
        raise DataError(f"{path} is a task of BIG-bench, which is for evaluation only", "Leave it out.")
    there = parts(place)
    found = choose(there, None, None)
    if found.split != TRAIN:
        raise DataError(f"{path} has no train split, only {found.split}", "Name the file itself to blend its rows.")
    beside = [one for one in there if one.configuration == found.configuration and one.split != TRAIN]
    good: list[Row] = []
    bad: list[Unusable] = []
    for one in file_rows(found, card, name):
        if isinstance(one, Unusable):
            bad.append(one)
        else:
            good.append(one)
    aside = {one.split: sum(1 for file in one.files for _ in READERS[one.format](file, Report())) for one in beside}
    return Part(name, path, "", None, tuple(found.files), tuple(good), tuple(bad), aside)
