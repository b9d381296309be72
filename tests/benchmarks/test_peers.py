"""What the peers are given and what is read from them, without a peer."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from benchmarks.peers import adapter, harness, prompts
from benchmarks.peers.answer import model_of
from satsuma.llm.journal import Entry, Journal
from satsuma.llm.request import Message, Reply, Request
from satsuma.testing import serve

SCHEMA: dict[str, object] = {
    "type": "object",
    "properties": {
        "premise": {"type": "string"},
        "label": {"type": "string", "enum": ["cause", "effect"]},
        "options": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["premise", "label", "options"],
}
ROOT = Path(harness.__file__).parents[2]


def prompt(text: str) -> adapter.Prompt:
    return adapter.Prompt([{"role": "system", "content": "Be brief."}, {"role": "user", "content": text}], SCHEMA)


def test_the_model_of_a_schema_takes_what_the_schema_takes() -> None:
    model = model_of(SCHEMA)
    good = {"premise": "It rained.", "label": "cause", "options": ["a", "b"]}
    assert model.model_validate(good).model_dump() == good
    for bad in ({**good, "label": "neither"}, {**good, "options": "a"}, {"label": "cause"}):
        with pytest.raises(ValidationError):
            model.model_validate(bad)


def test_children_are_spread_evenly_over_their_parents(tmp_path: Path) -> None:
    steps = {"contexts": [prompt("c")] * 2, "seeds": [prompt("s")] * 6}
    job = adapter.Job("", "", 1, tmp_path, steps)
    assert [job.parent("seeds", index) for index in range(6)] == [0, 0, 0, 1, 1, 1]


def test_a_smaller_job_takes_the_same_share_of_every_step(tmp_path: Path) -> None:
    file = tmp_path / "prompts.jsonl"
    counts = {"contexts": 2, "seeds": 10, "instance": 100, "correction": 100}
    lines = [
        {"step": s, "messages": prompt(f"{s} {i}").messages, "schema": SCHEMA}
        for s, n in counts.items()
        for i in range(n)
    ]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    found = adapter.read_prompts(file, adapter.STEPS, 30)
    assert {step: len(some) for step, some in found.items()} == {
        "contexts": 1,
        "seeds": 3,
        "instance": 30,
        "correction": 30,
    }
    with pytest.raises(SystemExit, match="100 instances"):
        adapter.read_prompts(file, adapter.STEPS, 101)


def test_the_prompts_of_a_run_come_in_the_order_of_their_paths(tmp_path: Path) -> None:
    async def journaled() -> None:
        journal = Journal.open(tmp_path / "journal.sqlite")
        for path in ("context 10 / seed 1", "context 2 / seed 1", "context 2 / seed 0"):
            request = Request("m", (Message("user", path),), {"type": "object"}, step="instance", path=path)
            await journal.put(Entry(request.key(), request, Reply("{}")))
        journal.close()

    asyncio.run(journaled())
    lines = [json.loads(line) for line in prompts.written(tmp_path).splitlines()]
    assert [line["messages"][0]["content"] for line in lines] == [
        "context 2 / seed 0",
        "context 2 / seed 1",
        "context 10 / seed 1",
    ]
    assert {line["step"] for line in lines} == {"instance"}


def test_a_report_is_found_behind_what_a_peer_prints(tmp_path: Path) -> None:
    job = adapter.Job("", "", 1, tmp_path, {"instance": [prompt("a"), prompt("b")]})
    code = "import sys, pathlib; from benchmarks.peers import adapter; print('noise'); print('{\"other\": 1}'); " + (
        "job = adapter.Job('', '', 1, pathlib.Path(), {'instance': [1, 2]}); "
        "adapter.report('pytest', 'none', job, adapter.Done(2), 0.5)"
    )
    printed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    report = harness.report_of(printed)
    assert report is not None
    assert (report.package, report.rows, report.requests, report.requests_per_second) == (
        "pytest",
        2,
        len(job.instances),
        4.0,
    )
    assert harness.report_of("nothing") is None


def test_a_peer_that_fails_is_a_row_of_the_table_that_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = harness.Plan("curator", "instance", 10, 64, tmp_path / "none", 30)
    monkeypatch.setattr(harness.Plan, "command", lambda *_: [sys.executable, "-c", "raise SystemExit('no luck')"])
    with serve() as server:
        result = harness.finish(plan, server, tmp_path)
    assert result.failure == "exit code 1: no luck"
    assert "no luck" in harness.table([result])


def test_a_peer_that_does_not_come_back_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = harness.Plan("curator", "instance", 10, 64, tmp_path / "none", 0.5)
    monkeypatch.setattr(harness.Plan, "command", lambda *_: [sys.executable, "-c", "import signal; signal.pause()"])
    with serve() as server:
        assert harness.finish(plan, server, tmp_path).failure == "ended by its time limit of 0.5 s"
