"""A journal that is damaged, cut off, foreign, newer or not ours: an error that helps, never a wrong answer."""

from __future__ import annotations

import asyncio
import os
import random
import shlex
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from satsuma.errors import JournalError
from satsuma.llm import journal_file
from satsuma.llm.journal import Entry, Journal
from satsuma.llm.request import Message, Reply, Request, Usage
from satsuma.llm.salvage import salvage


def entries(count: int = 60) -> list[Entry]:
    made = []
    for number in range(count):
        request = Request("openai/gpt", (Message("user", f"question {number} " * 30),), step="seeds", path=str(number))
        made.append(Entry(request.key(), request, Reply(f"answer {number} " * (number * 20), usage=Usage(number, 7))))
    return made


def put(journal: Journal, some: list[Entry]) -> None:
    async def all_at_once() -> None:
        await asyncio.gather(*map(journal.put, some))

    asyncio.run(all_at_once())


@pytest.fixture(scope="module")
def whole() -> Iterator[tuple[bytes, dict[str, Reply]]]:
    """The bytes of a good journal, and what it answers."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "j")
        with Journal.open(path) as journal:
            put(journal, entries())
            journal.set_meta("models", {"": "openai/gpt"})
        yield path.read_bytes(), {entry.key: entry.reply for entry in entries()}


def answers(path: Path, right: dict[str, Reply]) -> int | JournalError:
    """How many right answers a journal still gives, or how it refuses; a wrong answer fails the test."""
    try:
        with Journal.open(path) as journal:
            found = {key: journal.get(key) for key in right}
            assert all(reply is None or reply == right[key] for key, reply in found.items())
            for entry in journal.entries():
                assert entry.reply == right[entry.key]
                assert entry.key == entry.request.key()
            return sum(reply is not None for reply in found.values())
    except JournalError as error:
        assert path.name in error.message
        assert error.hint
        return error


def test_a_journal_cut_off_anywhere_never_answers_wrongly(
    tmp_path: Path, whole: tuple[bytes, dict[str, Reply]]
) -> None:
    content, right = whole
    draw = random.Random(1)
    offsets = [0, 1, 15, 16, 99, 100, 101, len(content) - 1, *range(8192, len(content), 8192)]
    offsets += [draw.randrange(len(content)) for _ in range(60)]
    path = tmp_path / "cut"
    for offset in offsets:
        path.write_bytes(content[:offset])
        assert isinstance(answers(path, right), JournalError), offset


def test_a_journal_with_a_changed_byte_never_answers_wrongly(
    tmp_path: Path, whole: tuple[bytes, dict[str, Reply]]
) -> None:
    content, right = whole
    draw = random.Random(2)
    offsets = [*range(0, 100), *(draw.randrange(len(content)) for _ in range(250))]
    outcomes = []
    for offset in offsets:
        path = tmp_path / "flipped"
        changed = bytearray(content)
        changed[offset] ^= draw.choice((1, 2, 16, 128, 255))
        path.write_bytes(changed)
        outcomes.append(answers(path, right))
    assert len(right) in outcomes, "some bytes carry nothing"
    assert len(right) - 1 in outcomes, "a changed byte inside a reply costs that reply"
    assert any(isinstance(outcome, JournalError) for outcome in outcomes)


def test_a_log_cut_off_or_changed_anywhere_costs_only_what_came_last(
    tmp_path: Path, whole: tuple[bytes, dict[str, Reply]]
) -> None:
    _, right = whole
    journal = Journal.open(tmp_path / "j")
    for entry in entries():
        put(journal, [entry])
    file, log = (tmp_path / "j").read_bytes(), (tmp_path / "j-wal").read_bytes()
    journal.close()
    draw = random.Random(3)
    path = tmp_path / "torn"
    for number in range(60):
        offset = draw.randrange(len(log))
        changed = log[:offset] if number % 2 else log[:offset] + bytes([log[offset] ^ 255]) + log[offset + 1 :]
        path.write_bytes(file)
        Path(f"{path}-wal").write_bytes(changed)
        Path(f"{path}-shm").unlink(missing_ok=True)
        outcome = answers(path, right)
        assert isinstance(outcome, int)
        assert outcome >= offset * len(right) // len(log) // 2 - 1, "replies before the damage are there"


def test_a_damaged_reply_is_named_and_can_be_asked_again(tmp_path: Path, whole: tuple[bytes, dict[str, Reply]]) -> None:
    content, right = whole
    victim = entries()[9]
    assert content.count(b"answer 9 answer 9") > 0
    (tmp_path / "j").write_bytes(content.replace(b"answer 9 answer 9", b"answer 9 enswer 9", 1))
    with Journal.open(tmp_path / "j") as journal:
        assert journal.damage == 0
        assert journal.get(victim.key) is None
        assert journal.damaged == {victim.key}
        assert journal.damage == 1
        put(journal, [victim])
        assert journal.get(victim.key) == victim.reply
        assert journal.damaged == frozenset()
        assert journal.damage == 1, "it was damaged, and that is to be told"
    assert answers(tmp_path / "j", right) == len(right)


def test_a_damaged_question_is_not_shown_as_what_was_asked(
    tmp_path: Path, whole: tuple[bytes, dict[str, Reply]]
) -> None:
    content, _ = whole
    (tmp_path / "j").write_bytes(content.replace(b"question 9 question 9", b"question 9 quextion 9", 1))
    with Journal.open(tmp_path / "j") as journal:
        assert journal.entry(entries()[9].key) is None
        assert len(list(journal.entries())) == len(entries()) - 1


@pytest.mark.parametrize("kind", ["cut", "overwritten"])
def test_salvage_keeps_what_is_intact_and_the_damaged_file(
    tmp_path: Path, whole: tuple[bytes, dict[str, Reply]], kind: str
) -> None:
    content, right = whole
    place = tmp_path / "a run"
    place.mkdir()
    path = place / "journal.sqlite"
    middle = len(content) // 2 // 8192 * 8192
    damaged = content[:middle] if kind == "cut" else content[:middle] + b"\xa5" * 8192 + content[middle + 8192 :]
    path.write_bytes(damaged)
    refusal = answers(path, right)
    assert isinstance(refusal, JournalError)
    assert "is damaged" in refusal.message
    command = next(part for part in refusal.hint.split("`") if part.startswith("python -m "))
    done = subprocess.run(
        [sys.executable, *shlex.split(command)[1:]], capture_output=True, text=True, timeout=60, check=True
    )
    kept = answers(path, right)
    assert isinstance(kept, int)
    assert 5 < kept < len(right)
    assert f"kept {kept} replies" in done.stdout
    assert (place / "journal.damaged.sqlite").read_bytes() == damaged


def test_salvage_takes_the_log_along_and_keeps_named_values(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with Journal.open(tmp_path / "live") as journal:
        put(journal, entries())
        journal.set_meta("models", {"": "openai/gpt"})
        shutil.copy(tmp_path / "live", path)
        shutil.copy(tmp_path / "live-wal", tmp_path / "journal.sqlite-wal")
    assert salvage(path).kept == len(entries())
    with Journal.open(path) as journal:
        assert journal.meta("models") == {"": "openai/gpt"}
        assert list(journal.entries()) == [*map(entry_without_time, journal.entries())]


def entry_without_time(entry: Entry) -> Entry:
    """The entry that was put under this key, at the time that was kept."""
    original = next(one for one in entries() if one.key == entry.key)
    return Entry(original.key, original.request, original.reply, created=entry.created)


def test_salvage_says_when_nothing_can_be_read_and_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(JournalError, match="nothing can be salvaged"):
        salvage(path)
    assert [file.name for file in tmp_path.iterdir()] == ["journal.sqlite"]


def test_broken_structure_is_refused_on_opening_before_anything_is_added_to_it(
    tmp_path: Path, whole: tuple[bytes, dict[str, Reply]]
) -> None:
    content, _ = whole
    middle = len(content) // 2 // 8192 * 8192
    (tmp_path / "j").write_bytes(content[:middle] + b"\xa5" * 8192 + content[middle + 8192 :])
    for readonly in (False, True):
        with pytest.raises(JournalError, match="is damaged"):
            Journal.open(tmp_path / "j", readonly=readonly)


def test_each_file_that_is_no_journal_is_refused_in_its_own_words(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("a text\n" * 1000)
    (tmp_path / "empty").touch()
    (tmp_path / "directory").mkdir()
    with closing(sqlite3.connect(tmp_path / "other")) as other:
        other.execute("CREATE TABLE t (a)")
    with Journal.open(tmp_path / "newer"):
        pass
    with closing(sqlite3.connect(tmp_path / "newer")) as newer:
        newer.execute("PRAGMA user_version = 99")
    words = {
        "text": "not an SQLite file",
        "empty": "empty: it was cut off",
        "directory": "is a directory",
        "other": "not a journal of satsuma",
        "newer": r"newer satsuma \(format 99",
    }
    for name, message in words.items():
        for readonly in (False, True):
            with pytest.raises(JournalError, match=f"{name}.*{message}"):
                Journal.open(tmp_path / name, readonly=readonly)
    with pytest.raises(JournalError, match="there is no journal at"):
        Journal.open(tmp_path / "absent", readonly=True)
    with pytest.raises(JournalError, match="there is no directory"):
        Journal.open(tmp_path / "absent" / "j")
    assert not (tmp_path / "absent").exists()


def test_broken_structure_in_a_file_too_large_to_check_is_found_when_it_is_met(
    tmp_path: Path, whole: tuple[bytes, dict[str, Reply]], monkeypatch: pytest.MonkeyPatch
) -> None:
    content, right = whole
    monkeypatch.setattr(journal_file, "CHECKED", 0)
    draw = random.Random(4)
    refused = 0
    for _ in range(60):
        page = draw.randrange(1, len(content) // 8192) * 8192
        (tmp_path / "j").write_bytes(content[:page] + draw.randbytes(8) + content[page + 8 :])
        refused += isinstance(answers(tmp_path / "j", right), JournalError)
    assert refused


def test_a_journal_that_another_process_holds_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_file, "PATIENCE", 0.05)
    with Journal.open(tmp_path / "j"):
        pass
    with closing(sqlite3.connect(tmp_path / "j", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalError, match="locked by another process") as refusal:
            Journal.open(tmp_path / "j")
    assert "ended" in refusal.value.hint


@contextmanager
def nobody() -> Iterator[Path]:
    """A directory of an ordinary user, whom permissions bind."""
    with tempfile.TemporaryDirectory() as directory:
        root = os.geteuid() == 0
        if root:
            Path(directory).chmod(0o755)
            os.chown(directory, 65534, 65534)
            os.seteuid(65534)
        try:
            yield Path(directory)
        finally:
            if root:
                os.seteuid(0)
            Path(directory).chmod(0o755)


def test_permissions_that_forbid_are_named(tmp_path: Path) -> None:
    del tmp_path
    with nobody() as directory:
        path = directory / "j"
        with Journal.open(path) as journal:
            put(journal, entries(3))
        path.chmod(0o444)
        with pytest.raises(JournalError, match="cannot be written"):
            Journal.open(path)
        path.chmod(0o644)
        directory.chmod(0o555)
        with pytest.raises(JournalError, match="cannot be") as refusal:
            Journal.open(path)
        assert "permissions" in refusal.value.hint
        with pytest.raises(JournalError, match="cannot be"):
            Journal.open(directory / "new")
        with Journal.open(path, readonly=True) as journal:
            assert len(list(journal.entries())) == 3
        directory.chmod(0o755)
        path.chmod(0o000)
        with pytest.raises(JournalError, match="cannot be opened"):
            Journal.open(path, readonly=True)
