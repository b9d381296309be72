"""The door through which every card comes in: found, read, validated, with its prompt and text files in place.

The rule: `load_card` returns a card that can run, or raises one `CardError` that lists everything wrong with it, each
mistake as `file:line: field: what`. A loaded card is self-contained: the text of prompt files stands in their place,
and `Card.origin` still knows which file each template came from.

Mistakes of shape do not hide the others: unknown keys are taken for what they nearest are, optional fields that are
wrong are left out, and what remains is judged too (only in the error; nothing is ever repaired silently).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeAlias

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from satsuma.errors import CardError
from satsuma.task.builtin import builtin_names, builtin_path
from satsuma.task.card import Card
from satsuma.task.consistency import inconsistencies
from satsuma.task.flaw import DataPath, Flaw, card_error, field_name, in_order, nearest, quoted
from satsuma.task.promptfiles import Places, put_in_place
from satsuma.task.prompting import template_flaws
from satsuma.task.textfiles import texts_in_place
from satsuma.task.wording import known_keys, model_at, place, told
from satsuma.task.yaml import MAX_BYTES, Document, read_yaml

CardRef: TypeAlias = "str | Path | Mapping[str, object] | Card"
"""A built-in card's name, a path, a card as a mapping, or a card that is loaded already."""
_MOST_FLAWS = 500


@dataclass(frozen=True, slots=True)
class Examined:
    """What came of reading a card: the card if it can run, everything wrong with it, and where its fields stand.

    file: as the user named it; empty for a mapping. document: None for a mapping or a file that could not be read.
    """

    card: Card | None
    flaws: tuple[Flaw, ...]
    file: str
    document: Document | None = None

    def flaw(self, path: DataPath, what: str) -> Flaw:
        """A remark about a place in the card."""
        line = self.document.line(path) if self.document is not None else 0
        return Flaw(what, field_name(path), self.file, line)


def load_card(ref: CardRef) -> Card:
    """The card at a path, of a built-in name, or given as a mapping.

    A bare word is a built-in card if there is one of that name, else a file; whatever has a `/` or ends in `.yaml` or
    `.yml` is a path.

    Raises: CardError: there is no such card, or it cannot be used; lists every mistake.
    """
    if isinstance(ref, Card):
        return ref
    examined = examine(ref)
    if examined.card is None:
        many = len(examined.flaws) > 1 and bool(examined.file)
        raise card_error(examined.flaws, f"{len(examined.flaws)} mistakes in {examined.file}" if many else "")
    return examined.card


def examine(ref: str | Path | Mapping[str, object]) -> Examined:
    """Reads a card without giving up at the first mistake.

    Raises:
        CardError: there is no such card, or its file cannot be read.
    """
    if isinstance(ref, Mapping):
        return _validated(_plain(ref), Examined(None, (), ""), None)
    path, shown = find_card(ref)
    source = _bytes(path, shown)
    try:
        document = read_yaml(source, shown)
    except CardError as error:
        return Examined(None, tuple(Flaw(line) for line in error.message.splitlines()), shown)
    data: dict[str, object] = {"name": name_of(path), **document.data}
    return _validated(data, Examined(None, (), shown, document), path.parent)


def find_card(ref: str | Path) -> tuple[Path, str]:
    """The file of a card, and what to call it in messages.

    Raises:
        CardError: there is no such file and no such built-in card.
    """
    name = str(ref)
    is_path = isinstance(ref, Path) or "/" in name or name.endswith((".yaml", ".yml"))
    if not is_path and name in builtin_names():
        return builtin_path(name), f"{name}.yaml"
    path = Path(name)
    try:
        if path.is_file():
            return path, name
    except (OSError, ValueError):  # a name too long for the file system, or with a NUL in it
        pass
    near = _nearest(path, is_path=is_path)
    raise CardError(f"no such card: {quoted(name)[1:-1]}{near}", "`satsuma tasks` lists the built-in cards.")


def _nearest(path: Path, *, is_path: bool) -> str:
    """What may have been meant: a card beside the path that is not there, or a built-in one."""
    try:
        beside = {p.name: str(p) for p in path.parent.iterdir() if p.suffix in {".yaml", ".yml"}} if is_path else {}
    except (OSError, ValueError):
        beside = {}
    if name := nearest(path.name, beside):
        return f"; did you mean {beside[name]}?"
    if name := nearest(path.stem if is_path else path.name, builtin_names()):
        return f"; did you mean {name}?"
    return ""


def _bytes(path: Path, shown: str) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise CardError(f"{shown}: cannot be read: {error.strerror}") from None


