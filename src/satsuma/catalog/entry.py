"""A dataset card: what a catalog knows of one dataset, and how it looks as a line of a catalog's file.

Only name and description are required. Whatever else a line holds is taken if it has the form that it should have,
and left out if not: a catalog is somebody else's text. Cells of sample rows are cut with a mark, so that a card stays
small whatever its dataset holds.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar, get_args

import orjson

from satsuma.catalog.licences import licence_of, terms_of
from satsuma.llm.request import Json
from satsuma.run.plain import no_surrogates

T = TypeVar("T")
Kind = Literal["files", "hub", "unknown"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_CUT = re.compile(r"… ‹[\d,]+ characters›\Z")
_MARK = len("… ‹999,999,999,999 characters›")
MAX_CELL = 200
"""Characters of one cell in a sample row."""
MAX_COLUMNS = 200
"""Columns that are named; `width` says how many there are."""
MAX_SAMPLE = 3
MAX_DESCRIPTION = 10_000
"""Characters."""
MAX_TAGS = 100
MAX_FILES = 1_000


@dataclass(frozen=True, slots=True)
class Column:
    """A column. type: as its file or its hub calls it; may be empty."""

    name: str
    type: str = ""


@dataclass(frozen=True, slots=True)
class Loading:
    """How a dataset's rows are had, without running any code of its own.

    kind: data files in a folder (`place`), or a repository of the hub (`place`). files: relative to it; empty where
    it has to be looked up. configs: the hub's configurations. revision: the hub's commit; empty for the newest.
    needs_code: it can only be had by running a program that comes with it, which satsuma never does.
    """

    kind: Kind = "unknown"
    place: str = ""
    files: tuple[str, ...] = ()
    configs: tuple[str, ...] = ()
    revision: str = ""
    needs_code: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One dataset card.

    sample: rows as text, by column. width: columns in all. rows: None if it is not known. licence: a normal
    identifier (`cc-by-sa-4.0`; empty if it is not known), licence_text: how the source says it.
    """

    name: str
    description: str
    tags: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    width: int = 0
    sample: tuple[Mapping[str, str], ...] = ()
    rows: int | None = None
    licence: str = ""
    licence_text: str = ""
    gated: bool = False
    disabled: bool = False
    loading: Loading = Loading()

    def as_json(self) -> dict[str, Json]:
        """The card as a line of a catalog's file holds it; what is not known is left out."""
        made: dict[str, Json] = {
            "name": self.name,
            "description": self.description,
            "tags": list(self.tags),
            "columns": [{"name": c.name, "type": c.type} for c in self.columns],
            "width": self.width,
            "sample": [dict(row) for row in self.sample],
            "rows": self.rows,
            "licence": self.licence,
            "licence_text": self.licence_text,
            "gated": self.gated,
            "disabled": self.disabled,
            "loading": _loading_json(self.loading),
        }
        return {name: value for name, value in made.items() if value or name in ("name", "description")}

    def line(self) -> bytes:
        """The card as JSON in UTF-8, without a line break."""
        return orjson.dumps(self.as_json())


def entry_from(said: Mapping[str, object], name: str = "") -> Entry:
    """The card that a mapping describes. name: the dataset's name if the mapping has none.

    `license` is taken for `licence`, `id` for a missing name, a text of tags separated by commas for a list.
    """
    columns = tuple(_columns(said.get("columns")))
    text = text_of(said.get("licence_text")) or ", ".join(_texts(said.get("licence") or said.get("license"), MAX_TAGS))
    return Entry(
        name=text_of(said.get("name")) or text_of(said.get("id")) or name,
        description=text_of(said.get("description"))[:MAX_DESCRIPTION].strip(),
        tags=tuple(_texts(said.get("tags"), MAX_TAGS)),
        columns=columns[:MAX_COLUMNS],
        width=max(_count(said.get("width")) or 0, len(columns)),
        sample=tuple(_sample(said.get("sample"))),
        rows=_count(said.get("rows")),
        licence=_licence(said.get("licence"), text),
        licence_text=text,
        gated=bool(said.get("gated")) and said.get("gated") not in ("false", "False"),
        disabled=said.get("disabled") is True,
        loading=_loading(said.get("loading")),
    )


