"""A run that is killed at any moment goes on to the same bytes, and asks nothing again that it had journaled."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

import satsuma.testing
from satsuma.testing import Faults, Latency, Server

if TYPE_CHECKING:
    from tests.acceptance.conftest import Asked, Shell

FAULTY = Faults(
    rate=0.05, error=0.05, drop=0.03, cut=0.02, hang=0.005, malformed=0.04, truncated=0.03, wrong_label=0.03,
    consecutive=1,
)  # fmt: skip
LATENCY = Latency(median_ms=5, p99_ms=60)
N = 20
KILLS = 5
OPTIONS = ["-n", N, "--concurrency", 16, "--timeout", 1]


@pytest.mark.parametrize("seed", list(range(1, 11)))
def test_killed_at_random_moments_it_ends_with_the_same_bytes_and_never_repeats_a_journaled_request(
    shell: Shell, seed: int
) -> None:
    with satsuma.testing.serve(seed=seed, latency=LATENCY, faults=FAULTY, noise=0.2, record=True) as server:
        whole = shell.generate(server, *OPTIONS, out="whole")
        assert whole.returncode == 0, whole.stderr
        needed = server.counters.requests
        moments = sorted(random.Random(seed).sample(range(1, int(needed * 0.9)), KILLS))
    with satsuma.testing.serve(seed=seed, latency=LATENCY, faults=FAULTY, noise=0.2, record=True) as server:
        killed = 0
        for moment in moments:
            journaled, before = _journaled(shell), len(server.bodies)
            killed += _killed_at(shell, server, moment)
            assert not journaled & _asked(server, before)
        journaled, before = _journaled(shell), len(server.bodies)
        last = shell.generate(server, *OPTIONS)
        assert last.returncode == 0, last.stderr
        assert not journaled & _asked(server, before)
    assert killed == KILLS
    assert shell.data("run") == shell.data("whole")
    assert sorted(p for p in shell.tree("run") if "part" in p or "wal" in p) == []


def _killed_at(shell: Shell, server: Server, moment: int) -> bool:
    """Start the run and kill it as soon as the server has seen so many requests; whether it was still at work."""
    from tests.acceptance.conftest import command

    process = shell.start(*command(server, *OPTIONS))
    server.wait_for(moment, timeout=30)
    process.kill()
    process.communicate()
    server.wait_until_idle()
    return process.returncode == -9


def _journaled(shell: Shell) -> set[Asked]:
    """The questions whose replies the run has."""
    return {
        (tuple((m.role, m.content) for m in entry.request.messages), entry.request.wire_seed())
        for entry in shell.journal()
    }


def _asked(server: Server, since: int) -> set[Asked]:
    """The questions that have reached the server since so many bodies."""
    asked: set[Asked] = set()
    for body in server.bodies[since:]:
        messages, seed = body["messages"], body["seed"]
        assert isinstance(messages, list)
        assert isinstance(seed, int)
        asked.add((tuple((str(m["role"]), str(m["content"])) for m in messages if isinstance(m, dict)), seed))
    return asked