def name_of(path: Path) -> str:
    """The card's name where it gives none: its file's, in the letters that a name may have."""
    slug = re.sub(r"[^a-z0-9_.-]+", "-", path.stem.lower()).strip("-_.")[:63]
    return slug or "task"


def _plain(value: Mapping[str, object]) -> dict[str, object]:
    """A copy of a mapping from Python that can be changed; keys that are not text are left for pydantic to refuse."""
    return deepcopy(dict(value))


def _validated(data: dict[str, object], read: Examined, directory: Path | None) -> Examined:
    """The card that the data makes, or every flaw of it."""
    flaws: list[Flaw] = []
    try:
        card: Card | None = Card.model_validate(data)
    except ValidationError as error:
        found = error.errors(include_url=False)[:_MOST_FLAWS]
        card, further = _guessed(data, found)
        flaws += [_shape_flaw(read, e) for e in (*_without_renamed(found), *further)]
    if card is not None:
        flaws += [read.flaw(path, what) for path, what in islice(inconsistencies(card), _MOST_FLAWS)]
        places = Places(read.file, read.document, directory)
        card, more = put_in_place(card, places)
        flaws += more
        card, more = texts_in_place(card, places)
        flaws += more
        flaws += islice(template_flaws(card), _MOST_FLAWS)
    return Examined(None if flaws else card, tuple(in_order(flaws)), read.file, read.document)


def _shape_flaw(read: Examined, error: ErrorDetails) -> Flaw:
    """A flaw at the place that pydantic names, or at the field around it where a short form has no such place."""
    path = place(error)
    if read.document is not None and error["type"] not in {"missing", "extra_forbidden"}:
        while path and path not in read.document.keys:
            path = path[:-1]
    return read.flaw(path, told(error))


def _guessed(data: dict[str, object], errors: list[ErrorDetails]) -> tuple[Card | None, list[ErrorDetails]]:
    """The card that was probably meant, to find what else is wrong with it; or what is wrong even then, as written."""
    repaired = deepcopy(data)
    for error in sorted(errors, key=lambda e: e["type"] != "extra_forbidden"):
        path = _field_of(place(error))
        around = _mapping_at(repaired, path[:-1])
        if around is None or not path:
            return None, []
        key = str(path[-1])
        if error["type"] == "extra_forbidden":
            value, meant_key = around.pop(key, None), _meant_key(path)
            if meant_key and meant_key not in around:
                around[meant_key] = value
        elif error["type"] != "missing" or key not in around:
            around.pop(key, None)
    try:
        return Card.model_validate(repaired), []
    except ValidationError as error:
        again = error.errors(include_url=False)[:_MOST_FLAWS]
        told = [place(e) for e in errors if e["type"] != "extra_forbidden"]
        return None, [e for e in again if _is_written(data, place(e)) and not _is_around(place(e), told)]


def _is_around(path: DataPath, places: list[DataPath]) -> bool:
    """Whether the place holds one of these: what is wrong with it then follows from what is missing there."""
    return any(other[: len(path)] == path for other in places)


def _is_written(data: dict[str, object], path: DataPath) -> bool:
    """Whether the user wrote something at this place, rather than under a name that was guessed."""
    around = _mapping_at(data, path[:-1]) if path else None
    return around is not None and path[-1] in around


def _field_of(path: DataPath) -> DataPath:
    """The field that a place belongs to: the place itself, or what is around it where keys are the user's own."""
    while path and model_at(path[:-1]) is None:
        path = path[:-1]
    return path


def _meant_key(path: DataPath) -> str:
    """The known key that an unknown one is nearest to; empty if it is near none."""
    return nearest(str(path[-1]), known_keys(path))


def _without_renamed(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """The errors, less that a key is missing which was only written wrongly."""
    written = {(*place(e)[:-1], _meant_key(place(e))) for e in errors if e["type"] == "extra_forbidden"}
    return [e for e in errors if e["type"] != "missing" or place(e) not in written]


def _mapping_at(data: dict[str, object], path: DataPath) -> dict[str, object] | None:
    at: object = data
    for part in path:
        at = at.get(part) if isinstance(at, dict) else None
    return at if isinstance(at, dict) else None


def list_cards() -> Iterator[tuple[str, str]]:
    """The built-in cards: name, and the first sentence of the task."""
    for name in builtin_names():
        yield name, re.split(r"(?<=[.?!])\s", " ".join(load_card(name).task.split()), maxsplit=1)[0]


def card_text(name: str) -> str:
    """The YAML of a card, as it stands in its file.

    Raises:
        CardError: there is no such card.
    """
    path, shown = find_card(name)
    return _bytes(path, shown).decode("utf-8", "replace")
