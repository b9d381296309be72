"""The set that a model is measured on, and what stands for an instance of it.

A run brings its card, and so does a frozen benchmark; files need one. Everything that students are measured on can be
read: runs, files, SuperGLUE's JSON Lines, BIG-bench's tasks. A task.json is read as the suite presents it
(`satsuma.reading.bigbench_rows`) where the card has its form. Instances without an output are left out and counted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from satsuma.blending.parts import unlike
from satsuma.errors import DataError, SettingsError
from satsuma.reading.bigbench import read_task
from satsuma.reading.bigbench_rows import card_rows
from satsuma.remote.staging import as_told
from satsuma.run.directory import RunDirectory
from satsuma.run.frozen import ABOUT, CARD, SUMS, benchmark_hash, differing
from satsuma.students.labelled import Labelled, Reader, read_labelled
from satsuma.task.loader import load_card

if TYPE_CHECKING:
    from satsuma.llm.request import Json
    from satsuma.task.card import Card

_SHOWN, _MOST = 3, 8


@dataclass(frozen=True, slots=True)
class Measured:
    """A labelled set. instances: those that have an output, in order. notes: for people."""

    name: str
    card: Card
    instances: tuple[Labelled, ...]
    notes: tuple[str, ...]


def card_of(where: str | Path, card: Card | str | Path | Mapping[str, object] | None) -> Card:
    """The card of a set: the one that is named, or its own.

    Raises:
        SettingsError: none is named, and it has none of its own; or the one that is named has other fields.
    """
    own = _own_card(Path(where).expanduser())
    if card is None:
        if own is not None:
            return own
        raise SettingsError(
            f"nothing says what the card of {where} is", "Name it: --card CARD (`satsuma tasks` lists them)"
        )
    named = load_card(card)
    if own is not None and (why := unlike(named, own)):
        raise SettingsError(
            f"{where} is of the card {own.name}, and does not fit the card {named.name}: {why}",
            "Leave out --card; another card needs the same fields and the same output.",
        )
    return named


def _own_card(path: Path) -> Card | None:
    if (path / "run.json").is_file():
        state = RunDirectory.open(path).load_state()
        return load_card(state.card) if state is not None else None
    return frozen_card(path)


def standing(path: Path) -> tuple[str, tuple[str, ...]]:
    """The hash of a frozen benchmark that is as it was frozen, else an empty text; and what to tell of the set."""
    if (path / "run.json").is_file():
        state = RunDirectory.open(path).load_state()
        if state is not None and state.state != "complete":
            return "", (f"{as_told(path)} is not complete: {state.size:,} of {state.n:,} instances",)
    if frozen_card(path) is None or not (path / SUMS).is_file():
        return "", ()
    if changes := differing(path):
        return "", (f"{as_told(path)} is not as it was frozen: {'; '.join(changes[:3])}",)
    return benchmark_hash(path), ()


def frozen_card(path: Path) -> Card | None:
    """The card of a frozen benchmark; None of anything else."""
    return load_card(path / CARD) if (path / ABOUT).is_file() and (path / CARD).is_file() else None


def measured(where: str | Path, card: Card, split: str | None = None) -> Measured:
    """The instances of a set.

    Raises:
        DataError: there is nothing there, not one row can be used, or none has an output.
    """
    found, notes = _read(where, card, split)
    kept = tuple(one for one in found if one.output is not None)
    told = [*notes]
    if len(kept) < len(found):
        told.append(f"{len(found) - len(kept):,} rows have no {card.output.name} and are left out")
    if not kept:
        raise DataError(f"{where} has no row to measure on", f"It needs rows with a {card.output.name}.")
    told += _unknown(where, card, kept)
    return Measured(as_told(where), card, kept, tuple(told))


def _unknown(where: str | Path, card: Card, kept: Sequence[Labelled]) -> list[str]:
    """What there is to tell of labels that no answer could be.

    Raises:
        DataError: all are.
    """
    labels = card.output.labels if card.output.kind == "labels" else None
    strange = [str(one.output) for one in kept if one.output not in labels] if labels else []
    if not strange:
        return []
    named = ", ".join(list(dict.fromkeys(strange))[:_SHOWN])
    if len(strange) == len(kept):
        raise DataError(
            f"{where} has no label of the card {card.name}, only others: {named}",
            f"The card's are {', '.join(list(labels or ())[:_MOST])}. Name the card that the rows are of: --card CARD",
        )
    return [f"{len(strange):,} rows have a label that the card does not have ({named}), and count as wrong"]


def _read(where: str | Path, card: Card, split: str | None) -> tuple[Sequence[Labelled], tuple[str, ...]]:
    path = Path(where).expanduser()
    if path.is_file() and read_task(path) is not None:
        reader = Reader(card)
        try:
            rows = enumerate(card_rows(path, card))
            return [reader.instance(with_named_option(row, card), at) for at, row in rows], ()
        except DataError as error:
            note = f"not read as the suite presents it: {error.message}"
        try:
            found = read_labelled(where, card, split)
        except DataError:
            raise DataError(note.removeprefix("not read as the suite presents it: "), error_hint(card)) from None
        return found.instances, (*found.notes, note)
    found = read_labelled(where, card, split)
    return found.instances, found.notes


def with_named_option(row: Mapping[str, Json], card: Card) -> dict[str, Json]:
    """A row whose right option is named, where it is told by its position: options may be numbers themselves."""
    value = row.get(card.output.name)
    if card.output.kind != "choice" or value is None:
        return dict(row)
    at, names = int(str(value)), card.option_fields
    options = row[names[0]] if len(names) == 1 else list(names)
    return {**row, card.output.name: options[at] if isinstance(options, list) and 0 <= at < len(options) else value}


def error_hint(card: Card) -> str:
    """What to do where a task does not have the card's form."""
    return f"The card {card.name} has to verbalize its instances in the form of the task; docs/score.md."


def sameness(text: str) -> str:
    """What is equal for two instances whose texts are the same but for case and space."""
    return " ".join(text.casefold().split())


def hash_of(instances: Sequence[Labelled]) -> str:
    """A hash of a set: ids, texts and outputs in order; 32 hexadecimal digits."""
    hashed = hashlib.blake2b(digest_size=16)
    for one in instances:
        hashed.update(f"{one.id}\x1f{one.text}\x1f{one.output}\x1e".encode("utf-8", "surrogatepass"))
    return hashed.hexdigest()