def _licence(said: object, text: str) -> str:
    """An identifier that is normal already needs no reading, which takes longer than all the rest."""
    return said if isinstance(said, str) and terms_of(said) != "unknown" else licence_of(text) if text else ""


def cell(value: object, limit: int = MAX_CELL) -> str:
    """A cell as text of at most `limit` characters and a mark; bytes and floats that are no numbers are named."""
    if isinstance(value, str):
        return cut(no_surrogates(value[: limit + _MARK]), len(value), limit)
    if isinstance(value, bytes | bytearray | memoryview):
        return f"‹binary, {len(value):,} bytes›"
    if value is None:
        return ""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    text = _nested(value, limit)
    return cut(no_surrogates(text[: limit + 1]), len(text), limit)


def cut(start: str, length: int, limit: int) -> str:
    """A text by its start and its length, cut with a mark; one that was cut to this limit before stays as it is."""
    if length <= limit or _CUT.match(start, limit):
        return start
    return f"{start[:limit]}… ‹{length:,} characters›"


def _nested(value: object, limit: int, depth: int = 4) -> str:
    """Lists and mappings, as far as they are shown: neither deep nor long ones are walked to their end."""
    if isinstance(value, Mapping):
        parts = [f'"{k}": {_nested(v, limit, depth - 1)}' for k, v in _first(value.items(), limit)] if depth else ["…"]
        return "{" + ", ".join(parts) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join([_nested(v, limit, depth - 1) for v in _first(value, limit)] if depth else ["…"]) + "]"
    if isinstance(value, bytes | bytearray):
        return f"‹binary, {len(value):,} bytes›"
    return f'"{value[: limit + 1]}"' if isinstance(value, str) else str(value)


def _first(values: Iterable[T], limit: int) -> list[T]:
    return [value for value, _ in zip(values, range(limit), strict=False)]


def text_of(value: object) -> str:
    """A text, without lone surrogates; empty for anything else."""
    return no_surrogates(value).strip() if isinstance(value, str) else ""


def _texts(value: object, most: int) -> list[str]:
    if isinstance(value, str):
        value = value.split(",") if len(value) < MAX_DESCRIPTION else []
    found = [text_of(v) for v in value[:most]] if isinstance(value, list | tuple) else []
    return [v for v in found if v]


def _count(value: object) -> int | None:
    """A number of rows or columns; None for anything else, and for what no dataset has."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16:
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**15 else None


def _columns(value: object) -> list[Column]:
    found = []
    for one in value if isinstance(value, list) else []:
        name = text_of(one.get("name")) if isinstance(one, dict) else text_of(one)
        if name:
            found.append(Column(cell(name), cell(text_of(one.get("type"))) if isinstance(one, dict) else ""))
    return found


def _sample(value: object) -> list[dict[str, str]]:
    rows = [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
    return [{cell(str(k)): cell(v) for k, v in list(row.items())[:MAX_COLUMNS]} for row in rows[:MAX_SAMPLE]]


def _loading(value: object) -> Loading:
    if not isinstance(value, dict):
        return Loading()
    kind = value.get("kind")
    return Loading(
        kind=next((known for known in KINDS if known == kind), "unknown"),
        place=text_of(value.get("place")),
        files=tuple(_texts(value.get("files"), MAX_FILES)),
        configs=tuple(_texts(value.get("configs"), MAX_FILES)),
        revision=text_of(value.get("revision")),
        needs_code=value.get("needs_code") is True,
    )


def _loading_json(loading: Loading) -> dict[str, Json]:
    made: dict[str, Json] = {
        "kind": loading.kind,
        "place": loading.place,
        "files": list(loading.files),
        "configs": list(loading.configs),
        "revision": loading.revision,
        "needs_code": loading.needs_code,
    }
    return {} if loading == Loading() else {name: value for name, value in made.items() if value}
