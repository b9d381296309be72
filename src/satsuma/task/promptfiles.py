"""Prompt files: read when a card is loaded, from its own directory and nowhere else, and put where they are named.

A path is relative, has no `..`, and still lies below the card's directory when its symbolic links are followed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from satsuma.errors import CardError
from satsuma.task.card import Card, Origin
from satsuma.task.card_forms import PromptFile
from satsuma.task.flaw import DataPath, Flaw, field_name, quoted
from satsuma.task.yaml import Document, decode

MAX_PROMPT_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Places:
    """Where a card was read: its file's name, its document, its directory; all empty for a card that is a mapping."""

    file: str
    document: Document | None
    directory: Path | None


class Unusable(Exception):
    """A file of a card that cannot be read; the message says why."""


def templates(card: Card) -> Iterator[tuple[DataPath, str | PromptFile]]:
    """Every template of a card, with its place."""
    for step in ("contexts", "seeds", "instance", "correction"):
        if (prompt := getattr(card.prompts, step)) is not None:
            yield ("prompts", step), prompt
    for part in ("text", "target"):
        if (prompt := getattr(card.verbalize, part)) is not None:
            yield ("verbalize", part), prompt
    for name, label in (card.output.labels or {}).items():
        if label.prompt is not None:
            yield ("output", "labels", name, "prompt"), label.prompt


def expression_places(card: Card) -> Iterator[DataPath]:
    """The place of every expression of a card."""
    yield from (("inputs", name, "computed") for name, one in card.inputs.items() if one.computed)
    yield from (("validators", at, "holds") for at, check in enumerate(card.validators) if check.holds is not None)


def put_in_place(card: Card, places: Places) -> tuple[Card, list[Flaw]]:
    """The card with the text of its prompt files, and what is wrong with those files."""
    data: dict[str, object] = {}
    origins: dict[str, Origin] = {}
    flaws: list[Flaw] = []
    for path, prompt in templates(card):
        name = field_name(path)
        if isinstance(prompt, str):
            origins[name] = _inline(path, places)
            continue
        try:
            text, file = _read(prompt.file, places)
        except Unusable as error:
            line = places.document.line((*path, "file")) if places.document is not None else 0
            flaws.append(Flaw(str(error), name, places.file, line))
            text, file = "-", ""  # stands for a template that nothing is known of
        except CardError as error:
            flaws.append(Flaw(error.message, name))
            text, file = "-", ""
        origins[name] = Origin(field=name, file=file, line=1, exact=True)
        _set(data, path, text)
    for path in expression_places(card):
        origins[field_name(path)] = _inline(path, places)
    if data:
        card = _replaced(card, data)
    card._origins.update(origins)  # the card is not shared yet
    return card, flaws


def _set(data: dict[str, object], path: DataPath, text: str) -> None:
    at = data
    for part in path[:-1]:
        at = at.setdefault(str(part), {})  # type: ignore[assignment]
    at[str(path[-1])] = text


def _replaced(card: Card, data: dict[str, object]) -> Card:
    """A copy of the card with other templates; unset fields stay unset."""
    merged = _merged(card.model_dump(exclude_unset=True), data)
    return Card.model_validate(merged)


def _merged(old: object, new: object) -> object:
    if not isinstance(new, dict):
        return new
    known = old if isinstance(old, dict) else {}
    return {**known, **{key: _merged(known.get(key), value) for key, value in new.items()}}


def _inline(path: DataPath, places: Places) -> Origin:
    document = places.document
    if document is None or path not in document.values:
        return Origin(field=field_name(path), file=places.file)
    block = path in document.blocks
    return Origin(field=field_name(path), file=places.file, line=document.values[path] + block, exact=block)


def _read(file: str, places: Places) -> tuple[str, str]:
    """The text of a prompt file, and the file's name for messages."""
    path, shown = inside(file, places, "give the prompt as text")
    try:
        with path.open("rb") as opened:
            return decode(opened.read(MAX_PROMPT_BYTES + 1), shown, MAX_PROMPT_BYTES), shown
    except OSError as error:
        raise Unusable(f"{quoted(shown)} cannot be read: {error.strerror}") from None


def inside(file: str, places: Places, otherwise: str) -> tuple[Path, str]:
    """The path of a file in a card's directory, and its name for messages.

    otherwise: what to do where a card is no file.

    Raises:
        Unusable: it is not there, or not in the directory.
    """
    if places.directory is None:
        raise Unusable(f"the file {quoted(file)} cannot be found, since this card is no file; {otherwise}")
    pure = PurePosixPath(file)
    if not file.strip() or pure.is_absolute() or ".." in pure.parts or "\\" in file or "\0" in file or file[1:2] == ":":
        raise Unusable(f"{quoted(file)} has to be a path in the card's directory, without `..`")
    shown = str(Path(places.file).parent / pure)
    path = places.directory / pure
    try:
        if not path.resolve(strict=True).is_relative_to(places.directory.resolve()):
            raise Unusable(f"{quoted(file)} is a link that leads out of the card's directory")
        if not path.is_file():
            raise Unusable(f"{quoted(file)} is not a file")
    except FileNotFoundError:
        raise Unusable(f"there is no file {quoted(shown)}") from None
    except OSError as error:
        raise Unusable(f"{quoted(shown)} cannot be read: {error.strerror}") from None
    except RuntimeError:  # Path.resolve, before 3.13, for links that lead to each other
        raise Unusable(f"{quoted(file)} is a link that leads to itself") from None
    return path, shown
