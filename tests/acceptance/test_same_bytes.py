"""The same card, seed and journal give the same bytes: twice, at any concurrency, elsewhere, replayed, within more."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

import satsuma
import satsuma.testing
from satsuma.testing import Faults, Latency, Server

if TYPE_CHECKING:
    from tests.acceptance.conftest import Shell

UNEVEN = Latency(median_ms=4, p99_ms=60)
SAID = Faults(malformed=0.08, truncated=0.03, wrong_label=0.04)
WHOLE = Faults(malformed=0.08, wrong_label=0.04)


def test_the_same_command_twice_changes_not_one_file_and_asks_nothing(shell: Shell, server: Server) -> None:
    first = shell.generate(server, "-n", 12)
    assert first.returncode == 0, first.stderr
    before, asked = shell.tree(), server.counters.requests
    again = shell.generate(server, "-n", 12)
    assert again.returncode == 0
    assert "there is nothing to do" in again.stderr
    assert shell.tree() == before
    assert server.counters.requests == asked


def test_concurrency_changes_no_byte(shell: Shell) -> None:
    made = []
    for concurrency in (1, 8, 64):
        with satsuma.testing.serve(seed=3, latency=UNEVEN, faults=SAID, noise=0.2) as server:
            result = shell.generate(server, "-n", 40, "--concurrency", concurrency, out=f"run-{concurrency}")
            assert result.returncode == 0, result.stderr
            assert server.counters.max_in_flight <= concurrency
        made.append(shell.data(f"run-{concurrency}"))
    assert made[0] == made[1] == made[2]
    assert satsuma.Run("run-1").rejects().num_rows > 3


def test_the_same_journal_gives_the_same_bytes_in_another_directory_and_pays_for_nothing_twice(shell: Shell) -> None:
    with satsuma.testing.serve(seed=4, latency=UNEVEN, faults=WHOLE, noise=0.2) as server:
        assert shell.generate(server, "-n", 30).returncode == 0
        (shell.cwd / "copy").mkdir()
        shutil.copy(shell.cwd / "run" / "journal.sqlite", shell.cwd / "copy")
        copied = shell.generate(server, "-n", 30, out="copy")
        assert copied.returncode == 0, copied.stderr
        assert server.counters.repeated == 0
    replayed = shell.run("generate", "tickets.yaml", "-n", 30, "--model", "replay:run", "-o", "replayed")
    assert replayed.returncode == 0, replayed.stderr
    assert shell.data("run") == shell.data("copy") == shell.data("replayed")


@pytest.mark.parametrize("card", ["tickets.yaml", "copa"])
def test_a_run_of_2n_contains_the_run_of_n_and_asks_nothing_again(shell: Shell, card: str) -> None:
    with satsuma.testing.serve(seed=5, latency=UNEVEN, faults=WHOLE, noise=0.2) as server:
        small = satsuma.generate(card, n=25, model="test/m", base_url=server.url, out="run").table().to_pylist()
        large = satsuma.generate(card, n=50, model="test/m", base_url=server.url, out="run").table().to_pylist()
        assert server.counters.repeated == 0
        at_once = satsuma.generate(card, n=50, model="test/m", base_url=server.url, out="at-once")
    assert at_once.table().to_pylist() == large
    assert shell.data("run") == shell.data("at-once")
    assert len(small) == 25
    for label in {_label(row) for row in large}:
        firsts = [row for row in large if _label(row) == label]
        of_small = [row for row in small if _label(row) == label]
        assert of_small == firsts[: len(of_small)]


def _label(row: dict[str, Any]) -> str:
    """What a row's share is counted by: its label, or the name of its right option."""
    return str(row["provenance"]["corrected"])


def test_a_smaller_n_is_refused_and_nothing_is_removed(shell: Shell, server: Server) -> None:
    assert shell.generate(server, "-n", 12).returncode == 0
    before = shell.tree()
    refused = shell.generate(server, "-n", 5)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "holds 12 instances; -n 5 would remove 7" in refused.stderr
    assert len(refused.stderr.splitlines()) == 2
    assert shell.tree() == before
