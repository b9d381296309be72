"""RUN/audit.jsonl: one line per verdict, written and forced to the disk before the next instance is shown.

    {"id": "context 3 / seed 2", "verdict": "wrong", "label": "bug", "auditor": "ada", "content": "a1-…", "time": "…"}

`verdict` is right, wrong, skip, or undone, which takes the one before it back. `label` is the right one; null where
that is not known or cannot be named. `content` is the hash of what was judged. Of the verdicts of one auditor on one
id the last counts.

The file is only ever appended to. A line that a killed process left unfinished, or that somebody broke by hand, is
told and otherwise as if it were not there.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from satsuma.run.atomic import writing

FILE = "audit.jsonl"
Said = Literal["right", "wrong", "skip", "undone"]
Label = str | tuple[str, ...] | None
"""A label by its name, several, or none that could be named."""
Standing = dict[str, dict[str, "Verdict"]]
"""Auditor → id → the verdict that counts, the latest last."""
_SHOWN = 5


class Verdict(BaseModel):
    """What an auditor says of one instance."""

    model_config = ConfigDict(frozen=True)

    id: str
    verdict: Said
    label: Label = None
    auditor: str = Field(min_length=1)
    content: str = ""
    time: str = ""


def now() -> str:
    """The time of a verdict: UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


class Book:
    """The verdicts of a run."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / FILE

    def read(self) -> tuple[list[Verdict], list[str]]:
        """All verdicts, in order, and what there is to tell of lines that are none.

        Raises:
            RunError: the file cannot be read.
        """
        with writing(self.path):  # an unreadable file could not be written either
            data = self.path.read_bytes() if self.path.exists() else b""
        found: list[Verdict] = []
        broken: list[int] = []
        *lines, last = data.split(b"\n")
        for number, line in enumerate([*lines, last], start=1):
            if not line.strip():
                continue
            try:
                found.append(Verdict.model_validate_json(line))
            except ValidationError:
                broken.append(number)
        return found, self._told(broken, cut=bool(last.strip()) and len(lines) + 1 in broken)

    def append(self, verdict: Verdict) -> None:
        """Write a verdict; it is on the disk when this returns.

        Raises:
            RunError: it could not be written.
        """
        line = orjson.dumps(verdict.model_dump(mode="json"), option=orjson.OPT_APPEND_NEWLINE)
        with writing(self.path):
            fd = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                size = os.fstat(fd).st_size
                if size and os.pread(fd, 1, size - 1) != b"\n":
                    line = b"\n" + line  # after what a killed process left unfinished
                while line:
                    line = line[os.write(fd, line) :]
                os.fsync(fd)
            finally:
                os.close(fd)

    def _told(self, broken: list[int], *, cut: bool) -> list[str]:
        told = [f"{self.path}: its last line is cut off; that verdict has to be given again."] if cut else []
        if others := broken[: -1 if cut else None]:
            where = ", ".join(map(str, others[:_SHOWN])) + (" and others" if len(others) > _SHOWN else "")
            told.append(f"{self.path}: no verdicts in line{'s' if len(others) > 1 else ''} {where}; left out.")
        return told


def standing(verdicts: Iterable[Verdict]) -> Standing:
    """The verdicts that count."""
    counting: Standing = {}
    for verdict in verdicts:
        own = counting.setdefault(verdict.auditor, {})
        own.pop(verdict.id, None)
        if verdict.verdict != "undone":
            own[verdict.id] = verdict
    return {auditor: own for auditor, own in counting.items() if own}
