"""Rows and columns as a prompt shows them: compact JSON, long values cut by tokens with a mark.

What a dataset says stands inside of JSON texts, so it ends where its quotes end. It is passed to a prompt as a value
and never becomes a part of the template. Tokens are those that `satsuma.llm.tokens` guesses.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import orjson

from satsuma.llm.request import Json
from satsuma.llm.tokens import likely_tokens
from satsuma.sources.rows import Row
from satsuma.sources.schema import Column

CELL_TOKENS = 150
"""Tokens of a value at most."""
ROW_TOKENS = 1200
"""Tokens of a row at most."""
SCHEMA_TOKENS = 1500
"""Tokens of a list of columns at most."""
LABELS = 20
"""Names of a column's numbers that are shown."""
_WIDEST = 20
"""Characters that a token can stand for; no text is looked at further than it could be shown."""


def cut(text: str, tokens: int) -> str:
    """A text of at most about so many tokens; where something is left out, a mark says how much."""
    window = text[: tokens * _WIDEST]
    if len(window) == len(text) and likely_tokens(text) <= tokens:
        return text
    low, high = 0, len(window)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if likely_tokens(window[:middle]) <= tokens else (low, middle - 1)
    return f"{window[:low]}… [{len(text) - low:,} more characters]"


def shown_value(value: Json, tokens: int = CELL_TOKENS) -> str:
    """A value: a text as JSON text, whatever is nested as compact JSON, cut."""
    if isinstance(value, str):
        return orjson.dumps(cut(value, tokens)).decode()
    text = orjson.dumps(value).decode()
    short = cut(text, tokens)
    return text if short == text else orjson.dumps(short).decode()


def shown_row(
    row: Row, columns: Sequence[str] | None = None, *, cell: int = CELL_TOKENS, tokens: int = ROW_TOKENS
) -> str:
    """A row as one JSON object, as many of its columns as there is room for; a mark says how many are left out."""
    names = list(row) if columns is None else list(columns)
    pairs = (f"{shown_value(name)}: {shown_value(row[name], cell)}" for name in names)
    return "{" + _joined(pairs, len(names), ", ", tokens) + "}"


def shown_columns(columns: Sequence[Column], tokens: int = SCHEMA_TOKENS) -> str:
    """A line per column: its name, type and a few values, as many as there is room for."""
    return _joined((_line(column) for column in columns), len(columns), "\n", tokens)


def _line(column: Column) -> str:
    values = ", ".join(shown_value(value, CELL_TOKENS // 5) for value in column.samples)
    line = f"- {shown_value(column.name, 40)} ({column.type})" + (f": {values}" if values else "")
    if not column.labels:
        return line
    names = ", ".join(f"{number} = {shown_value(name, 10)}" for number, name in enumerate(column.labels[:LABELS]))
    rest = len(column.labels) - LABELS
    return f"{line}; {names}" + (f", and {rest:,} more" if rest > 0 else "")


def _joined(pieces: Iterable[str], count: int, between: str, tokens: int) -> str:
    """As many pieces as there is room for, at least one."""
    taken: list[str] = []
    used = 0
    for piece in pieces:
        used += likely_tokens(piece + between)
        if taken and used > tokens:
            break
        taken.append(piece)
    left = count - len(taken)
    return between.join(taken) + (f"{between}… [{left:,} more columns]" if left else "")
