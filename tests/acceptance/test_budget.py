"""A budget in money, tokens or requests: never exceeded, well used, left with a dataset, and gone on from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import satsuma
import satsuma.testing
from satsuma.testing import Faults, Latency

if TYPE_CHECKING:
    from tests.acceptance.conftest import Shell

PRICE = "0.40,1.60"
N = 400
LATENCY = Latency(median_ms=5, p99_ms=40)
REPLIES = (60, 200)
"""Tokens of an answer: short beside the 4,096 that a request allows."""


def _billed(server: satsuma.testing.Server) -> float:
    """US dollars, as the server counts tokens, those of answers that were of no use included."""
    seen = server.counters
    return (0.40 * seen.input_tokens + 1.60 * seen.output_tokens) / 1e6


@pytest.mark.parametrize("concurrency", [4, 64, 256])
def test_a_modest_budget_is_nearly_used_up_and_what_it_bought_is_a_dataset(shell: Shell, concurrency: int) -> None:
    with satsuma.testing.serve(seed=3, latency=LATENCY, reply_tokens=REPLIES) as server:
        done = shell.generate(
            server, "-n", N, "--budget", 0.05, "--price", PRICE, "--concurrency", concurrency
        )  # fmt: skip
        assert done.returncode == 3, done.stderr
        assert 0.045 < _billed(server) <= 0.05
        assert server.counters.max_in_flight <= concurrency
    state = satsuma.Run("run").state
    assert state.state == "budget"
    assert state.totals.usd is not None
    assert 0.045 < state.totals.usd <= 0.05
    # Two requests an instance and the seeds of the first contexts: nothing was begun and left.
    assert state.size >= 0.35 * state.totals.requests


@pytest.mark.parametrize(("option", "limit"), [("--budget", 0.018), ("--max-requests", 70)], ids=str)
def test_it_is_never_exceeded_and_going_on_gives_the_bytes_of_a_run_without_one(
    shell: Shell, option: str, limit: float
) -> None:
    faults = Faults(rate=0.03, error=0.03, drop=0.02, cut=0.02, consecutive=1)
    small = ("-n", 60, "--price", PRICE, "--concurrency", 64)
    with satsuma.testing.serve(seed=4, latency=LATENCY, noise=0.2, faults=faults) as server:
        for _ in range(2):  # the second time, little or nothing is left to spend
            stopped = shell.generate(server, *small, option, limit)
            assert stopped.returncode == 3, stopped.stderr
            assert _used(server)[option] <= limit
        assert f"the budget of {_shown(option, limit)} is spent" in stopped.stderr
        assert "60 instances will probably need" in stopped.stderr
        partial = satsuma.Run("run").table().to_pylist()
        assert 0 < len(partial) < 60
        assert shell.generate(server, *small, option, 100 * limit).returncode == 0
        assert server.counters.repeated == 0
        assert shell.generate(server, *small, out="whole").returncode == 0
    assert shell.data("run") == shell.data("whole")
    whole = satsuma.Run("whole").table().to_pylist()
    assert [row for row in whole if row["id"] in {p["id"] for p in partial}] == partial


@pytest.mark.parametrize(
    ("option", "limit", "one"),
    # one: what an answer that was cut off may need when it is asked for again, with twice the room (8,192 tokens); a
    # run stops where that is not left for the earliest candidate, which depends on how the replies come in.
    [("--budget", 0.03, (3_000 * 0.40 + 8_192 * 1.60) / 1e6), ("--max-tokens", 40_000, 3_000 + 8_192)],
    ids=str,
)
def test_it_is_never_exceeded_when_answers_are_cut_off_or_useless(
    shell: Shell, option: str, limit: float, one: float
) -> None:
    faults = Faults(malformed=0.15, truncated=0.15)
    with satsuma.testing.serve(seed=4, faults=faults) as server:
        stopped = shell.generate(server, "-n", 200, "--price", PRICE, "--concurrency", 64, option, limit)
        assert stopped.returncode == 3, stopped.stderr
        assert limit - one < _used(server)[option] <= limit
    assert satsuma.Run("run").state.state == "budget"


def _used(server: satsuma.testing.Server) -> dict[str, float]:
    seen = server.counters
    tokens = seen.input_tokens + seen.output_tokens
    return {"--budget": _billed(server), "--max-tokens": tokens, "--max-requests": seen.requests}


def _shown(option: str, limit: float) -> str:
    return {"--budget": f"${limit}", "--max-tokens": f"{limit:,} tokens"}.get(option, f"{limit:,} requests")


def test_the_hint_is_a_budget_that_will_do(shell: Shell) -> None:
    with satsuma.testing.serve(seed=5, latency=LATENCY) as server:
        stopped = shell.generate(server, "-n", 60, "--budget", 0.015, "--price", PRICE)
        assert stopped.returncode == 3
        (option, enough) = stopped.stderr.split()[-2:]
        assert option == "--budget"
        assert 0.015 < float(enough) < 0.2
        done = shell.generate(server, "-n", 60, "--budget", enough, "--price", PRICE)
    assert done.returncode == 0, done.stderr


def test_a_budget_in_money_without_a_price_is_refused_before_anything_is_written(
    shell: Shell, server: satsuma.testing.Server
) -> None:
    before = server.counters.requests
    refused = shell.generate(server, "-n", 10, "--budget", 1)
    assert refused.returncode == 2
    assert "needs the price of test/m, which is not known" in refused.stderr
    assert "--price" in refused.stderr
    assert server.counters.requests == before
    assert not (shell.cwd / "run" / "run.json").exists()


def test_prices_come_from_a_file_too(shell: Shell, server: satsuma.testing.Server) -> None:
    (shell.cwd / "prices.yaml").write_text("test/m: [1000, 1000]\ntest/other: [1, 1]\n")
    stopped = shell.generate(server, "-n", 10, "--budget", 1, "--price", "prices.yaml")
    assert stopped.returncode == 3
    assert "may need up to" in stopped.stderr
    done = shell.generate(server, "-n", 3, "--price", "prices.yaml")
    assert done.returncode == 0
    state = satsuma.Run("run").state
    assert state.operational["price"] == "prices.yaml"
    tokens = state.totals.input_tokens + state.totals.output_tokens
    assert state.totals.usd == pytest.approx(tokens / 1000)
    (shell.cwd / "prices.yaml").write_text("test/m: cheap\n")
    refused = shell.generate(server, "-n", 4, "--price", "prices.yaml")
    assert refused.returncode == 2
    assert "the price file prices.yaml has 'test/m'" in refused.stderr
