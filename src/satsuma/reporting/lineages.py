"""The whole lineage of some instances: which requests led to them, with their prompts and raw replies.

Of a run with many instances only a sample has it, stratified by the label asked for and the label it was corrected to,
so that rare changes are among them; what the report speaks of by name comes first. `satsuma show RUN ID` has it for
any. Not covered: keys that a journal does not have, which are named and left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from satsuma import chance
from satsuma.errors import JournalError
from satsuma.remote.staging import said
from satsuma.reporting.instances import Shown, safe
from satsuma.run.directory import RunDirectory
from satsuma.run.redact import redact

if TYPE_CHECKING:
    from satsuma.llm.journal import Entry

MOST = 1_000
"""Instances of a report that have their whole lineage."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request with its reply.

    messages: role and text. error: why it was given up, empty for an answer. seconds: None for a recorded reply.
    """

    key: str
    step: str
    path: str
    model: str
    draw: int
    messages: tuple[tuple[str, str], ...]
    reply: str
    error: str
    input_tokens: int
    output_tokens: int
    seconds: float | None


def chosen(instances: Sequence[Shown], named: Collection[tuple[int, str]], most: int, seed: int) -> list[int]:
    """Places of the instances that get their whole lineage, at most so many, in the order in which they are chosen.

    named: dataset and id of those that come first.
    """
    first: list[int] = []
    strata: dict[tuple[int, str, str], list[int]] = defaultdict(list)
    for place, one in enumerate(instances):
        if one.origin is None or not one.origin.requests:
            continue
        if (one.dataset, one.id) in named:
            first.append(place)
        else:
            strata[one.dataset, one.origin.asked, one.origin.corrected].append(place)
    for key, places in strata.items():
        places.sort(key=lambda place: chance.number(seed, *map(str, key), place))
    return [*first, *_in_turn(list(strata.values()))][:most]


def _in_turn(strata: Sequence[Sequence[int]]) -> Iterator[int]:
    """One of each stratum, then the next of each, until all are there."""
    for turn in range(max(map(len, strata), default=0)):
        yield from (places[turn] for places in strata if turn < len(places))


def requests_of(path: Path, keys: Collection[str]) -> tuple[dict[str, Asked], tuple[str, ...]]:
    """The requests of these keys in the journal of the run at a path, and notes on what could not be read."""
    found: dict[str, Asked] = {}
    if not keys or not (path / "run.json").is_file():
        return found, ()
    from satsuma.llm.journal import Journal

    try:
        with closing(Journal.open(RunDirectory.open(path).journal_path, readonly=True)) as journal:
            entries = ((key, journal.entry(key)) for key in keys)
            found = {key: _asked(entry) for key, entry in entries if entry is not None}
    except JournalError as error:
        return {}, (f"Prompts and replies cannot be read: {safe(redact(said(error.message)))}.",)
    missing = len(keys) - len(found)
    return found, (f"{missing:,} requests are not in the journal.",) if missing else ()


def _asked(entry: Entry) -> Asked:
    request, reply = entry.request, entry.reply
    return Asked(
        key=entry.key,
        step=safe(request.step),
        path=safe(request.path),
        model=safe(reply.model or request.model),
        draw=request.draw,
        messages=tuple((message.role, safe(redact(message.content))) for message in request.messages),
        reply=safe(redact(reply.content)),
        error=safe(redact(reply.error)),
        input_tokens=reply.usage.input_tokens,
        output_tokens=reply.usage.output_tokens,
        seconds=entry.seconds if entry.attempts else None,
    )
