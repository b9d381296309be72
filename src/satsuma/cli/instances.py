"""A few instances of a run, field by field."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satsuma.cli.screen import line, named
from satsuma.run.rows import first_rows

if TYPE_CHECKING:
    from satsuma.run.columns import Row
    from satsuma.run.run import Run

_NOT_SHOWN = frozenset({"id", "text", "target", "provenance"})


def print_instances(run: Run, count: int) -> None:
    """Print the first instances of the dataset."""
    for row in first_rows(run.data_path, count):
        line("")
        line(str(row["id"]))
        print_fields(row)


def print_fields(row: Row) -> None:
    """Print the inputs and the output of a row."""
    for name, value in fields(row):
        position = f" ({row['target']})" if isinstance(value, int) else ""
        named(name, f"{shown(value)}{position}")


def fields(row: Row) -> list[tuple[str, object]]:
    """Name and value of the inputs and the output of a row."""
    return [(name, value) for name, value in row.items() if name not in _NOT_SHOWN]


def shown(value: object) -> str:
    """A value as text; options one after the other, numbered from 0."""
    if isinstance(value, list):
        return " | ".join(f"{i} {option}" for i, option in enumerate(value))
    return str(value)
