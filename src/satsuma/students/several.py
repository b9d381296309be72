"""Several datasets, each with its own card: what a multi-task student learns, and which task it is asked.

    satsuma train runs/copa runs/boolq wsc=gold/wsc.jsonl --multi-task -o students/all

A run brings its card; any other data is named with one: `CARD=DATA`. Data of one card are one task, put together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from satsuma.errors import DataError, SettingsError
from satsuma.students.carding import Described, card_of
from satsuma.students.training import Lesson, lesson_of
from satsuma.task.loader import load_card

if TYPE_CHECKING:
    from satsuma.students.settings import TrainSettings
    from satsuma.students.student import Student
    from satsuma.task.card import Card


def lessons_of(data: Sequence[str | Path], settings: TrainSettings, split: str | None) -> list[Lesson]:
    """What is learned of each task, in the order in which their cards come up.

    Raises:
        DataError: data has no card, or fewer than two instances of a task have an output.
        SettingsError: it is one task, or two cards have the same name.
        CardError: a card cannot be used.
    """
    cards: dict[str, Card] = {}
    places: dict[str, list[str | Path]] = {}
    for where in data:
        card, place = _carded(where)
        known = cards.setdefault(card.name, card)
        if known != card:
            raise SettingsError(f"two cards of the data are called {card.name}", "Give one of them another name.")
        places.setdefault(card.name, []).append(place)
    if len(cards) < 2:
        one = next(iter(cards), "no")
        raise SettingsError(f"all of the data is of one task ({one})", "Leave out --multi-task, or name more data.")
    return [lesson_of(places[name], Described(card), settings, split) for name, card in cards.items()]


def _carded(where: str | Path) -> tuple[Card, str | Path]:
    """The card of some data, and where it lies."""
    name, named, place = str(where).partition("=")
    if named and name and not Path(where).expanduser().exists():
        return load_card(name), place
    if not (Path(where).expanduser() / "run.json").is_file():
        raise DataError(f"{where} brings no card, and each task needs its own", f"Name it: CARD={where}")
    return card_of(where, Described()), where


def asked(
    student: Student,
    card: Card | str | Path | Mapping[str, object] | None,
    on: str | Path | None = None,
) -> tuple[Student, tuple[str, ...]]:
    """The student as it answers one of its tasks, and what there is to tell.

    card: the task's. on: the data, which says it itself where it is a run. A student that has learned one task is as it
    is; one that has learned several also answers a task that it has not learned, which is told.

    Raises:
        CardError: the card cannot be used.
    """
    learned = student.tasks
    if not learned:
        return student, ()
    if isinstance(card, str) and card in learned:
        return student.asked(learned[card]), ()
    if card is None and on is not None and (Path(on).expanduser() / "run.json").is_file():
        card = card_of(on, Described())
    if card is None:
        return student, ()  # its card says that nobody knows which is meant
    named = load_card(card)
    if named.name in learned:
        return student.asked(learned[named.name]), ()
    return student.asked(named), (f"the student has not learned {named.name}",)
