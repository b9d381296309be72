"""`satsuma freeze` on the command line: what it makes of a run that nobody audited, and when the result was changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from satsuma.testing import Server
from tests.auditing.runs import messages, written
from tests.conftest import Call


@pytest.fixture
def bench(call: Call, tmp_path: Path) -> Path:
    """Ten of twenty messages that nobody judged."""
    written(tmp_path / "run", messages(20))
    done = call("freeze", "run", "-o", "bench", "-n", 10, "--unaudited")
    assert done.returncode == 0, done.stderr
    assert "NOT AUDITED" in done.stdout + done.stderr
    return tmp_path / "bench"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("run",), "a run and a directory are needed"),
        (("run", "-o", "other"), "was not audited"),
        (("run", "-o", "other", "-n", 500, "--unaudited"), "run has 20 instances, not 500"),
        (("run", "-o", "other", "-n", 0, "--unaudited"), "n is 0"),
        (("run", "-o", "bench", "-n", 9, "--unaudited"), "another frozen benchmark"),
        (("nowhere", "-o", "other"), "nowhere"),
        (("--check", "run"), "no frozen benchmark"),
        (("--check", "bench", "-o", "other"), "--check takes no run"),
        (("--check", "bench", "--hash", "abc"), "another benchmark"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_made(
    call: Call, bench: Path, arguments: tuple[object, ...], told: str
) -> None:
    done = call("freeze", *arguments)
    assert done.returncode == 2
    assert told in done.stderr
    assert not (bench.parent / "other").exists()


def test_a_benchmark_is_put_only_where_a_directory_can_be_replaced(
    call: Call, bench: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    freeze = ("freeze", tmp_path / "run", "-n", 10, "--unaudited", "-o")
    for place, told in (
        (".", ". is the current directory, which no new one can take the place of"),
        ("..", ".. is there already, and is no frozen benchmark"),
        ("/", "/ is there already, and is no frozen benchmark"),
        ("gone/..", "gone/.. names no new file or directory"),
    ):
        monkeypatch.chdir(here)
        done = call(*freeze, place)
        assert (done.returncode, done.stderr.splitlines()[0]) == (2, f"error: {told}")
    assert list(here.iterdir()) == []
    monkeypatch.chdir(bench)
    again = call(*freeze, ".")
    assert again.returncode == 0, again.stderr
    assert ". is this benchmark already" in again.stderr


def test_a_score_names_the_benchmark_and_tells_when_it_was_changed(call: Call, server: Server, bench: Path) -> None:
    given = ("score", bench, "--model", "test/m", "--base-url", server.url, "-q", "--format", "json")
    checked = call("freeze", "--check", bench).stdout
    score = json.loads(call(*given).stdout)
    assert score["benchmark"] in checked
    about = bench / "FROZEN"
    about.chmod(0o644)
    about.write_text(about.read_text() + "\n")
    broken = call("freeze", "--check", bench)
    assert broken.returncode == 2
    assert "FROZEN was changed" in broken.stderr
    after = json.loads(call(*given).stdout)
    assert after["benchmark"] == ""
    assert any("is not as it was frozen: FROZEN was changed" in note for note in after["notes"])


def test_a_run_that_is_not_complete_says_so(call: Call, server: Server, card: Path) -> None:
    given = ("--model", "test/m", "--base-url", server.url, "-q")
    call("generate", card, "-n", 60, *given, "-o", "part", "--max-requests", 60, "--concurrency", 1)
    done = call("freeze", "part", "-o", "bench", "--unaudited")
    assert done.returncode == 0, done.stderr
    assert "part is not complete: the benchmark is made of the " in done.stderr
