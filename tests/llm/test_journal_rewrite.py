"""Journals written anew: smaller, with the same replies, and never at the cost of the original."""

from __future__ import annotations

import asyncio
import resource
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from satsuma.errors import JournalError
from satsuma.llm.bill import UNANSWERED
from satsuma.llm.journal import MODELS, Batch, Entry, Journal
from satsuma.llm.journal_rewrite import compact, merge
from satsuma.llm.journal_schema import COMPACTED, FORMAT
from satsuma.llm.request import Message, Reply, Request, Usage
from satsuma.llm.salvage import salvage

PROMPT = "You write instances of a task. Keep to the words of the label, and to one or two sentences. " * 12
ODD = "NUL \x00, a lone \ud800 surrogate, \u202eright-to-left, ünïcode ✓"


def entry(number: int, content: str = "", step: str = "instance", error: str = "") -> Entry:
    request = Request("openai/gpt", (Message("user", f"{PROMPT}{number}"),), step=step, path=f"context {number}")
    reply = Reply(content or f"answer {number}", usage=Usage(10, 5), model="gpt-2026", error=error)
    return Entry(request.key(), request, reply, attempts=2, seconds=0.5, wasted=Usage(1, 1), created=1_000_000.0)


def made(path: Path, entries: Iterable[Entry], model: str = "openai/gpt") -> Path:
    async def all_at_once(journal: Journal) -> None:
        await asyncio.gather(*map(journal.put, entries))
        await journal.note_batch(Batch(f"batch of {path.name}", model, ("k1-a",), created=1.0))

    with Journal.open(path) as journal:
        journal.set_meta(MODELS, {"": model})
        journal.set_meta(UNANSWERED, {model: [1, 20, 3]})
        asyncio.run(all_at_once(journal))
    return path


def entries_of(path: Path) -> list[Entry]:
    with Journal.open(path, readonly=True) as journal:
        return list(journal.entries())


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def test_a_compacted_journal_has_the_same_replies_in_a_fraction_of_the_room(tmp_path: Path) -> None:
    entries = [*map(entry, range(600)), entry(600, ODD), entry(601, error="timeout"), entry(602, PROMPT, step="seeds")]
    path = made(tmp_path / "journal.sqlite", entries)
    with Journal.open(path) as journal:
        tallies, batches = journal.tallies(), journal.batches()
    done = compact(path)
    assert (done.replies, done.damaged, done.after) == (603, 0, path.stat().st_size)
    assert done.after < done.before / 3
    assert sorted(p.name for p in tmp_path.iterdir()) == ["journal.sqlite"]
    assert entries_of(path) == entries
    with Journal.open(path) as journal:
        assert [journal.get(e.key) for e in entries] == [e.reply for e in entries]
        assert (journal.tallies(), journal.batches(), journal.meta(MODELS)) == (tallies, batches, {"": "openai/gpt"})


def test_a_run_goes_on_in_a_compacted_journal_and_it_can_be_compacted_again(tmp_path: Path) -> None:
    path = made(tmp_path / "journal.sqlite", map(entry, range(300)))
    compact(path)
    more = [entry(number) for number in range(300, 400)]

    async def all_at_once(journal: Journal) -> None:
        await asyncio.gather(*(journal.put(e) for e in (entry(5, "another"), *more)))

    with Journal.open(path) as journal:
        asyncio.run(all_at_once(journal))
    whole = [entry(number) for number in range(400)]
    assert entries_of(path) == whole
    assert compact(path).replies == 400
    assert entries_of(path) == whole
    assert version(path) == COMPACTED


def test_an_older_satsuma_sees_that_it_cannot_read_it(tmp_path: Path) -> None:
    path = made(tmp_path / "journal.sqlite", [entry(1)])
    assert version(path) == FORMAT
    compact(path)
    assert version(path) == COMPACTED == FORMAT + 1


def test_elsewhere_the_original_is_left_as_it_is_and_nothing_is_overwritten(tmp_path: Path) -> None:
    path = made(tmp_path / "journal.sqlite", map(entry, range(50)))
    before = path.read_bytes()
    compact(path, tmp_path / "small.sqlite")
    assert path.read_bytes() == before
    assert entries_of(tmp_path / "small.sqlite") == entries_of(path)
    with pytest.raises(JournalError, match="is there already"):
        compact(path, tmp_path / "small.sqlite")


def test_damaged_replies_are_left_out_and_counted(tmp_path: Path) -> None:
    path = made(tmp_path / "journal.sqlite", map(entry, range(10)))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE replies SET content = 'something else' WHERE path = 'context 3'")
        connection.execute("UPDATE replies SET request = replace(request, 'task', 'tusk') WHERE path = 'context 4'")
    done = compact(path)
    assert (done.replies, done.damaged) == (8, 2)


