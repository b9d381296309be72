"""`satsuma journal`: smaller, several as one, and as lines that other programs read."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from satsuma.llm.exchange_replies import read_answer
from satsuma.llm.journal import Entry, Journal
from satsuma.llm.request import Message, Reply, Request, Usage
from satsuma.run.lock import locked
from tests.conftest import Call

KEY = "sk-planted-0123456789abcdef"


@pytest.fixture
def run(call: Call, card: Path, model: list[str], tmp_path: Path) -> Path:
    """A run of 20 instances."""
    done = call("generate", card, "-n", 20, *model, "-o", "run", "--quiet")
    assert done.returncode == 0, done.stderr
    return tmp_path / "run"


def entries_of(path: Path) -> list[Entry]:
    with Journal.open(path, readonly=True) as journal:
        return list(journal.entries())


def test_compacting_tells_the_sizes_and_the_run_replays_and_grows_as_before(
    call: Call, run: Path, card: Path, model: list[str], tmp_path: Path
) -> None:
    before = entries_of(run / "journal.sqlite")
    done = call("journal", "compact", "run")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"of {len(before):,} replies." in done.stdout
    assert entries_of(run / "journal.sqlite") == before
    assert call("generate", card, "-n", 20, "--model", "replay:run", "-o", "again", "--quiet").returncode == 0
    assert (tmp_path / "again/data/train.parquet").read_bytes() == (run / "data/train.parquet").read_bytes()
    assert call("generate", card, "-n", 30, *model, "-o", "run", "--quiet").returncode == 0
    assert entries_of(run / "journal.sqlite")[: len(before)] == before


def test_a_run_that_is_at_work_is_left_alone(call: Call, run: Path) -> None:
    before = entries_of(run / "journal.sqlite")
    with locked(run):
        refused = call("journal", "compact", "run")
        elsewhere = call("journal", "compact", "run", "-o", "small.sqlite")
    assert refused.returncode == 2
    assert "is in use by process" in refused.stderr
    assert elsewhere.returncode == 0, elsewhere.stderr
    assert entries_of(run.parent / "small.sqlite") == before


def test_the_journals_of_parts_become_one_that_replays_each(
    call: Call, card: Path, model: list[str], tmp_path: Path
) -> None:
    parts = ["1/3", "2/3", "3/3"]
    for part in parts:
        out = f"part-{part[0]}"
        assert call("generate", card, "-n", 30, "--part", part, *model, "-o", out, "--quiet").returncode == 0
    merged = call("journal", "merge", "part-1", "part-2", "part-3", "-o", "all.sqlite")
    assert merged.returncode == 0, merged.stderr
    assert " 0 of them with different answers" in merged.stdout
    for part in parts:
        options = ["-n", 30, "--part", part, "--model", "replay:all.sqlite", "-o", f"again-{part[0]}", "--quiet"]
        assert call("generate", card, *options).returncode == 0
        again, first = (tmp_path / f"{name}-{part[0]}/data/train.parquet" for name in ("again", "part"))
        assert again.read_bytes() == first.read_bytes()


def test_merging_into_what_is_there_or_one_alone_is_refused(call: Call, run: Path) -> None:
    shutil.copytree(run, run.with_name("copy"))
    there = call("journal", "merge", "run", "copy", "-o", "run")
    assert (there.returncode, "is there already" in there.stderr) == (2, True)
    twice = call("journal", "merge", "run", "run/journal.sqlite", "-o", "new.sqlite")
    assert (twice.returncode, "named twice" in twice.stderr) == (2, True)
    alone = call("journal", "merge", "run", "-o", "new.sqlite")
    assert (alone.returncode, "nothing to merge" in alone.stderr) == (2, True)
    assert run.exists()


def test_exported_replies_answer_the_same_run_through_the_file_exchange(
    call: Call, run: Path, card: Path, tmp_path: Path
) -> None:
    entries = entries_of(run / "journal.sqlite")
    (tmp_path / "answers").mkdir()
    assert call("journal", "export", "run", "--form", "replies", "-o", "answers/replies.jsonl").returncode == 0
    lines = (tmp_path / "answers" / "replies.jsonl").read_bytes().splitlines()
    assert [read_answer(line) for line in lines] == [(e.key, e.reply) for e in entries]
    again = call("generate", card, "-n", 20, "--model", "file:answers", "--as", "test/one", "-o", "again", "--quiet")
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "again/data/train.parquet").read_bytes() == (run / "data/train.parquet").read_bytes()


def test_exported_requests_are_a_batchs_input_and_a_step_can_be_chosen(call: Call, run: Path) -> None:
    entries = entries_of(run / "journal.sqlite")
    done = call("journal", "export", "run", "--form", "requests", "--step", "instance")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    wanted = [e for e in entries if e.request.step == "instance"]
    assert [line["custom_id"] for line in lines] == [e.key for e in wanted]
    assert lines[0]["body"]["messages"][-1]["content"] == wanted[0].request.messages[-1].content
    everything = [json.loads(line) for line in call("journal", "export", "run").stdout.splitlines()]
    assert [line["reply"]["content"] for line in everything] == [e.reply.content for e in entries]
    wrong = call("journal", "export", "run", "--form", "csv")
    assert (wrong.returncode, "journal, requests, replies" in wrong.stderr) == (2, True)
    none = call("journal", "export", "run", "--step", "instnace", "-o", "none.jsonl")
    assert (none.returncode, "steps in it are: " in none.stderr, "instance" in none.stderr) == (2, True, True)
    assert not (run.parent / "none.jsonl").exists()


@pytest.mark.parametrize("form", ["journal", "requests", "replies"])
def test_keys_that_stand_in_texts_are_taken_out_of_every_form(call: Call, tmp_path: Path, form: str) -> None:
    async def put(journal: Journal) -> None:
        for number, error in enumerate(["", f"refused {KEY}"]):
            asked = Request("m/x", (Message("user", f"{number}: use {KEY}, \ud800"),), step="instance")
            await journal.put(Entry(asked.key(), asked, Reply(f"it is {KEY}", usage=Usage(1, 2), error=error)))

    with Journal.open(tmp_path / "journal.sqlite") as journal:
        asyncio.run(put(journal))
    done = call("journal", "export", "journal.sqlite", "--form", form)
    assert len([json.loads(line) for line in done.stdout.splitlines()]) == 2
    assert KEY not in done.stdout
    assert "[redacted]" in done.stdout


def test_a_file_that_cannot_be_written_is_told_and_what_was_there_stays(call: Call, run: Path, tmp_path: Path) -> None:
    refused = call("journal", "export", run, "-o", "none/lines.jsonl")
    assert (refused.returncode, "could not be written" in refused.stderr) == (2, True)
    shutil.copy(run / "journal.sqlite", tmp_path / "broken.sqlite")
    (tmp_path / "lines.jsonl").write_text("kept\n")
    (tmp_path / "broken.sqlite").write_bytes(b"SQLite format 3\x00")
    assert call("journal", "export", "broken.sqlite", "-o", "lines.jsonl").returncode == 2
    assert (tmp_path / "lines.jsonl").read_text() == "kept\n"
