"""What a journal holds, how it is laid out in SQLite, and how a damaged reply is told from a good one.

`replies` has one row per request and its reply, `meta` has named values in JSON, `batches` what was submitted to a
provider's batch API. The format is SQLite's `user_version`, and `application_id` spells `sats`: 1 as a run writes it, 2
if it was compacted, which shortens cells (`journal_cells.py`). Both are read and written to.

Two proofs make a wrong answer impossible when a byte of the file has changed. Everything that is an answer is under a
CRC-32 together with the key that was asked for (it finds every change of up to 32 neighbouring bits, and a row that a
damaged index led to by mistake). The request is kept in its canonical form, whose hash is its key. The book-keeping
(step, path, attempts, seconds, time, tokens of failed attempts) is under neither.

Text that UTF-8 cannot hold (lone surrogates) is kept as a blob, all other text as text, so that `sqlite3` shows it.
Rows are read with `text_factory = bytes`.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from satsuma.llm.request import Json, Reply, Request, Usage, key_of

FORMAT = 1
"""As a run writes it."""
COMPACTED = 2
"""The newest that can be read."""
APPLICATION_ID = 0x73617473
PAGE_SIZE = 8192
"""Bytes; measured best for rows of 2 to 4 kB: 4,096 and 16,384 write and read a fifth to a third slower."""

CREATE = f"""
PRAGMA page_size = {PAGE_SIZE};
PRAGMA encoding = 'UTF-8';
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {FORMAT};
CREATE TABLE replies (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    step TEXT NOT NULL,
    path TEXT NOT NULL,
    identity TEXT NOT NULL,
    model TEXT NOT NULL,
    finish_reason TEXT NOT NULL,
    error TEXT NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    wasted_input_tokens INTEGER NOT NULL,
    wasted_output_tokens INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    seconds REAL NOT NULL,
    created REAL NOT NULL,
    checksum INTEGER NOT NULL,
    content TEXT NOT NULL,
    request TEXT NOT NULL
);
CREATE INDEX replies_tally ON replies (id, step, identity, error, input_tokens, output_tokens,
    wasted_input_tokens, wasted_output_tokens, attempts, seconds);
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE batches (name TEXT PRIMARY KEY, remote TEXT NOT NULL, identity TEXT NOT NULL, state TEXT NOT NULL,
    keys TEXT NOT NULL, detail TEXT NOT NULL, created REAL NOT NULL);
"""

PROVEN = "key, model, finish_reason, error, content, input_tokens, output_tokens, checksum"
COLUMNS = (
    "key, step, path, identity, model, finish_reason, error, input_tokens, output_tokens, "
    "wasted_input_tokens, wasted_output_tokens, attempts, seconds, created, checksum, content, request"
)
WIDTH = COLUMNS.count(",") + 1
LARGEST = 2**63 - 1

SELECT_REPLY = f"SELECT {PROVEN}, id FROM replies WHERE key = ?"  # noqa: S608 - constants
SELECT_ENTRY = (
    f"SELECT {PROVEN}, request, step, path, attempts, seconds, created, wasted_input_tokens, wasted_output_tokens "  # noqa: S608
    "FROM replies"
)
SELECT_LAST_ID = "SELECT max(id) FROM replies"
DELETE_REPLY = "DELETE FROM replies WHERE key = ?"
UPSERT_META = "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
UPSERT_BATCH = (
    "INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET remote = excluded.remote, "
    "identity = excluded.identity, state = excluded.state, keys = excluded.keys, detail = excluded.detail"
)
TALLY = """
SELECT step, identity, count(*), sum(error <> ''), sum(attempts), sum(seconds),
    sum((attempts > 0) * input_tokens), sum((attempts > 0) * output_tokens),
    sum(wasted_input_tokens), sum(wasted_output_tokens), sum(attempts = 0)
FROM replies INDEXED BY replies_tally GROUP BY step, identity ORDER BY step, identity
"""

# An answer is never replaced; only what was given up is, and what that cost stays on the bill.
_ADDED = ("wasted_input_tokens", "wasted_output_tokens", "attempts", "seconds")
_REPLACED = [name for name in COLUMNS.split(", ") if name != "key" and name not in _ADDED]
_ON_CONFLICT = (
    " ON CONFLICT (key) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in _REPLACED)
    + ", "
    + ", ".join(f"{name} = replies.{name} + excluded.{name}" for name in _ADDED)
    + " WHERE replies.error <> ''"
)
_ROW = "(" + ", ".join("?" * WIDTH) + ")"

Value = str | bytes | int | float
Row = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A request, its reply, and what it took.

    attempts: calls made, the last one included; 0 for a reply from a recording. seconds: from the first attempt to the
    reply. wasted: tokens that failed attempts were billed for, beside the reply's own. created: seconds since 1970,
    UTC.
    """

    key: str
    request: Request
    reply: Reply
    attempts: int = 1
    seconds: float = 0.0
    wasted: Usage = field(default_factory=Usage)
    created: float = field(default_factory=time.time)


