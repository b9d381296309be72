"""`satsuma batches`: what a run has at a provider, and cancelling it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

import satsuma
from satsuma.errors import Stopped
from satsuma.llm import batch_book
from satsuma.llm.batch_api import Remote
from satsuma.llm.batch_book import Pace
from satsuma.llm.batch_notes import Origin, draft, received, sending
from satsuma.llm.journal import Journal
from satsuma.testing.batches import BatchServer, Switches, serve_batches
from tests.conftest import Call

KEY = "sk-planted-0123456789abcdef"


@pytest.fixture
def held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[BatchServer]:
    """A server with a batch that a run in `run` waits for: its process was killed."""
    monkeypatch.setattr(batch_book, "PACE", Pace(0.005, 1.0, 0.005, 0.05, 0.05))
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with serve_batches(switches=Switches(held=True, refusals={"look": [(500, "?")] * 1000})) as server:
        with pytest.raises(Stopped):
            generate(server, tmp_path / "run")
        server.switches.refusals.clear()
        yield server


def generate(server: BatchServer, out: Path) -> satsuma.Run:
    return satsuma.generate("copa", n=4, model="batch:openai/m", base_url=server.url, out=out)


def test_batches_are_listed_as_the_provider_sees_them_now(call: Call, held: BatchServer) -> None:
    listed = call("batches", "run")
    assert listed.returncode == 0
    assert listed.stdout.splitlines()[0].split() == [
        "batch",
        "model",
        "state",
        "submitted",
        "(UTC)",
        "answered",
        "requests",
    ]
    assert "batch_1  openai/m  in_progress" in listed.stdout
    held.jobs[0].state = "finalizing"
    assert "batch_1  openai/m  finalizing" in call("batches", "run", "batch_1").stdout


def test_a_provider_that_does_not_answer_is_no_reason_to_list_nothing(call: Call, held: BatchServer) -> None:
    held.switches.refusals["look"] = [(401, f"no such key {KEY}")]
    listed = call("batches", "run")
    assert listed.returncode == 0
    assert "batch_1  openai/m  in_progress" in listed.stdout
    assert "as noted by the run" in listed.stderr
    assert KEY not in listed.stderr


def test_a_listing_without_a_key_says_so(call: Call, held: BatchServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    assert held.jobs
    listed = call("batches", "run")
    assert "batch_1" in listed.stdout
    assert "OPENAI_API_KEY is not set" in listed.stderr


def test_cancelling_and_going_on_uses_what_was_answered_and_submits_the_rest(
    call: Call, held: BatchServer, tmp_path: Path
) -> None:
    cancelled = call("batches", "run", "--cancel")
    assert (cancelled.returncode, cancelled.stdout.splitlines()[0]) == (0, "batch_1 is cancelling.")
    held.release()
    run = generate(held, tmp_path / "run")
    assert run.table().num_rows == 4
    listed = call("batches", "run")
    assert "batch_1  openai/m  cancelled" in listed.stdout
    refused = call("batches", "run", "batch_1", "--cancel")
    assert (refused.returncode, refused.stderr) == (2, "error: batch batch_1 is not under way: it is cancelled\n")
    assert call("batches", "run", "--cancel").stdout == "No batch of this run is under way.\n"


def test_one_batch_is_cancelled_by_its_id(call: Call, held: BatchServer) -> None:
    assert call("batches", "run", "--cancel", "batch_1").returncode == 0
    assert held.jobs[0].cancelled
    unknown = call("batches", "run", "--cancel", "batch_9")
    assert unknown.returncode == 2
    assert "the run has no batch batch_9" in unknown.stderr


def test_a_batch_that_is_gone_can_be_given_up(call: Call, held: BatchServer, tmp_path: Path) -> None:
    held.release()
    held.switches.refusals["look"] = [(404, "No batch found")]
    with pytest.raises(satsuma.SatsumaError, match="--forget"):
        generate(held, tmp_path / "run")
    assert call("batches", "run", "batch_1", "--forget").returncode == 0
    assert "batch_1  openai/m  forgotten" in call("batches", "run").stdout
    generate(held, tmp_path / "run")
    assert held.submitted.most_common(1)[0][1] == 2


def test_a_batch_of_which_nobody_knows_cannot_be_cancelled_yet(call: Call, held: BatchServer, tmp_path: Path) -> None:
    note = sending(draft("satsuma-1", Origin("openai/m", held.url), {"k1-1": (1, 1)}, {}))

    async def noting() -> None:
        with Journal.open(tmp_path / "run" / "journal.sqlite") as journal:
            await journal.note_batch(note)

    asyncio.run(noting())
    assert received(note, Remote("batch_7", "validating")).remote == "batch_7"
    assert "satsuma-1  openai/m  submitting" in call("batches", "run").stdout
    refused = call("batches", "run", "--cancel", "satsuma-1")
    assert refused.returncode == 2
    assert "nobody knows yet whether batch satsuma-1 was received" in refused.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--cancel", "--forget"), "are both given"),
        (("--forget",), "--forget needs the ID"),
        (("no-such",), "has no batch"),
    ],
)
def test_what_cannot_be_done_is_said(call: Call, held: BatchServer, options: tuple[str, ...], words: str) -> None:
    assert held.jobs
    refused = call("batches", "run", *options)
    assert refused.returncode == 2
    assert words in refused.stderr


def test_a_run_without_batches_says_so(call: Call, tmp_path: Path) -> None:
    with serve_batches() as server:
        satsuma.generate("copa", n=1, model="test/m", base_url=server.url, out=tmp_path / "run")
    assert call("batches", "run").stdout == "This run has no batches.\n"
