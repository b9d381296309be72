"""What is exported: a run's dataset, or labelled files that a card describes, split by split.

A run brings its card. A file or a folder needs one, and is read as `satsuma blend` reads it: the card's columns or
SuperGLUE's own form; text and target are made by the card. A folder's splits stay apart. Rows that are no instances of
the card are left out, counted and told. Refused are frozen benchmarks and BIG-bench's tasks: both are for evaluation,
and what is exported is trained on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from satsuma.blending.filerows import Unusable, file_rows
from satsuma.errors import DataError, SettingsError
from satsuma.reading.bigbench import read_task
from satsuma.run.columns import Row
from satsuma.run.frozen import refuse_frozen
from satsuma.run.placing import neighbour
from satsuma.run.run import Run
from satsuma.sources.places import Part, choose, parts
from satsuma.task.loader import CardRef, load_card

if TYPE_CHECKING:
    from satsuma.task.card import Card

Note = Callable[[str], None]
Rows = Callable[[], Iterable[Row]]
"""The rows, from the first one each time: some forms of files need to know all columns beforehand."""
_CHUNK = 1024
_TRAINED = "exported as data to train on"


@dataclass(frozen=True, slots=True)
class Exported:
    """What there is to export. splits: name → rows. place: of the result where none is named, without its form."""

    card: Card
    splits: Mapping[str, Rows]
    place: Path


def opened(data: Run | str | Path, card: CardRef | None, note: Note) -> Exported:
    """A run, or labelled files with their card.

    Raises:
        SettingsError: files have no card, a run is given another one, or it is a frozen benchmark.
        DataError: files cannot be read, or not one row is an instance of the card.
        RunError: there is no run, or it cannot be read.
    """
    path = data.path if isinstance(data, Run) else Path(data).expanduser()
    refuse_frozen([path], _TRAINED)
    if not isinstance(data, Run) and path.exists() and not (path / "run.json").is_file():
        return _of_files(path, card, note)
    run = data if isinstance(data, Run) else Run(path)
    if card is not None:
        raise SettingsError(f"{path} is a run, which brings its own card", "Leave out --card.")
    return Exported(
        load_card(run.state.card), {split: _of_run(run, split) for split in run.splits or ("train",)},
        run.path / "exports",
    )  # fmt: skip


def _of_run(run: Run, split: str) -> Rows:
    table = run.table(split)
    return lambda: (row for batch in table.to_batches(max_chunksize=_CHUNK) for row in batch.to_pylist())


def _of_files(path: Path, card: CardRef | None, note: Note) -> Exported:
    if card is None:
        raise SettingsError(
            f"{path} is no run, so nothing says what its card is", "Name it: --card CARD (`satsuma tasks` lists them)"
        )
    if path.is_file() and read_task(path) is not None:
        raise DataError(f"{path} is a task of BIG-bench, which is for evaluation only", "Leave it out.")
    loaded, found = load_card(card), parts(path)
    first = choose(found, None, None)
    chosen = [part for part in found if part.configuration == first.configuration]
    name = path.resolve().stem if path.is_file() else path.resolve().name
    for part in chosen:
        _check(part, loaded, name, note)
    splits = {part.split: _good(part, loaded, name) for part in chosen}
    return Exported(loaded, splits, neighbour(path, f"{name}-exports"))


def _check(part: Part, card: Card, name: str, note: Note) -> None:
    """Tell what cannot be used of a split.

    Raises:
        DataError: nothing can.
    """
    good, bad = 0, []
    for one in file_rows(part, card, name, own_ids=True):
        if isinstance(one, Unusable):
            bad.append(one)
        else:
            good += 1
    if bad or not good:
        first = f"{bad[0].id}: {bad[0].reason}" if bad else "it is empty"
        if not good:
            raise DataError(f"{name} has no instance of the card {card.name}; {first}", f"Its split: {part.split}.")
        note(f"{part.split}: {len(bad):,} rows are no instances of the card and are left out, the first: {first}")


def _good(part: Part, card: Card, name: str) -> Rows:
    def rows() -> Iterator[Row]:
        return (one for one in file_rows(part, card, name, own_ids=True) if not isinstance(one, Unusable))

    return rows
