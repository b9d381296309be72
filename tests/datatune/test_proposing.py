"""`satsuma.shortlist` and `satsuma search --model`: what a transformation would use, asked once for both."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import satsuma
import satsuma.testing
from satsuma.cli.main import main
from satsuma.datatune.options import TransformOptions
from satsuma.datatune.proposing import propose
from satsuma.door import Interrupts
from satsuma.errors import BudgetSpent, Interrupted
from satsuma.llm.request import Json
from satsuma.progress import Silent
from satsuma.settings import Settings
from satsuma.task.loader import load_card
from satsuma.testing import Latency, Server
from satsuma.testing.question import Question
from tests.tiny_checkpoint import write_checkpoint

pytest.importorskip("bm25s", reason="an extra: pip install 'satsuma[retrieval]'")

CARD: dict[str, Json] = {
    "name": "mood",
    "task": "Tell the mood of a message.",
    "inputs": {"message": "a message of a customer"},
    "output": {"labels": {"glad": "the customer is content", "cross": "the customer is not"}},
}
CATALOG: list[dict[str, object]] = [
    {"name": "stars", "description": "Reviews of customers, with the stars they gave.", "license": "mit", "rows": 900},
    {"name": "ships", "description": "Arrivals and departures of ships in a northern port."},
]


def answers(question: Question) -> Mapping[str, Json]:
    if question.step == "retrieval":
        return {"description": "Reviews with stars.", "tags": ["reviews"], "columns": ["text"]}
    assert question.step == "rerank"
    chosen: list[Json] = [
        {"name": "stars", "reason": "the stars tell the mood"},
        {"name": "absent", "reason": "made up"},
    ]
    return {"thoughts": "so", "datasets": chosen}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SATSUMA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    (tmp_path / "c.jsonl").write_text("".join(json.dumps(one) + "\n" for one in CATALOG))
    write_checkpoint(tmp_path / "tiny")
    (tmp_path / "mood.yaml").write_text(json.dumps(CARD))
    with satsuma.testing.serve(script=answers) as server:
        yield server


def shortlist(server: Server, max_requests: int | None = None) -> satsuma.Found:
    return satsuma.shortlist(
        CARD, model="openai/t", base_url=server.url, catalog="c.jsonl", embedder="tiny", out="run",
        max_requests=max_requests,
    )  # fmt: skip


def test_the_votes_choose_and_say_why_and_are_asked_once(server: Server) -> None:
    found = shortlist(server)
    assert [(one.entry.name, one.votes, one.reason) for one in found.chosen] == [
        ("stars", 5, "the stars tell the mood")
    ]
    assert sorted(found.candidates) == ["ships", "stars"]
    assert server.counters.requests == 6
    assert shortlist(server) == found
    assert server.counters.requests == 6


def test_a_transformation_in_the_same_directory_does_not_ask_again(server: Server) -> None:
    shortlist(server)
    before = server.counters.requests
    with pytest.raises(satsuma.SatsumaError):
        satsuma.transform(
            CARD, n=1, model="openai/t", base_url=server.url, catalog="c.jsonl", embedder="tiny", out="run"
        )
    assert server.counters.by_step["retrieval"] == 1
    assert server.counters.by_step["rerank"] == before - 1 == 5


def test_the_budget_holds_and_the_same_call_goes_on(server: Server) -> None:
    with pytest.raises(BudgetSpent):
        shortlist(server, max_requests=3)
    assert server.counters.requests == 3
    assert [one.entry.name for one in shortlist(server).chosen] == ["stars"]
    assert server.counters.requests == 6


def test_interrupted_once_it_keeps_what_was_on_the_wire(server: Server) -> None:
    async def interrupted(slow: Server) -> None:
        interrupts, loop = Interrupts(), asyncio.get_running_loop()
        settings = Settings(n=1, model="openai/t", base_url=slow.url, concurrency=2)
        options = TransformOptions(catalog="c.jsonl", embedder="tiny")
        work = asyncio.ensure_future(propose(load_card(CARD), settings, options, Path("run"), Silent(), interrupts))
        await loop.run_in_executor(None, slow.wait_for, 3)
        interrupts.interrupt()
        with pytest.raises(Interrupted):
            await work

    with satsuma.testing.serve(script=answers, latency=Latency(400, 400)) as slow:
        asyncio.run(interrupted(slow))
        assert slow.counters.answered == slow.counters.requests == 3
    assert shortlist(server).chosen
    assert server.counters.requests == 3


def search(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as left:
        patch.setattr(sys, "argv", ["satsuma", "search", *arguments])
        main()
    return subprocess.CompletedProcess(sys.argv, left.value.code)  # type: ignore[arg-type]


def test_the_command_prints_what_would_be_used_and_why(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    told = ["mood.yaml", "-c", "c.jsonl", "--embedder", "tiny", "--model", "openai/t", "--base-url", server.url]
    assert search(*told, "--quiet", "--format", "json").returncode == 0
    (one,) = json.loads(capsys.readouterr().out)
    assert one == {
        "name": "stars", "votes": 5, "reason": "the stars tell the mood", "description": CATALOG[0]["description"]
    }  # fmt: skip
    assert search(*told).returncode == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["dataset", "votes", "licence", "rows"]
    assert lines[1].split() == ["1", "stars", "5", "mit", "900"]
    assert "stars: the stars tell the mood" in lines
    assert "found and not used: ships" in lines
    assert Path("runs/mood-transformed/journal.sqlite").exists()