@pytest.mark.parametrize("copies", [1, 2])
def test_a_damaged_dictionary_is_replaced_by_its_copy_or_told(tmp_path: Path, copies: int) -> None:
    path = made(tmp_path / "journal.sqlite", map(entry, range(10)))
    compact(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE dictionary SET body = x'00' WHERE id <= ?", (copies,))
    if copies == 1:
        assert len(entries_of(path)) == 10
    else:
        with pytest.raises(JournalError, match="dictionary"):
            Journal.open(path)


def test_what_is_intact_can_be_salvaged_from_a_compacted_journal(tmp_path: Path) -> None:
    entries = [*map(entry, range(500))]
    path = made(tmp_path / "journal.sqlite", entries)
    compact(path)
    assert salvage(path).kept == 500
    assert entries_of(path) == entries


def test_a_changed_byte_in_a_shortened_cell_is_never_another_answer(tmp_path: Path) -> None:
    path = made(tmp_path / "journal.sqlite", [entry(1, PROMPT), entry(2, PROMPT + "!")])
    compact(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        (cell,) = connection.execute("SELECT content FROM replies WHERE path = 'context 1'").fetchone()
        assert cell[:1] == b"\xff"
        right, found = entry(1, PROMPT), []
        for at in range(1, len(cell)):
            changed = cell[:at] + bytes([cell[at] ^ 1]) + cell[at + 1 :]
            connection.execute("UPDATE replies SET content = ? WHERE path = 'context 1'", (changed,))
            connection.commit()
            with Journal.open(path, readonly=True) as journal:
                found.append(journal.get(right.key))
    assert found.count(None) + found.count(right.reply) == len(found), "a few changes make the same text"
    assert found.count(None) > len(found) / 2


def test_a_journal_that_is_open_elsewhere_is_not_compacted(tmp_path: Path) -> None:
    path = made(tmp_path / "journal.sqlite", [entry(1)])
    with Journal.open(path), pytest.raises(JournalError, match="locked by another process"):
        compact(path)
    assert entries_of(path) == [entry(1)]


KILLED = """
import os, signal, sys
from pathlib import Path
from satsuma.llm import journal_rewrite
name, at = sys.argv[2], int(sys.argv[3])
def die(*_):
    global at
    at -= 1
    if at < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return really(*_)
really = getattr(journal_rewrite, name)
setattr(journal_rewrite, name, die)
journal_rewrite.compact(Path(sys.argv[1]))
"""


@pytest.mark.parametrize(
    ("name", "at"), [("create", 0), ("keep", 0), ("insert", 150), ("_sync", 0), ("sync_directory", 0)]
)
def test_killed_at_any_step_it_leaves_every_reply_and_can_be_done_again(tmp_path: Path, name: str, at: int) -> None:
    entries = [*map(entry, range(200))]
    path = made(tmp_path / "journal.sqlite", entries)
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(KILLED), path, name, str(at)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert entries_of(path) == entries
    assert compact(path).replies == 200
    assert entries_of(path) == entries
    assert sorted(p.name for p in tmp_path.iterdir()) == ["journal.sqlite"]


def test_on_a_full_disk_the_original_stays_and_nothing_else_does(tmp_path: Path) -> None:
    entries = [*map(entry, range(200))]
    path = made(tmp_path / "journal.sqlite", entries)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (70_000, hard))
    try:
        with pytest.raises(JournalError, match=r"disk is full|disk may be full"):
            merge([path], tmp_path / "merged")
        with pytest.raises(JournalError, match=r"disk is full|disk may be full"):
            compact(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["journal.sqlite"]
    assert entries_of(path) == entries


def test_merging_keeps_everything_and_the_first_of_several_answers(tmp_path: Path) -> None:
    one = made(tmp_path / "one", [entry(1), entry(2, "first"), entry(3, error="timeout"), entry(4)])
    other = made(tmp_path / "other", [entry(2, "second"), entry(3, "at last"), entry(4), entry(5)], "x/y")
    compact(other)
    done = merge([one, other], tmp_path / "both")
    assert (done.replies, done.common, done.conflicts, done.models) == (5, 3, 1, ("",))
    kept = {e.request.path: e for e in entries_of(tmp_path / "both")}
    assert {place: e.reply.content for place, e in kept.items()} == {
        "context 1": "answer 1", "context 2": "first", "context 3": "at last", "context 4": "answer 4",
        "context 5": "answer 5",
    }  # fmt: skip
    with Journal.open(tmp_path / "both", readonly=True) as journal:
        assert journal.meta(MODELS) == {"": "openai/gpt"}
        assert journal.meta(UNANSWERED) == {"openai/gpt": [1, 20, 3], "x/y": [1, 20, 3]}
        assert len(journal.batches()) == 2


def test_what_giving_up_cost_is_added_once_for_each_time_it_was_paid(tmp_path: Path) -> None:
    failed = entry(3, error="timeout")
    one, copy = made(tmp_path / "one", [failed]), made(tmp_path / "copy", [failed])
    again = made(tmp_path / "again", [replace(failed, created=2_000_000.0)])
    merge([one, copy, again], tmp_path / "all")
    (kept,) = entries_of(tmp_path / "all")
    assert (kept.attempts, kept.wasted) == (4, Usage(2, 2))


def test_what_is_paid_without_a_reply_is_added_up(tmp_path: Path) -> None:
    one, other = made(tmp_path / "one", [entry(1)]), made(tmp_path / "other", [entry(2)])
    merge([one, other], tmp_path / "both")
    with Journal.open(tmp_path / "both", readonly=True) as journal:
        assert journal.meta(UNANSWERED) == {"openai/gpt": [2, 40, 6]}
