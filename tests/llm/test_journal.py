"""The journal: what was acknowledged is there, what was not is not, and it says what it holds."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from satsuma.errors import JournalError
from satsuma.llm.journal import Batch, Entry, Journal, journal_at
from satsuma.llm.request import Message, Reply, Request, Usage

TROUBLE = "NUL \x00, a lone \ud800 surrogate, \u202eright-to-left, ünïcode ✓, \ufeff"


def entry(number: int, content: str = "", step: str = "instance", error: str = "") -> Entry:
    request = Request("openai/gpt", (Message("user", f"question {number}"),), step=step, path=f"context {number}")
    reply = Reply(content or f"answer {number}", usage=Usage(10, 5), model="gpt-2026", error=error)
    return Entry(request.key(), request, reply, attempts=2, seconds=0.5, wasted=Usage(1, 1), created=1_000_000.0)


def put(journal: Journal, entries: Iterable[Entry]) -> None:
    async def all_at_once() -> None:
        await asyncio.gather(*map(journal.put, entries))

    asyncio.run(all_at_once())


def script(code: str, *arguments: object) -> list[str]:
    return [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]


def test_a_reply_that_was_put_is_there_now_and_after_opening_again(tmp_path: Path) -> None:
    entries = [entry(number) for number in range(1000)]
    with Journal.open(tmp_path / "journal.sqlite") as journal:
        assert journal.get(entries[0].key) is None
        put(journal, entries)
        assert [journal.get(e.key) for e in entries] == [e.reply for e in entries]
    with Journal.open(tmp_path / "journal.sqlite") as journal:
        assert [journal.get(e.key) for e in entries] == [e.reply for e in entries]
        assert list(journal.entries()) == entries


def test_a_journal_that_began_empty_is_not_searched_for_what_it_lacks(tmp_path: Path) -> None:
    looked: list[str] = []
    with Journal.open(tmp_path / "journal.sqlite") as journal:
        journal._reader.set_trace_callback(looked.append)
        assert journal.found(entry(1).key) is None
        assert looked == []
        put(journal, [entry(1)])
        assert journal.found(entry(1).key) == (entry(1).reply, False)
        assert len(looked) == 1
    with Journal.open(tmp_path / "journal.sqlite") as journal:
        journal._reader.set_trace_callback(looked.append)
        assert journal.found(entry(1).key) == (entry(1).reply, True), "one that was there is"
        assert journal.found(entry(2).key) is None
        assert len(looked) == 3


def test_what_is_put_by_one_call_is_there_for_whoever_reads_the_file_when_it_returns(tmp_path: Path) -> None:
    async def run() -> None:
        with Journal.open(tmp_path / "j") as journal:
            for number in range(5):
                await journal.put(entry(number))
                with Journal.open(tmp_path / "j", readonly=True) as other:
                    assert other.get(entry(number).key) == entry(number).reply

    asyncio.run(run())


@pytest.mark.parametrize("content", [TROUBLE, "\x00", "", "x" * 10_000_000, "\ud800"])
def test_any_text_comes_back_as_it_was(tmp_path: Path, content: str) -> None:
    request = Request("m", (Message("user", TROUBLE),), step=TROUBLE, path="a")
    odd = Entry(request.key(), request, Reply(content, "odd \ud900", Usage(1, 2), TROUBLE, TROUBLE))
    with Journal.open(tmp_path / "j") as journal:
        put(journal, [odd])
        assert journal.get(odd.key) == odd.reply
        found = journal.entry(odd.key)
    assert found is not None
    assert found.request.messages == request.messages


def test_counts_that_no_database_holds_are_cut_down_instead_of_ending_the_run(tmp_path: Path) -> None:
    boastful = replace(entry(1), reply=Reply("x", usage=Usage(10**30, -5)))
    with Journal.open(tmp_path / "j") as journal:
        put(journal, [boastful, entry(2)])
        found = journal.get(boastful.key)
    assert found is not None
    assert found.usage == Usage(2**63 - 1, 0)


def test_an_answer_is_never_replaced_and_a_given_up_one_is(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "j") as journal:
        put(journal, [entry(1, error="timeout"), entry(2, "first")])
        given_up = journal.get(entry(1).key)
        assert given_up is not None
        assert given_up.given_up
        put(journal, [entry(1, "at last"), entry(2, "second"), entry(2, error="overload")])
        assert journal.get(entry(1).key) == entry(1, "at last").reply
        assert journal.get(entry(2).key) == entry(2, "first").reply
        again = journal.entry(entry(1).key)
    assert again is not None
    assert (again.attempts, again.seconds, again.wasted) == (4, 1.0, Usage(2, 2)), (
        "what giving up cost stays on the bill"
    )


def test_tallies_count_per_step_and_model(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "j") as journal:
        assert journal.tallies() == ()
        put(journal, [entry(1), entry(2), entry(3, error="gone", step="seeds")])
        seeds, instances = sorted(journal.tallies(), key=lambda tally: tally.requests)
    assert (seeds.step, seeds.identity, seeds.given_up) == ("seeds", "openai/gpt", 1)
    assert (instances.requests, instances.given_up, instances.attempts, instances.seconds) == (2, 0, 4, 1.0)
    assert (instances.usage, instances.wasted) == (Usage(20, 10), Usage(2, 2))


def test_named_values_and_batches_are_there_after_opening_again(tmp_path: Path) -> None:
    batch = Batch("b-1", "batch:openai/gpt", ("k1-a", "k1-b"), detail={"input_file": "file-1"}, created=1.0)
    later = Batch("b-0", "batch:openai/gpt", (), created=2.0)
    with Journal.open(tmp_path / "j") as journal:
        assert journal.meta("models") is None
        journal.set_meta("models", {"": "openai/gpt"})
        journal.set_meta("models", {"": "openai/gpt", "correction": "x/y"})

        async def note() -> None:
            for one in (batch, later, replace(batch, remote="batch_9", state="in_progress")):
                await journal.note_batch(one)

        asyncio.run(note())
    with Journal.open(tmp_path / "j", readonly=True) as journal:
        assert journal.meta("models") == {"": "openai/gpt", "correction": "x/y"}
        assert journal.batches() == (replace(batch, remote="batch_9", state="in_progress"), later)


def test_a_value_that_is_there_is_not_written_again(tmp_path: Path) -> None:
    for _ in range(2):
        with Journal.open(tmp_path / "j") as journal:
            journal.set_meta("models", {"": "a/b"})
            written = (tmp_path / "j-wal").stat().st_size
    assert written == 0


def test_a_cancelled_caller_does_not_take_the_reply_back(tmp_path: Path) -> None:
    async def run(journal: Journal) -> None:
        saving = asyncio.create_task(journal.put(entry(1)))
        await asyncio.sleep(0)
        saving.cancel()
        await journal.put(entry(2))

    with Journal.open(tmp_path / "j") as journal:
        asyncio.run(run(journal))
        assert journal.get(entry(1).key) == entry(1).reply


def test_thousands_that_wait_are_committed_in_groups(tmp_path: Path) -> None:
    statements: list[str] = []
    with Journal.open(tmp_path / "j") as journal:
        assert journal._writer is not None
        journal._writer._connection.set_trace_callback(statements.append)
        put(journal, (entry(number) for number in range(5000)))
    assert 5000 / 256 <= statements.count("COMMIT") < 200


def test_a_journal_that_was_closed_refuses_instead_of_letting_wait(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / "j")
    journal.close()
    journal.close()
    with pytest.raises(JournalError, match="has been closed"):
        put(journal, [entry(1)])


def test_a_copy_is_one_file_with_everything(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "j") as journal:
        put(journal, [entry(1), entry(2)])
        journal.set_meta("models", {"": "openai/gpt"})
        journal.copy_to(tmp_path / "copy.sqlite")
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "copy.sqlite").rename(tmp_path / "elsewhere" / "copy.sqlite")
    with Journal.open(tmp_path / "elsewhere" / "copy.sqlite", readonly=True) as copy:
        assert list(copy.entries()) == [entry(1), entry(2)]
        assert copy.meta("models") == {"": "openai/gpt"}


def test_reading_leaves_no_trace_beside_the_file(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "j") as journal:
        put(journal, [entry(1)])
    before = (tmp_path / "j").read_bytes()
    with Journal.open(tmp_path / "j", readonly=True) as reader:
        assert reader.get(entry(1).key) == entry(1).reply
        assert [path.name for path in tmp_path.iterdir()] == ["j"]
        with pytest.raises(JournalError, match="for reading only"):
            put(reader, [entry(2)])
    assert (tmp_path / "j").read_bytes() == before


def test_a_path_with_what_means_something_in_an_address_is_just_a_path(tmp_path: Path) -> None:
    place = tmp_path / "what? 100%25 #1 ü"
    place.mkdir()
    for readonly in (False, True):
        with Journal.open(place / "j?mode=memory", readonly=readonly) as journal:
            assert journal.tallies() == ()
    assert [path.name for path in place.iterdir()] == ["j?mode=memory"]


def test_a_run_directory_names_its_journal(tmp_path: Path) -> None:
    assert journal_at(tmp_path) == tmp_path / "journal.sqlite"
    assert journal_at(tmp_path / "x.sqlite") == tmp_path / "x.sqlite"


def test_after_sigkill_everything_that_was_acknowledged_is_there(tmp_path: Path) -> None:
    writer = """
        import asyncio, itertools, sys
        from pathlib import Path
        from satsuma.llm.journal import Entry, Journal
        from satsuma.llm.request import Message, Reply, Request

        async def one(journal, number):
            request = Request("m", (Message("user", str(number)),))
            await journal.put(Entry(request.key(), request, Reply(f"answer {number}" * 50)))
            sys.stdout.write(f"{request.key()} {number}\\n")
            sys.stdout.flush()

        async def main():
            journal = Journal.open(Path(sys.argv[1]))
            for start in itertools.count(int(sys.argv[2]), 50):
                await asyncio.gather(*(one(journal, start + i) for i in range(50)))

        asyncio.run(main())
    """
    acknowledged: dict[str, str] = {}
    for round_, seen in enumerate((1, 7, 333)):
        command = script(writer, tmp_path / "j", round_ * 100_000)
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for _ in range(seen):
                key, number = process.stdout.readline().split()
                acknowledged[key] = number
            process.send_signal(signal.SIGKILL)
            for line in process.stdout:
                if line.endswith("\n"):
                    key, number = line.split()
                    acknowledged[key] = number
        with Journal.open(tmp_path / "j") as journal:
            for key, number in acknowledged.items():
                found = journal.get(key)
                assert found is not None, number
                assert found.content == f"answer {number}" * 50


def test_when_the_disk_is_full_every_caller_hears_it_and_what_was_acknowledged_stays(tmp_path: Path) -> None:
    writer = """
        import asyncio, resource, sys
        from pathlib import Path
        from satsuma.errors import JournalError
        from satsuma.llm.journal import Entry, Journal
        from satsuma.llm.request import Message, Reply, Request

        async def one(journal, number):
            request = Request("m", (Message("user", str(number)),))
            try:
                await journal.put(Entry(request.key(), request, Reply("x" * 2000)))
            except JournalError as error:
                assert "the disk" in error.message, error
                return "failed"
            sys.stdout.write(request.key() + "\\n")
            return "saved"

        async def main():
            journal = Journal.open(Path(sys.argv[1]))
            unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, unlimited[1]))
            first = await asyncio.gather(*(one(journal, i) for i in range(3000)))
            assert "failed" in first, "the limit was not met"
            resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
            assert await one(journal, 5000) == "failed", "a journal that failed pretends to save"
            journal.close()

        asyncio.run(main())
    """
    done = subprocess.run(script(writer, tmp_path / "j"), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    saved = done.stdout.split()
    assert saved
    with Journal.open(tmp_path / "j") as journal:
        assert all(journal.get(key) for key in saved)
        put(journal, [entry(1)])
        assert journal.get(entry(1).key)


def test_a_reply_that_cannot_be_stored_leaves_nobody_waiting(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "j") as journal:
        impossible = replace(entry(1), reply=Reply(content=None))  # type: ignore[arg-type]
        with pytest.raises(JournalError, match="cannot store a reply"):
            put(journal, [impossible])


def test_what_another_program_reads_is_plain_text(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "j") as journal:
        put(journal, [entry(1, "ünïcode ✓")])
    row = (
        sqlite3.connect(tmp_path / "j")
        .execute("SELECT step, identity, content, typeof(request) FROM replies")
        .fetchone()
    )
    assert row == ("instance", "openai/gpt", "ünïcode ✓", "text")


def test_what_was_there_when_it_was_opened_is_known(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "j") as journal:
        put(journal, [entry(1), entry(2, error="gone")])
        assert journal.found(entry(1).key) == (entry(1).reply, False)
    with Journal.open(tmp_path / "j") as journal:
        put(journal, [entry(3), entry(2, "at last")])
        found = [journal.found(entry(number).key) for number in (1, 2, 3, 4)]
        assert [one and one[1] for one in found] == [True, True, False, None]
        assert [one and one[0] for one in found] == [journal.get(entry(number).key) for number in (1, 2, 3, 4)]


def test_replies_from_a_recording_are_tallied_without_their_tokens(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "j") as journal:
        put(journal, [entry(1), replace(entry(2), attempts=0), replace(entry(3), attempts=0)])
        (tally,) = journal.tallies()
    assert (tally.requests, tally.recorded) == (3, 2)
    assert tally.usage == entry(1).reply.usage
