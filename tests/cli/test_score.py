"""`satsuma score` on the command line: what it prints, where it stops, and what it says of sets that are no good."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import satsuma.testing
from satsuma.testing import Latency, Server
from tests.conftest import Call

ROWS = [{"message": f"Message {i}.", "label": ("billing", "bug")[i % 2]} for i in range(20)]


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    path = tmp_path / "gold.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return path


def options(server: Server, *more: object) -> tuple[object, ...]:
    return ("--model", "test/m", "--base-url", server.url, *more)


def test_json_is_all_of_stdout_and_progress_is_elsewhere(call: Call, server: Server, card: Path, gold: Path) -> None:
    done = call("score", gold, "--card", card, *options(server), "--format", "json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["instances"], told["complete"], told["card"]) == (20, True, "tickets")
    assert set(told["labels"]) == {"billing", "bug"}
    assert "20/20" in done.stderr


def test_a_budget_ends_it_with_code_3_and_the_same_command_goes_on(
    call: Call, server: Server, card: Path, gold: Path
) -> None:
    given = ("score", gold, "--card", card, *options(server, "--concurrency", 1))
    ended = call(*given, "--max-requests", 5)
    assert ended.returncode == 3
    assert "larger --max-requests" in ended.stderr
    (place,) = Path("scores").iterdir()
    assert json.loads((place / "score.json").read_bytes())["instances"] == 5
    before = server.counters.requests
    assert call(*given).returncode == 0
    assert server.counters.requests == before + 15
    assert json.loads((place / "score.json").read_bytes())["complete"] is True


def test_too_small_a_budget_and_no_price_are_told(call: Call, server: Server, card: Path, gold: Path) -> None:
    given = ("score", gold, "--card", card, *options(server), "--budget", "0.0001")
    unpriced = call(*given)
    assert unpriced.returncode == 2
    assert "--price IN,OUT" in unpriced.stderr
    small = call(*given, "--price", "10,10")
    assert small.returncode == 3
    assert "larger --budget" in small.stderr
    assert not Path("scores").exists() or not list(Path("scores").iterdir())


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([], "is empty"),
        ([{"a": "b"}], "has no message"),
        ([{"message": "One."}], "has no row to measure on"),
        ([{"message": "One.", "label": "other"}], "has no label of the card tickets, only others: other"),
    ],
)
def test_a_set_that_is_no_good_is_an_error_of_two_lines(
    call: Call, server: Server, card: Path, tmp_path: Path, rows: list[dict[str, str]], told: str
) -> None:
    (tmp_path / "odd.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = call("score", "odd.jsonl", "--card", card, *options(server))
    assert done.returncode == 2
    assert told in done.stderr
    assert len(done.stderr.splitlines()) <= 2
    assert not Path("scores").exists()


def test_a_run_that_is_not_complete_says_so_and_another_card_has_to_fit(call: Call, server: Server, card: Path) -> None:
    call("generate", card, "-n", 20, *options(server), "-o", "run", "--max-requests", 30, "--concurrency", 1, "-q")
    done = call("score", "run", *options(server), "-q", "--format", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["notes"][0].startswith("run is not complete: ")
    wrong = call("score", "run", "--card", "wsc", *options(server))
    assert wrong.returncode == 2
    assert "run is of the card tickets, and does not fit the card wsc" in wrong.stderr


def test_killed_in_the_middle_it_asks_nothing_again_that_was_journaled(card: Path, gold: Path, tmp_path: Path) -> None:
    with satsuma.testing.serve(latency=Latency(median_ms=20, p99_ms=30)) as server:
        command = [sys.executable, "-m", "satsuma", "score", gold, "--card", card, "-o", tmp_path / "s"]
        command += [*options(server, "--concurrency", 1, "-q")]
        with subprocess.Popen([str(word) for word in command], cwd=tmp_path) as asking:
            server.wait_for(8)
            asking.kill()
        assert subprocess.run([str(word) for word in command], cwd=tmp_path, check=False).returncode == 0
        assert server.counters.repeated <= 1, "what was in flight"
    assert json.loads((tmp_path / "s" / "score.json").read_bytes())["instances"] == 20
