"""`satsuma demo` says plainly that it replays a recording, of which model, and how to use a live one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import satsuma
from satsuma.progress import Progress
from tests.conftest import Call


@pytest.fixture
def recorded(call: Call, card: Path, model: list[str], monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a card for which there is a recording; made here, since which ones are bundled is not this room's."""
    from satsuma import api

    assert call("generate", card, "-n", 4, *model, "-o", "recorded", "--quiet").returncode == 0

    def demo(name: str = "copa", *, out: Path | None = None, progress: Progress | None = None) -> satsuma.Run:
        assert name == "tickets"
        return api.generate(card, n=4, model="replay:recorded", out=out or "runs/demo", progress=progress)

    monkeypatch.setattr(api, "demo", demo)
    return "tickets"


def test_it_replays_and_says_so(call: Call, recorded: str) -> None:
    result = call("demo", recorded)
    assert result.returncode == 0, result.stderr
    assert "4 of 4 instances, complete" in result.stdout
    assert "replayed a recording of test/one" in result.stdout
    assert "no model was asked" in result.stdout
    (took,) = (line for line in result.stdout.splitlines() if " candidates · " in line)
    assert re.fullmatch(r"4 candidates · \d+ replies from the recording · \d+\.\d s", took)
    assert " replayed · " in result.stderr
    assert "request" not in result.stderr
    assert "$" not in result.stdout + result.stderr
    assert "satsuma generate tickets -n 4 --model openai/gpt-4.1-mini" in result.stdout


def test_it_goes_where_it_is_told_and_can_be_quiet(call: Call, recorded: str, tmp_path: Path) -> None:
    result = call("demo", recorded, "-o", "elsewhere", "--quiet")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert satsuma.Run(tmp_path / "elsewhere").state.size == 4


def test_run_json_tells_replies_of_a_recording_from_requests(call: Call, recorded: str, tmp_path: Path) -> None:
    assert call("demo", recorded, "-o", "run", "--quiet").returncode == 0
    totals = satsuma.Run(tmp_path / "run").state.totals
    original = satsuma.Run(tmp_path / "recorded").state.totals
    assert 0 < totals.recorded <= original.requests
    assert (totals.requests, totals.replayed, totals.input_tokens, totals.usd) == (0, 0, 0, 0)
