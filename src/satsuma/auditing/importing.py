"""Verdicts from a file: JSON Lines, such as another run's audit.jsonl or what a labelling tool gave.

    {"id": "context 3 / seed 2", "verdict": "wrong", "label": "bug", "auditor": "ada"}

`verdict`: right, wrong or skip, or y, n and s; undone takes back. `label`: the right one, by name or by number; a line
with a label alone is a judgement that did not see the instance's own. Whose line names no `auditor` is the one's who
imports it. A line with the `content` of an instance that has changed since does not count. What cannot be used is
told with the numbers of its lines, and everything else is taken; importing the same file again changes nothing.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, ValidationError

from satsuma.auditing.naming import NotAName
from satsuma.auditing.population import content_of, fields_of
from satsuma.auditing.sitting import Note, Sitting
from satsuma.auditing.verdicts import Label, Said, Verdict, now
from satsuma.errors import DataError
from satsuma.run.columns import Row

_WORDS: Mapping[str, Said] = {
    "right": "right", "wrong": "wrong", "skip": "skip", "undone": "undone", "y": "right", "n": "wrong", "s": "skip",
}  # fmt: skip
_FORM = 'One line for each verdict: {"id": "…", "verdict": "right"}, or "wrong" with the right "label".'
_SHOWN = 5


class _Line(BaseModel):
    """A line of the file."""

    id: str
    verdict: Literal["right", "wrong", "skip", "undone", "y", "n", "s"] | None = None
    label: str | int | list[str] | None = None
    auditor: str | None = Field(None, min_length=1, max_length=60)
    content: str = ""
    time: str = ""


class _Unusable(ValueError):
    """A line that is no verdict; the message is the class of the reason."""


def take(sitting: Sitting, file: str | os.PathLike[str], note: Note) -> int:
    """Import the verdicts of a file; returns how many are new.

    Raises:
        DataError: the file cannot be read, or no line of it is a verdict.
        RunError: the verdicts could not be written.
    """
    path = Path(file)
    lines = list(_lines(path))
    rows = sitting.look_up({line.id for _, line in lines if isinstance(line, _Line)})
    bad: Counter[str] = Counter()
    where: dict[str, list[int]] = {}
    new = used = 0
    for number, line in lines:
        try:
            new += sitting.enter(_verdict(sitting, line, rows))
            used += 1
        except _Unusable as problem:
            bad[str(problem)] += 1
            where.setdefault(str(problem), []).append(number)
    told = [f"{path}: {reason}: {_numbers(where[reason])}" for reason in bad]
    if not used:
        raise DataError(told[0] if told else f"{path} holds no verdicts", _FORM)
    for text in told:
        note(f"{text}; left out.")
    if outside := len({line.id for _, line in lines if isinstance(line, _Line)} & rows.keys() - sitting.rows.keys()):
        are = "instance is" if outside == 1 else "instances are"
        note(f"{outside:,} {are} not in the sample: their verdicts can be applied, but say nothing of the others.")
    note(f"{new:,} new verdicts from {path}.")
    return new


def _lines(path: Path) -> Iterator[tuple[int, _Line | _Unusable]]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}", "Name a file of verdicts with --from.") from error
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            yield number, _Line.model_validate_json(line)
        except ValidationError:
            yield number, _Unusable("no verdict")


def _verdict(sitting: Sitting, line: _Line | _Unusable, rows: Mapping[str, Row]) -> Verdict:
    if isinstance(line, _Unusable):
        raise line
    row = rows.get(line.id)
    if row is None:
        raise _Unusable("no such instance")
    if line.content and line.content != content_of(sitting.card, row):
        raise _Unusable("the instance has changed since")
    said, label = _said(sitting, line, row)
    auditor = (line.auditor or sitting.auditor).strip()
    if not auditor or not auditor.isprintable():
        raise _Unusable("no name for an auditor")
    return Verdict(id=line.id, verdict=said, label=label, auditor=auditor, time=line.time or now())


def _said(sitting: Sitting, line: _Line, row: Row) -> tuple[Said, Label]:
    """The verdict and the right label of a line, as they would have been given at the terminal."""
    naming, fields = sitting.naming, fields_of(sitting.card, row)
    given = naming.given(fields, row[sitting.card.output.name])
    if line.verdict is not None and _WORDS[line.verdict] in ("skip", "undone"):
        return _WORDS[line.verdict], None
    if line.verdict is not None and _WORDS[line.verdict] == "right":
        return "right", given
    if line.label is None or not naming.possible:
        if line.verdict is None:
            raise _Unusable("neither a verdict nor a label that could be named")
        return "wrong", None
    label = _label(sitting, line.label, row)
    if label != given:
        return "wrong", label
    if line.verdict is not None:
        raise _Unusable("the label is said to be wrong, and the right one is the same")
    return "right", given


def _label(sitting: Sitting, said: str | int | list[str], row: Row) -> Label:
    naming, fields = sitting.naming, fields_of(sitting.card, row)
    try:
        if isinstance(said, list):
            chosen = naming.checked(fields, tuple(said))
            return chosen if naming.several else chosen[0]
        return naming.meant(fields, str(said))
    except NotAName:
        raise _Unusable("no label of the instance") from None


def _numbers(lines: list[int]) -> str:
    shown = ", ".join(map(str, lines[:_SHOWN])) + (" and others" if len(lines) > _SHOWN else "")
    return f"line{'s' if len(lines) > 1 else ''} {shown}"
