"""What a comparison stands on: its training sets, read, and the test set without the rows that any of them holds.

Two sets are not like the others. `few-shot` is no training: a student that writes is shown so many of the card's
examples, in an order of chance by the seed, and is measured as it comes. A set that is taken *as it is* has its own
columns verbalized, line by line, and its own label as target (DataTune's "retrieved as is"): it is read with a card
that is made of its columns, or with the run's own, and who was trained on it then answers the comparison's task.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from satsuma.errors import DataError, SettingsError
from satsuma.run.frozen import refuse_frozen
from satsuma.students.carding import Described, card_of
from satsuma.students.cells import FEW_SHOT, Ground
from satsuma.students.labelled import Labelled, read_labelled, read_training
from satsuma.students.overlap import fingerprint, overlapping, refuse_overlap

if TYPE_CHECKING:
    from satsuma.students.comparing import Data, Plan
    from satsuma.students.settings import TrainSettings
    from satsuma.task.card import Card


def grounded(
    card: Card, train: Mapping[str, Data], test: str | Path, out: Path, settings: TrainSettings, plan: Plan
) -> tuple[Ground, list[str]]:
    """The sets and the test, and what a reader has to know.

    Raises:
        DataError: rows cannot be read, or a training set holds rows of the test set.
        SettingsError: a training set is a frozen benchmark, or the card has fewer examples than are to be shown.
    """
    sets: dict[str, tuple[Labelled, ...]] = {}
    origins, cards, notes, as_is = {}, {}, [], described(plan.as_is)
    for name, data in train.items():
        places = [data] if isinstance(data, str | Path) else data
        refuse_frozen(places, "trained on")
        if name in as_is:
            cards[name] = card_of(places[0], as_is[name])
        read = [read_training(where, cards.get(name, card)) for where in places]
        held = [(one, at) for at, found in enumerate(read) for one in found.instances if one.output is not None]
        sets[name] = tuple(one for one, _ in held)
        origins[name] = tuple(at for _, at in held)
        notes += [note for found in read for note in found.notes]
    kept, told = _tested(card, sets, test, plan)
    if plan.few_shot:
        sets = {FEW_SHOT: _examples(card, kept, plan.few_shot), **sets}
    evenly = origins if plan.equal else {}
    return Ground(card, sets, kept, out, settings, plan.keep, evenly, cards), [*notes, *told]


def _tested(
    card: Card, sets: Mapping[str, Sequence[Labelled]], test: str | Path, plan: Plan
) -> tuple[tuple[Labelled, ...], list[str]]:
    tested = read_labelled(test, card)
    kept, notes = [one for one in tested.instances if one.output is not None], []
    if plan.overlap != "keep":
        seen = {fingerprint(one): f"{name}:{one.id}" for name, instances in sets.items() for one in instances}
        shared = overlapping(seen, kept)
        if plan.overlap == "refuse":
            refuse_overlap(str(test), shared, len(kept))
        gone = {id(one) for one, _ in shared}
        kept = [one for one in kept if id(one) not in gone]
        notes += [f"{len(gone):,} rows of {test} are in a training set and are left out"] if gone else []
    if not kept:
        raise DataError(f"{test} has no row to measure on", f"It needs rows with a {card.output.name}.")
    return tuple(kept), [*notes, *tested.notes]


def _examples(card: Card, test: Sequence[Labelled], count: int) -> tuple[Labelled, ...]:
    from satsuma.examining.shots import shots_of

    return shots_of(card, count, test, None, 0)[0]


def described(as_is: Sequence[str]) -> dict[str, Described]:
    """The sets that are taken as they are. as_is: `NAME`, or `NAME=COLUMN,COLUMN:LABEL` where its columns are named.

    Raises:
        SettingsError: columns are named without a label.
    """
    made = {}
    for one in as_is:
        name, named, columns = one.partition("=")
        texts, _, label = columns.rpartition(":")
        if named and not (texts and label):
            raise SettingsError(f"{one} names no columns", f"Write {name}=TEXT:LABEL, or {name} alone.")
        made[name] = Described(None, tuple(texts.split(",")) if texts else (), label or None)
    return made


def check_names(train: Mapping[str, Data], plan: Plan) -> None:
    """Check the sets that are not like the others.

    Raises:
        SettingsError: one of them is no training set, or has a name that is taken.
    """
    if unknown := [name for name in described(plan.as_is) if name not in train]:
        raise SettingsError(
            f"{unknown[0]} is to be taken as it is, and is no training set", f"Name it: --train {unknown[0]}=DATA"
        )
    if plan.few_shot and FEW_SHOT in train:
        raise SettingsError(f"a training set is called {FEW_SHOT}", "Give it another name, or leave out --few-shot.")
