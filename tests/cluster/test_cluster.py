"""Runs on a cluster of two nodes have the bytes of the run without one, with any number of workers, whatever dies."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Unpack

import pytest

import satsuma
import satsuma.testing
from satsuma.cluster.fleet import Fleet
from satsuma.cluster.sizing import Size
from satsuma.cluster.wire import Order
from satsuma.errors import ClusterError, ModelError
from satsuma.llm.request import Message, Request
from satsuma.progress import Silent, Snapshot
from satsuma.settings import Options
from satsuma.testing import Faults, Latency
from tests.cluster.conftest import WELL, Nodes

ray = pytest.importorskip("ray", reason="not installed (the extra ray)")
N = 25
LATENCY = Latency(median_ms=10, p99_ms=80)
FAULTS = Faults(rate=0.03, error=0.03, malformed=0.05, wrong_label=0.03, consecutive=1)

Bytes = tuple[bytes, bytes]


def made(out: str, model: str = "teller/it-5ms", **options: Unpack[Options]) -> Bytes:
    """Dataset and rejects of a run, byte by byte."""
    satsuma.generate("tickets.yaml", n=N, model=model, out=out, **options)
    return read(out)


def read(out: str) -> Bytes:
    return Path(out, "data", "train.parquet").read_bytes(), Path(out, "rejects.parquet").read_bytes()


class Watching(Silent):
    """Does something once, when so many requests have been answered; keeps the notes."""

    def __init__(self, count: int, do: Callable[[], None]) -> None:
        self._count, self._do = count, do
        self.done = False
        self.notes: list[str] = []

    def update(self, snapshot: Snapshot) -> None:
        if not self.done and snapshot.requests >= self._count:
            self.done = True
            self._do()

    def note(self, text: str) -> None:
        self.notes.append(text)


def test_a_model_in_a_process_gives_the_same_bytes_with_1_2_and_4_replicas_on_two_nodes(nodes: Nodes) -> None:
    nodes.have(WELL, WELL)
    local = made("local")
    for count in (1, 2, 4):
        nodes.have(WELL, WELL)
        assert made(f"ray-{count}", ray=nodes.address, ray_replicas=count) == local
        assert 1 <= len(nodes.processes()) <= count


def test_every_request_goes_to_the_replica_with_the_shortest_queue(nodes: Nodes) -> None:
    nodes.have(WELL, WELL)
    fleet = Fleet("teller/it", Order("teller/pid-20ms"), nodes.address, lambda _: Size(4))

    async def ask(count: int) -> Counter[str]:
        """The processes that have answered so many requests at once."""
        requests = (Request("teller/it", (Message("user", f"{n}?"),)) for n in range(count))
        return Counter([answer.reply.model for answer in await asyncio.gather(*map(fleet.complete, requests))])

    async def main() -> Counter[str]:
        try:
            for _ in range(1000):  # until all four are there
                if len(await ask(8)) == 4:
                    return await ask(40)
            raise AssertionError("not all replicas have come")
        finally:
            await fleet.close()

    assert sorted(asyncio.run(main()).values()) == [10, 10, 10, 10]


def test_a_model_behind_an_address_gives_the_same_bytes_with_1_2_and_4_actors_in_its_limits(
    nodes: Nodes,
) -> None:
    nodes.have(WELL, WELL)
    with satsuma.testing.serve(seed=4, latency=LATENCY, faults=FAULTS, noise=0.2) as server:
        local = made("local", "test/m", base_url=server.url, concurrency=8)
    for count in (1, 2, 4):
        with satsuma.testing.serve(seed=4, latency=LATENCY, faults=FAULTS, noise=0.2) as server:
            options = Options(base_url=server.url, concurrency=8, ray=nodes.address, ray_http=count)
            assert made(f"ray-{count}", "test/m", **options) == local
            assert server.counters.max_in_flight <= 8
            assert server.counters.repeated == 0


def test_a_budget_in_requests_holds_over_all_actors(nodes: Nodes) -> None:
    nodes.have(WELL, WELL)
    with satsuma.testing.serve(seed=4, latency=LATENCY) as server:
        with pytest.raises(satsuma.errors.BudgetSpent):
            made("run", "test/m", base_url=server.url, max_requests=20, ray=nodes.address, ray_http=2)
        assert server.counters.requests <= 20


def test_a_killed_worker_is_replaced_and_costs_only_what_it_had_in_flight(nodes: Nodes) -> None:
    nodes.have(WELL, WELL)
    local = made("local")
    watching = Watching(20, lambda: os.kill(nodes.processes()[0], signal.SIGKILL))
    satsuma.generate(
        "tickets.yaml", n=N, model="teller/it-5ms", out="run", progress=watching, ray=nodes.address, ray_replicas=1
    )
    assert watching.done
    assert any("is gone; its requests are asked again" in note for note in watching.notes), watching.notes
    assert len(nodes.processes()) == 2
    assert read("run") == local


def test_a_killed_driver_goes_on_with_another_number_of_workers_to_the_same_bytes(nodes: Nodes) -> None:
    nodes.have(WELL, WELL)
    with satsuma.testing.serve(seed=5, latency=LATENCY) as server:
        local = made("local", "test/m", base_url=server.url)
        needed = server.counters.requests
    with satsuma.testing.serve(seed=5, latency=LATENCY) as server:
        command = [
            *(sys.executable, "-m", "satsuma", "generate", "tickets.yaml", "-n", str(N), "-m", "test/m", "-o", "run"),
            *("--base-url", server.url, "--concurrency", "8", "--ray", nodes.address, "--ray-http", "2"),
        ]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        server.wait_for(needed // 2, timeout=60)
        process.kill()
        assert process.wait() == -signal.SIGKILL
        server.wait_until_idle()
        assert made("run", "test/m", base_url=server.url, ray=nodes.address, ray_http=1) == local
        assert server.counters.requests <= needed + 8 + 32


def test_a_worker_without_the_extra_says_what_to_install_and_where(nodes: Nodes) -> None:
    nodes.have(WELL, WELL)
    with pytest.raises(ModelError, match=r"teller/broken cannot be asked on [\d.]+: teller/… needs tellers") as wrong:
        made("run", "teller/broken", ray=nodes.address)
    assert wrong.value.hint.startswith("On every machine of the cluster, before `ray start` there: Install it: pip")
    assert not list(Path("run").glob("*.json"))


def test_a_cluster_of_another_ray_is_named_with_both_versions(nodes: Nodes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray, "__version__", "2.1.0")
    with pytest.raises(ClusterError, match=r"another version than this process: .*2\.1\.0") as wrong:
        made("run", ray=nodes.address)
    assert "pip install 'ray==VERSION'" in wrong.value.hint


def test_a_worker_without_the_key_says_which(nodes: Nodes, monkeypatch: pytest.MonkeyPatch) -> None:
    nodes.have(WELL, WELL)
    monkeypatch.setenv("OPENAI_API_KEY", "planted-key-0123456789")
    with pytest.raises(ModelError, match="openai needs a key, and OPENAI_API_KEY is not set"):
        made("run", "openai/m", base_url="http://127.0.0.1:1/v1", ray=nodes.address, ray_http=1)


def test_a_killed_node_costs_only_what_it_had_in_flight(nodes: Nodes) -> None:
    nodes.have(WELL, WELL)
    local = made("local")
    watching = Watching(20, lambda: nodes.kill(0))
    satsuma.generate(
        "tickets.yaml", n=N, model="teller/it-5ms", out="run", progress=watching, ray=nodes.address, ray_replicas=2
    )
    assert watching.done
    assert read("run") == local
