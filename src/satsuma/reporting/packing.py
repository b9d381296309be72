"""What a page carries for its table, its map and its dialogs, in little room and out of the reach of markup.

Columns, not rows; values that repeat are written once and pointed at; prompts are lines that are written once; all of
it deflated and in base64, which has no character that HTML knows. In the page, `DecompressionStream` takes it apart.

A page is to stay under `BUDGET` bytes. Where it would not, fewer instances have their whole lineage, then long
texts are cut shorter; both are told in the page. A page of more than 10,000 instances may be larger.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from satsuma.reporting.instances import Origin, Shown
from satsuma.reporting.lineages import Asked

if TYPE_CHECKING:
    from satsuma.llm.request import Json

BUDGET = 2_600_000
"""Bytes of packed data: what is left of 3 MB is for the page itself."""
CUTS = (20_000, 4_000, 1_000, 300, 120)
"""Characters of a text, tried in this order."""
_LEVEL = 9


@dataclass(frozen=True, slots=True)
class Packed:
    """Packed data of a page. whole: instances with their whole lineage. cut: characters that a text has at most."""

    instances: str
    lineages: str
    whole: int
    cut: int

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.instances) + len(self.lineages)


def pack(instances: Sequence[Shown], whole: Sequence[int], asked: Mapping[str, Asked]) -> Packed:
    """The instances, and the lineage of those at the places `whole`, within the budget."""
    tried = Packed("", "", len(whole), CUTS[0])
    for cut in CUTS:
        tried = Packed(deflated(columns(instances, cut)), "", 0, cut)
        if tried.size > 0.8 * BUDGET:
            continue
        count = len(whole)
        while count:
            lineages = deflated(lineage(instances, whole[:count], asked, cut))
            if tried.size + len(lineages) <= BUDGET:
                return Packed(tried.instances, lineages, count, cut)
            count //= 2
        return Packed(tried.instances, deflated(lineage(instances, (), asked, cut)), 0, cut)
    return Packed(tried.instances, deflated(lineage(instances, (), asked, tried.cut)), 0, tried.cut)


def deflated(value: Json) -> str:
    """A value as JSON, deflated (zlib), in base64."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode("utf-8", "replace"), _LEVEL)).decode("ascii")


def columns(instances: Sequence[Shown], cut: int) -> dict[str, Json]:
    """The instances, column by column; a column is `interned`."""
    names = list(dict.fromkeys(name for one in instances for name in one.fields))
    origins = [one.origin or _NOWHERE for one in instances]
    return {
        "fields": [
            {"name": name, "values": interned([_cut(one.fields.get(name, ""), cut) for one in instances])}
            for name in names
        ],
        "dataset": interned([one.dataset for one in instances]),
        "id": interned([_cut(one.id, cut) for one in instances]),
        "label": interned([None if one.label is None else _cut(one.label, cut) for one in instances]),
        "context": interned([_cut(origin.context, cut) for origin in origins]),
        "seed": interned([_cut(origin.seed, cut) for origin in origins]),
        "source": interned([_cut(origin.source, cut) for origin in origins]),
        "asked": interned([_cut(origin.asked, cut) for origin in origins]),
        "corrected": interned([_cut(origin.corrected, cut) for origin in origins]),
        "votes": interned([origin.votes for origin in origins]),
        "agreement": interned([origin.agreement for origin in origins]),
    }


_NOWHERE = Origin()


def interned(values: Sequence[str | int | float | None]) -> Json:
    """A list as it is, or, where values repeat, its different values and the place of each among them."""
    different = {value: place for place, value in enumerate(dict.fromkeys(values))}
    if 2 * len(different) > len(values):
        return list(values)
    return {"values": list(different), "at": [different[value] for value in values]}


def lineage(instances: Sequence[Shown], places: Sequence[int], asked: Mapping[str, Asked], cut: int) -> dict[str, Json]:
    """What led to the instances at these places; texts as numbers of lines that are written once."""
    lines: dict[str, int] = {}

    def text(whole: str) -> list[Json]:
        return [lines.setdefault(line, len(lines)) for line in _cut(whole, cut).split("\n")]

    keys = dict.fromkeys(key for place in places for key in _requests(instances[place]) if key in asked)
    numbers = {key: number for number, key in enumerate(keys)}
    requests = [_request(asked[key], text) for key in keys]
    of = {
        str(place): _origin(
            instances[place].origin or _NOWHERE, [numbers.get(k, k) for k in _requests(instances[place])]
        )
        for place in places
    }
    return {"of": of, "requests": list(requests), "lines": list(lines)}


def _requests(one: Shown) -> tuple[str, ...]:
    return one.origin.requests if one.origin else ()


def _origin(origin: Origin, requests: Sequence[int | str]) -> Json:
    """requests: the number of each, or its key where the journal does not have it."""
    return {
        "attributes": [list(pair) for pair in origin.attributes],
        "reason": origin.reason,
        "model": origin.model,
        "corrector": origin.corrector,
        "requests": list(requests),
    }


def _request(asked: Asked, text: Callable[[str], list[Json]]) -> Json:
    return {
        "key": asked.key,
        "step": asked.step,
        "path": asked.path,
        "model": asked.model,
        "draw": asked.draw,
        "messages": [[role, text(content)] for role, content in asked.messages],
        "reply": text(asked.reply),
        "error": asked.error,
        "tokens": [asked.input_tokens, asked.output_tokens],
        "seconds": asked.seconds,
    }


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}… [cut here: {len(text):,} characters in all]"
