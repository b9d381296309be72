"""A user's own texts, put into a card: those of the files that it names, and those that a run is given beside it.

A card with texts in it says all that decides what they are: where they came from is not part of a run's identity. A
file that a card names lies in the card's own directory, as prompt files do; one that a run is given may lie anywhere.
"""

from __future__ import annotations

from satsuma.errors import DataError
from satsuma.task.card import Card
from satsuma.task.flaw import Flaw, field_name
from satsuma.task.promptfiles import Places, Unusable, inside
from satsuma.task.texts import Source, Texts, read_texts, split_column, texts_from


def texts_in_place(card: Card, places: Places) -> tuple[Card, list[Flaw]]:
    """The card with the texts of the files that it names, and what is wrong with those files."""
    flaws: list[Flaw] = []
    for part, file in (("contexts", card.contexts.file), ("seed", card.seed.file if card.seed else "")):
        if not file:
            continue
        try:
            found = _read(file, places)
            card = _with(card, part, found)
            if left_out := _told(found):
                card._left_out[part] = left_out  # the card is not shared yet
        except Unusable as error:
            flaws.append(_flaw(part, str(error), places))
        except DataError as error:
            flaws.append(_flaw(part, f"{error.message}. {error.hint}".strip(), places))
    return card, flaws


def with_texts(card: Card, seeds: Source | None = None, contexts: Source | None = None) -> tuple[Card, list[str]]:
    """The card with other seeds and contexts, and what there is to tell about these.

    Raises:
        DataError: a file cannot be used.
        SettingsError: what was given is no texts.
    """
    told = [f"{part}: {left_out}" for part, left_out in card.left_out.items()]
    for option, part, source in (("seeds", "seed", seeds), ("contexts", "contexts", contexts)):
        if source is None:
            continue
        found = texts_from(source, option)
        card = _with(card, part, found)
        if left_out := _told(found):
            told.append(f"{option}: {left_out}")
    return card, told


def _told(found: Texts) -> str:
    left_out = found.left_out()
    return f"{len(found.texts):,} texts; {left_out} and left out" if left_out else ""


def _with(card: Card, part: str, found: Texts) -> Card:
    spec = card.seed_spec if part == "seed" else card.contexts
    return card.model_copy(update={part: spec.model_copy(update={"given": found.texts, "file": ""})})


def _read(file: str, places: Places) -> Texts:
    path, column = split_column(file, places.directory)
    inner, shown = inside(path.as_posix(), places, "give the texts themselves")
    return read_texts(inner, column, shown)


def _flaw(part: str, what: str, places: Places) -> Flaw:
    line = places.document.line((part, "file")) if places.document is not None else 0
    return Flaw(what, field_name((part, "file")), places.file, line)
