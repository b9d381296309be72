"""`satsuma predict`: JSON Lines in, what a student says of them out."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from satsuma.llm.request import Json
    from satsuma.students.student import Student

_READ = 1 << 20
"""Bytes at a time, or as many as there are."""


def command(
    student: Annotated[Path, typer.Argument(help="A student's directory.", metavar="STUDENT")],
    card: Annotated[
        str, typer.Option("--card", help="Which task, of a student that has learned several.", metavar="CARD")
    ] = "",
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda, cuda:1 or mps.")] = "auto",
) -> None:
    """Read rows with the task's inputs from standard input, a JSON object a line, and write a prediction for each."""
    from satsuma.students.several import asked
    from satsuma.students.student import Student

    opened, _ = asked(Student(student, device), card or None)
    bad = 0
    for lines in _arriving():
        bad += _answered(opened, lines)
    if bad:
        typer.echo(f"{bad:,} rows could not be used; their answers say why", err=True)


def _answered(student: Student, lines: list[bytes]) -> int:
    """Print an answer for each line, at once; how many could not be used."""
    import orjson

    from satsuma.students.predicting import as_row, predicted

    read = [_row(line) for line in lines if line.strip()]
    said = predicted(student, (row for row in read if isinstance(row, dict)))
    bad = 0
    for row in read:
        found = as_row(next(said), student.card.output.name) if isinstance(row, dict) else {"error": row}
        bad += "error" in found
        sys.stdout.buffer.write(orjson.dumps(found) + b"\n")
    sys.stdout.buffer.flush()
    return bad


def _arriving() -> Iterator[list[bytes]]:
    """The lines of standard input, as many at a time as have come."""
    left = b""
    source = sys.stdin.buffer
    read = source.read1 if isinstance(source, io.BufferedReader) else source.read
    while block := read(_READ):
        *lines, left = (left + block).split(b"\n")
        if lines:
            yield lines
    if left:
        yield [left]


def _row(line: bytes) -> dict[str, Json] | str:
    import orjson

    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return f"it is not JSON: {error}"
    return found if isinstance(found, dict) else "it is not an object"
