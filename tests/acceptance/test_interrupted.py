"""Ctrl-C and SIGTERM: what is in flight is finished, what there is put in place, and going on gives the same bytes."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import threading
import time
from typing import TYPE_CHECKING

import pytest

import satsuma
import satsuma.testing
from satsuma.progress import Silent
from satsuma.testing import Faults, Latency

if TYPE_CHECKING:
    from tests.acceptance.conftest import Shell

N = 60
LATENCY = Latency(median_ms=20, p99_ms=120)


def _start(shell: Shell, server: satsuma.testing.Server, *options: object) -> subprocess.Popen[str]:
    from tests.acceptance.conftest import command

    return shell.start(*command(server, "-n", N, "--concurrency", 8, *options))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_once_finishes_what_is_in_flight_and_going_on_gives_the_same_bytes(shell: Shell, number: int) -> None:
    with satsuma.testing.serve(seed=6, latency=LATENCY, noise=0.2) as server:
        process = _start(shell, server)
        server.wait_for(90)
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
        assert process.returncode == 130, err
        seen = server.counters
        assert seen.abandoned == 0
        assert len(shell.journal()) == seen.answered

        assert "Finishing what is in flight" in err
        assert "Go on with: satsuma generate tickets.yaml" in err
        assert "Traceback" not in err
        assert f"of {N} instances, interrupted" in out
        partial = satsuma.Run("run").table().to_pylist()
        assert satsuma.Run("run").state.state == "interrupted"
        _is_contiguous(satsuma.Run("run"))

        assert shell.generate(server, "-n", N, "--concurrency", 8).returncode == 0
        assert server.counters.repeated == 0
        assert shell.generate(server, "-n", N, out="whole").returncode == 0
    assert shell.data("run") == shell.data("whole")
    whole = satsuma.Run("whole").table().to_pylist()
    assert [row for row in whole if row["id"] in {p["id"] for p in partial}] == partial


def _is_contiguous(run: satsuma.Run) -> None:
    """Every candidate up to the last one was accepted or dropped."""
    rows = [*run.table().to_pylist(), *run.rejects().to_pylist()]
    assert len({row["id"] for row in rows if "/" in row["id"]}) == run.state.counts.candidates


def test_twice_leaves_at_once_while_answers_hang(shell: Shell) -> None:
    with satsuma.testing.serve(faults=Faults(hang=1)) as server:
        process = _start(shell, server, "--timeout", 60)
        server.wait_for(1)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        while "interrupt again" not in process.stderr.readline():
            assert process.poll() is None
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
        assert time.monotonic() - began < 5
    assert process.returncode == 130, err
    assert "Go on with: satsuma generate tickets.yaml" in err
    assert "Traceback" not in err


class _Twice(Silent):
    """Interrupts this process a second time, half a second after it heard of the first."""

    def note(self, text: str) -> None:
        if "interrupt again" in text:
            asyncio.get_running_loop().call_later(0.5, os.kill, os.getpid(), signal.SIGINT)


def _press_after(server: satsuma.testing.Server, requests: int) -> None:
    server.wait_for(requests)
    os.kill(os.getpid(), signal.SIGINT)


def test_twice_leaves_at_once_also_while_it_only_waits_for_what_is_in_flight(shell: Shell) -> None:
    """The first candidate cannot go on after the first Ctrl-C, so that the run has ended but for what hangs."""
    given = (shell.cwd / "tickets.yaml").read_text() + "contexts: {given: [a bank, a shop, a school, a ship]}\n"
    (shell.cwd / "tickets.yaml").write_text(given)
    began = time.monotonic()
    with satsuma.testing.serve(seed=3, faults=Faults(hang=0.5, rate=0.5, retry_after=50, consecutive=1)) as server:
        pressing = threading.Thread(target=_press_after, args=(server, 4))
        pressing.start()
        with pytest.raises(satsuma.Interrupted):
            satsuma.generate(
                "tickets.yaml", n=N, model="test/m", base_url=server.url, out="run", timeout=20, progress=_Twice()
            )
        pressing.join()
        assert server.counters.faults.keys() == {"hang", "rate"}
    assert time.monotonic() - began < 10


def test_an_interrupted_larger_run_keeps_the_smaller_one_that_was_there(shell: Shell) -> None:
    with satsuma.testing.serve(seed=8, latency=LATENCY) as server:
        assert shell.generate(server, "-n", 30).returncode == 0
        before = shell.data()
        process = _start(shell, server)
        server.wait_for(server.counters.requests + 5)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
        assert process.returncode == 130
        kept = satsuma.Run("run").table().to_pylist()
        assert len(kept) >= 30
        assert shell.data() == before or len(kept) > 30
        assert shell.generate(server, "-n", N).returncode == 0
        assert shell.generate(server, "-n", N, out="whole").returncode == 0
    assert shell.data("run") == shell.data("whole")
