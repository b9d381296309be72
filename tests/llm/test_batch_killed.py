"""A run by batches that is killed at any point goes on to the same bytes, and nothing is submitted twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import satsuma
from satsuma.errors import Interrupted
from satsuma.llm import batch_book
from satsuma.llm.batch_book import Pace
from satsuma.llm.journal import Journal
from satsuma.testing.batches import BatchServer, Switches, serve_batches

KEY = "sk-planted-0123456789abcdef"
N = 6
SOURCES = Path(satsuma.__file__).resolve().parent.parent
DRIVER = """
import os, signal, sys
import satsuma
from satsuma.errors import SatsumaError
from satsuma.llm import batch_book, journal
model, url, out, puts = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
batch_book.PACE = batch_book.Pace(0.01, 1.0, 0.01, 0.3, 5.0)
if puts:
    put, left = journal.Journal.put, iter(range(puts))
    async def dying(self, entry):
        await put(self, entry)
        if next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
    journal.Journal.put = dying
try:
    satsuma.generate("copa", n=6, model=model, base_url=url, out=out)
except SatsumaError as error:
    print(error, file=sys.stderr)
    sys.exit(error.exit_code)
"""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_book, "PACE", Pace(0.005, 1.0, 0.005, 0.3, 5.0))
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)


def url(server: BatchServer, model: str) -> str:
    return server.origin if "anthropic" in model else server.url


def go_on(server: BatchServer, model: str, out: Path) -> tuple[bytes, bytes]:
    """Generate in this process; the bytes of dataset and rejects."""
    satsuma.generate("copa", n=N, model=model, base_url=url(server, model), out=out)
    return (out / "data" / "train.parquet").read_bytes(), (out / "rejects.parquet").read_bytes()


def start(server: BatchServer, model: str, out: Path, puts: int = 0) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", DRIVER, model, url(server, model), str(out), str(puts)],
        env={**os.environ, "PYTHONPATH": str(SOURCES)}, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[bytes, bytes]]]:
    """Model → the bytes of a run that nothing happened to."""
    with pytest.MonkeyPatch.context() as patch, serve_batches() as server:
        patch.setattr(batch_book, "PACE", Pace(0.005, 1.0, 0.005, 0.3, 5.0))
        patch.setenv("OPENAI_API_KEY", KEY)
        patch.setenv("ANTHROPIC_API_KEY", KEY)
        models = ("batch:openai/m", "batch:anthropic/m")
        yield {m: go_on(server, m, tmp_path_factory.mktemp("whole") / "run") for m in models}


@pytest.mark.parametrize(
    ("model", "silent", "operation"),
    [
        ("batch:openai/m", "upload", "upload"),
        ("batch:openai/m", "create", "create"),
        ("batch:openai/m", "created", "created"),
        ("batch:openai/m", "results", "results"),
        ("batch:anthropic/m", "create", "create"),
        ("batch:anthropic/m", "created", "created"),
    ],
)
def test_a_kill_around_the_submission_submits_nothing_twice(
    tmp_path: Path, expected: dict[str, tuple[bytes, bytes]], model: str, silent: str, operation: str
) -> None:
    with serve_batches(switches=Switches(silent=frozenset({silent}))) as server:
        killed = start(server, model, tmp_path / "run")
        server.wait_for(operation)
        killed.kill()
        killed.communicate()
        server.switches.silent = frozenset()
        assert go_on(server, model, tmp_path / "run") == expected[model]
        assert set(server.submitted.values()) == {1}
        assert len(server.jobs) == 4


@pytest.mark.parametrize("model", ["batch:openai/m", "batch:anthropic/m"])
def test_a_kill_while_waiting_picks_the_batch_up_again(
    tmp_path: Path, expected: dict[str, tuple[bytes, bytes]], model: str
) -> None:
    with serve_batches(switches=Switches(held=True)) as server:
        killed = start(server, model, tmp_path / "run")
        server.wait_for("look", 3)
        killed.kill()
        killed.communicate()
        server.release()
        assert go_on(server, model, tmp_path / "run") == expected[model]
        assert set(server.submitted.values()) == {1}


@pytest.mark.parametrize("puts", [1, 3])
def test_a_kill_while_answers_are_journaled_reads_them_again_and_pays_nothing_again(
    tmp_path: Path, expected: dict[str, tuple[bytes, bytes]], puts: int
) -> None:
    with serve_batches() as server:
        killed = start(server, "batch:openai/m", tmp_path / "run", puts)
        killed.communicate()
        assert killed.returncode == -signal.SIGKILL
        assert go_on(server, "batch:openai/m", tmp_path / "run") == expected["batch:openai/m"]
        assert set(server.submitted.values()) == {1}


def test_a_batch_that_appears_late_in_the_list_is_found_all_the_same(
    tmp_path: Path, expected: dict[str, tuple[bytes, bytes]]
) -> None:
    with serve_batches(switches=Switches(silent=frozenset({"created"}), unlisted=3)) as server:
        killed = start(server, "batch:openai/m", tmp_path / "run")
        server.wait_for("created")
        killed.kill()
        killed.communicate()
        server.switches.silent = frozenset()
        assert go_on(server, "batch:openai/m", tmp_path / "run") == expected["batch:openai/m"]
        assert set(server.submitted.values()) == {1}
        assert server.seen["list"] > 3


def test_ctrl_c_while_waiting_says_which_batch_is_under_way_and_the_same_command_goes_on(
    tmp_path: Path, expected: dict[str, tuple[bytes, bytes]]
) -> None:
    with serve_batches(switches=Switches(held=True)) as server:
        stopped = start(server, "batch:openai/m", tmp_path / "run")
        server.wait_for("look", 2)
        stopped.send_signal(signal.SIGINT)
        _, said = stopped.communicate(timeout=20)
        assert stopped.returncode == Interrupted.exit_code
        assert "1 batch of openai/m is under way: batch_1 (1 request)" in said
        assert "the same command goes on" in said
        server.release()
        assert go_on(server, "batch:openai/m", tmp_path / "run") == expected["batch:openai/m"]
        assert set(server.submitted.values()) == {1}


def test_no_key_is_in_any_file_of_the_run(tmp_path: Path) -> None:
    fates = iter(["401 Incorrect API key provided: " + KEY])
    switches = Switches(key=KEY, fate=lambda _key, _times: next(fates, "answered"))
    with serve_batches(switches=switches) as server:
        with pytest.raises(satsuma.SatsumaError) as refused:
            go_on(server, "batch:openai/m", tmp_path / "run")
        go_on(server, "batch:openai/m", tmp_path / "run")
    assert KEY not in str(refused.value)
    files = [path for path in (tmp_path / "run").rglob("*") if path.is_file()]
    assert len(files) > 3
    assert not [path for path in files if KEY.encode() in path.read_bytes()]
    with Journal.open(tmp_path / "run" / "journal.sqlite", readonly=True) as journal:
        assert len(journal.batches()) == 5
