"""What a run knows of its batches: the notes in its journal, and what follows from them.

Each batch is noted before anything is sent, again before the step from which on it may exist, again with the
provider's id, and once more when its results have been read. So whatever a killed process leaves behind says what may
be under way. A note holds the keys of the requests, the most that each may use (for the budget), which of them were
not answered, and where the provider is; it holds no key to an API.

States are the provider's words, and four of ours: `uploading` (it cannot exist yet), `submitting` (it may), `never`
(it does not), `forgotten` (somebody gave it up).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from satsuma.llm.journal_schema import Batch
from satsuma.llm.request import Usage

if TYPE_CHECKING:
    from satsuma.llm.batch_api import Remote
    from satsuma.llm.journal import Journal
    from satsuma.llm.request import Json

UPLOADING, SUBMITTING, NEVER, FORGOTTEN = "uploading", "submitting", "never", "forgotten"

Most = tuple[int, int]
"""Tokens that a request may use: in, out."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a batch is: the model without `batch:`, and the base URL, empty for the provider's own."""

    model: str
    base_url: str = ""


def draft(name: str, origin: Origin, most: Mapping[str, Most], longer: Mapping[str, str]) -> Batch:
    """The note of a batch that is about to be sent. longer: key → key of the request whose answer was cut off."""
    detail: dict[str, Json] = {
        "model": origin.model,
        "base_url": origin.base_url,
        "most": [list(tokens) for tokens in most.values()],
        "longer": {key: longer[key] for key in most if key in longer},
    }
    return Batch(name, origin.model, tuple(most), "", UPLOADING, detail)


def sending(batch: Batch) -> Batch:
    """The note from the moment on from which the batch may exist."""
    return replace(batch, state=SUBMITTING, detail={**batch.detail, "sent": time.time()})


def received(batch: Batch, remote: Remote) -> Batch:
    """The note of a batch that the provider has."""
    return replace(batch, remote=remote.id, state=remote.state)


def read(batch: Batch, remote: Remote, unanswered: Mapping[str, str]) -> Batch:
    """The note of a batch whose results have been read. unanswered: key → why it may be asked again."""
    detail: dict[str, Json] = {**batch.detail, "read": True, "unanswered": dict(unanswered), "crowded": remote.crowded}
    return replace(batch, remote=remote.id, state=remote.state, detail=detail)


def origin_of(batch: Batch) -> Origin:
    """Where a batch is."""
    return Origin(str(batch.detail.get("model") or batch.identity), str(batch.detail.get("base_url") or ""))


def sent_at(batch: Batch) -> float:
    """When a batch was sent, in seconds since 1970."""
    sent = batch.detail.get("sent")
    return float(sent) if isinstance(sent, int | float) else batch.created


def is_read(batch: Batch) -> bool:
    """Whether its results have been read."""
    return batch.detail.get("read") is True


def is_open(batch: Batch) -> bool:
    """Whether it is with the provider, or may be."""
    return not is_read(batch) and batch.state not in (UPLOADING, NEVER, FORGOTTEN)


def was_tried(batch: Batch) -> bool:
    """Whether its requests had their chance in it."""
    return batch.state not in (UPLOADING, NEVER) and not batch.detail.get("crowded")


def unanswered(batch: Batch) -> Mapping[str, str]:
    """Keys that its results did not answer, and why."""
    found = batch.detail.get("unanswered")
    return cast("dict[str, str]", found) if isinstance(found, dict) else {}


def longer(batch: Batch) -> Mapping[str, str]:
    """Key → key of the request whose answer was cut off."""
    found = batch.detail.get("longer")
    return cast("dict[str, str]", found) if isinstance(found, dict) else {}


def most(batch: Batch) -> dict[str, Most]:
    """What each of its requests may use."""
    tokens = batch.detail.get("most")
    pairs = tokens if isinstance(tokens, list) and len(tokens) == len(batch.keys) else [[0, 0]] * len(batch.keys)
    return {key: cast("Most", tuple(cast("list[int]", pair))) for key, pair in zip(batch.keys, pairs, strict=True)}


def unfinished(batch: Batch, journal: Journal) -> list[str]:
    """Keys of a batch that the journal has no reply to.

    What was given up later than the batch was made is done with; what was given up before is being asked again.
    """
    owners = longer(batch)
    return [key for key in batch.keys if not _done(owners.get(key, key), batch, journal)]


def _done(key: str, batch: Batch, journal: Journal) -> bool:
    reply = journal.get(key)
    if reply is None:
        return False
    if not reply.error:
        return True
    entry = journal.entry(key)
    return entry is not None and entry.created > batch.created


def billed(journal: Journal) -> dict[str, tuple[int, Usage]]:
    """What the journal's replies that came by batches used: identity → how many, and their tokens."""
    keys: dict[str, set[str]] = {}
    for batch in journal.batches():
        owners, failed = longer(batch), unanswered(batch)
        if is_read(batch):
            keys.setdefault(batch.identity, set()).update(owners.get(k, k) for k in batch.keys if k not in failed)
    totals: dict[str, tuple[int, Usage]] = {}
    for identity, of_batches in keys.items():
        replies = [r for key in of_batches if (r := journal.get(key)) is not None and not r.error]
        totals[identity] = (len(replies), sum((r.usage for r in replies), Usage()))
    return totals
