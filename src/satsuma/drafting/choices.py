"""A choice in rows: the columns that hold the options, or the one that lists them, and which of them is right.

Options are columns that are called so and numbered (`choice1`, `choice2`; `option_a`, `option_b`), or a column of
lists. The right one is told by its position (from 0 or from 1), its letter, the name of its column, or its text; that
has to fit in every row, so that two sentences with a label of 0 or 1 are not taken for a choice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from string import ascii_lowercase

from satsuma.drafting.columns import Column
from satsuma.task.card_output import MAX_OPTIONS

_STEMS = frozenset(
    {"alt", "alternative", "answer", "candidate", "choice", "completion", "ending", "hypothesis", "opt", "option",
     "response", "sol", "solution"}
)  # fmt: skip
_MEMBER = re.compile(r"(.+?)[ _-]?(\d+|[a-zA-Z])")


@dataclass(frozen=True, slots=True)
class Options:
    """columns: those of the options, or the one that lists them. right: says which is right. positions: per row."""

    columns: tuple[Column, ...]
    right: Column
    positions: tuple[int | None, ...]
    count: tuple[int, int]


def options_of(columns: Sequence[Column], label: str, is_output: Callable[[str], bool]) -> Options | None:
    """The choice that the columns are; None if they are none.

    label: the column that has to say which is right; empty for any. is_output: whether a column is called what outputs
    are called.
    """
    for held in _families(columns):
        for right in columns:
            if right in held or (label and right.name != label):
                continue
            certain = _called_options(held) and (bool(label) or is_output(right.name))
            positions = _positions(held, right, certain=certain)
            if positions is not None:
                return Options(held, right, positions, _count(held))
    return None


def _families(columns: Sequence[Column]) -> Iterator[tuple[Column, ...]]:
    """Groups of columns that may be options, then single columns of lists."""
    groups: dict[str, list[tuple[str, Column]]] = {}
    for column in columns:
        member = _MEMBER.fullmatch(column.name)
        if member and column.sort in ("text", "number", "truth"):
            groups.setdefault(member[1].lower().strip(" _-"), []).append((member[2].lower(), column))
    for stem, members in groups.items():
        if _is_stem(stem) and _is_row([suffix for suffix, _ in members]):
            yield tuple(column for _, column in members)
    for column in columns:
        low, high = _count((column,))
        if column.sort == "texts" and 2 <= low <= high <= MAX_OPTIONS:
            yield (column,)


def _called_options(held: Sequence[Column]) -> bool:
    """Whether a column of lists is called what options are, or has their letters; several columns are called so."""
    return len(held) > 1 or any(held[0].keys) or _is_stem(held[0].name.lower())


def _is_stem(name: str) -> bool:
    last = re.split(r"[ _-]", name)[-1]
    return last in _STEMS or last.removesuffix("s") in _STEMS


def _is_row(suffixes: Sequence[str]) -> bool:
    """Whether they count on from 0, 1 or a."""
    size = len(suffixes)
    rows = (list(ascii_lowercase[:size]), [str(i) for i in range(size)], [str(i + 1) for i in range(size)])
    return 2 <= size <= MAX_OPTIONS and list(suffixes) in rows


def _count(held: Sequence[Column]) -> tuple[int, int]:
    if len(held) > 1:
        return len(held), len(held)
    sizes = [len(value) for value in held[0].values if isinstance(value, tuple)]
    return (min(sizes), max(sizes)) if sizes else (0, 0)


def _positions(held: tuple[Column, ...], right: Column, *, certain: bool) -> tuple[int | None, ...] | None:
    """Where the right option stands in each row; None if that is not what the column says."""
    if right.sort not in ("text", "number") or not right.filled:
        return None
    rows = [_row(held, at) for at in range(len(right.values))]
    for way in (_by_text, *((_by_key, _by_letter, _from_0, _from_1) if certain else ())):
        found = [
            None if value is None else way(str(value), texts, keys)
            for value, (texts, keys) in zip(right.values, rows, strict=True)
        ]
        if all(at is not None for at, value in zip(found, right.values, strict=True) if value is not None):
            return tuple(found)
    return None


def _row(held: tuple[Column, ...], at: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The options of a row, and the names under which the row has them."""
    if len(held) > 1:
        return tuple(str(column.values[at]) for column in held), tuple(column.name for column in held)
    value = held[0].values[at]
    return (value if isinstance(value, tuple) else ()), (held[0].keys[at] if held[0].keys else ())


def _by_text(value: str, texts: Sequence[str], _keys: Sequence[str]) -> int | None:
    folded = [text.casefold().strip() for text in texts]
    return folded.index(value.casefold().strip()) if value.casefold().strip() in folded else None


def _by_key(value: str, _texts: Sequence[str], keys: Sequence[str]) -> int | None:
    return list(keys).index(value) if value in keys else None


def _by_letter(value: str, texts: Sequence[str], _keys: Sequence[str]) -> int | None:
    at = ascii_lowercase.find(value.lower()) if len(value) == 1 else -1
    return at if 0 <= at < len(texts) else None


def _from_0(value: str, texts: Sequence[str], _keys: Sequence[str]) -> int | None:
    return int(value) if value.isdigit() and int(value) < len(texts) else None


def _from_1(value: str, texts: Sequence[str], _keys: Sequence[str]) -> int | None:
    return int(value) - 1 if value.isdigit() and 1 <= int(value) <= len(texts) else None