@dataclass(frozen=True, slots=True)
class Tally:
    """Totals of one step with one model identity. attempts, seconds, tokens: sums; `wasted` as in `Entry`.

    recorded: how many of the replies are from a recording; `usage` is without them.
    """

    step: str
    identity: str
    requests: int
    given_up: int
    attempts: int
    seconds: float
    usage: Usage
    wasted: Usage
    recorded: int = 0


@dataclass(frozen=True, slots=True)
class Batch:
    """What was submitted to a provider's batch API, noted before it is waited for.

    name: chosen before submitting (and sent along as metadata), so that a batch whose answer was never seen can be
    found again. remote: the provider's id, empty until it is known. state: in the provider's words. keys: the requests
    in it. detail: whatever else the provider kind needs (ids of files).
    """

    name: str
    identity: str
    keys: tuple[str, ...]
    remote: str = ""
    state: str = "submitting"
    detail: Mapping[str, Json] = field(default_factory=dict)
    created: float = field(default_factory=time.time)


@lru_cache
def insert(rows: int) -> str:
    """The statement that puts this many rows."""
    return f"INSERT INTO replies ({COLUMNS}) VALUES {', '.join([_ROW] * rows)}{_ON_CONFLICT}"  # noqa: S608


def encode(text: str) -> bytes:
    """UTF-8, with lone surrogates as they are."""
    return text.encode("utf-8", "surrogatepass")


def decode(stored: bytes) -> str:
    """The inverse of `encode`."""
    return stored.decode("utf-8", "surrogatepass")


def pack(entry: Entry) -> Row:
    """An entry as a row of `COLUMNS`."""
    request, reply, wasted = entry.request, entry.reply, entry.wasted
    content = encode(reply.content)
    tokens = (_whole(reply.usage.input_tokens), _whole(reply.usage.output_tokens))
    texts = (entry.key, reply.model, reply.finish_reason, reply.error)
    return (
        entry.key,
        _legible(request.step),
        _legible(request.path),
        _legible(request.model),
        _legible(reply.model),
        _legible(reply.finish_reason),
        _legible(reply.error),
        *tokens,
        _whole(wasted.input_tokens),
        _whole(wasted.output_tokens),
        entry.attempts,
        entry.seconds,
        entry.created,
        _checksum((*map(encode, texts), content, *tokens)),
        _legible(reply.content),
        readable(request.canonical()),
    )


def intact(key: bytes, row: Sequence[object]) -> bool:
    """Whether a row of `PROVEN` (and more) is what was put under this key."""
    try:
        return row[0] == key and _checksum(row) == row[7]
    except TypeError:  # a damaged row may have a number or nothing where text was
        return False


def unpack_reply(row: Sequence[object]) -> Reply:
    """The reply in an intact row of `PROVEN`."""
    model, finish_reason, error, content = row[1:5]  # inline, since this is what replaying a run waits for
    return Reply(
        content.decode("utf-8", "surrogatepass"),  # type: ignore[attr-defined]
        finish_reason.decode("utf-8", "surrogatepass"),  # type: ignore[attr-defined]
        Usage(row[5], row[6]),  # type: ignore[arg-type]
        model.decode("utf-8", "surrogatepass"),  # type: ignore[attr-defined]
        error.decode("utf-8", "surrogatepass"),  # type: ignore[attr-defined]
    )


def unpack_entry(row: Sequence[object]) -> Entry | None:
    """The entry in a row of `SELECT_ENTRY`; None if it is damaged."""
    key, request = row[0], row[8]
    if not isinstance(key, bytes) or not isinstance(request, bytes) or not intact(key, row):
        return None
    if key_of(request) != decode(key):
        return None
    step, path, attempts, seconds, created, wasted_input, wasted_output = row[9:16]
    return Entry(
        decode(key),
        Request.from_canonical(request, _text(step), _text(path)),
        unpack_reply(row),
        _int(attempts),
        _float(seconds),
        Usage(_int(wasted_input), _int(wasted_output)),
        _float(created),
    )


def _checksum(proven: Sequence[object]) -> int:
    """CRC-32 of a row of `PROVEN`; the separator is a byte that UTF-8 never has."""
    numbers = b"%d %d" % (proven[5], proven[6])  # type: ignore[str-format]  # a TypeError means: damaged
    return zlib.crc32(b"\xff".join((*proven[:5], numbers)))  # type: ignore[arg-type]


def _legible(text: str) -> str | bytes:
    """What SQLite is given: text, unless UTF-8 cannot hold it."""
    return text if text.isascii() else readable(encode(text))


def readable(stored: bytes) -> str | bytes:
    """What SQLite is given: text, unless it is not UTF-8."""
    try:
        return stored.decode()
    except UnicodeDecodeError:
        return stored


def _whole(number: int) -> int:
    """A count that SQLite can hold, whatever an endpoint claims."""
    return min(max(int(number), 0), LARGEST)


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else ""


def _int(value: object) -> int:
    return value if isinstance(value, int) else 0


def _float(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
