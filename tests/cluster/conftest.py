"""A Ray cluster of several nodes on this machine: Ray's own, one process tree for each node."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import satsuma
from tests.cluster import teller

TICKETS = """\
name: tickets
task: Route a customer's message to the team that should handle it.
inputs:
  message: One message from a customer, one to four sentences.
output:
  labels:
    billing: about charges, refunds or invoices
    bug: something that used to work is broken
    how-to: asks how to do something
"""
WELL: Mapping[str, str] = {"OPENAI_API_KEY": ""}
"""What a node has in its environment that can do all but ask OpenAI."""


@dataclass
class Nodes:
    """The cluster. The head has no CPUs, so that replicas are on the other nodes.

    opened: a folder with a file for each process that has opened the teller.
    """

    cluster: Any
    site: Path
    opened: Path
    at_work: list[tuple[Mapping[str, str], Any]] = field(default_factory=list)

    @property
    def address(self) -> str:
        return str(self.cluster.address)

    def have(self, *environments: Mapping[str, str]) -> None:
        """Have exactly these nodes, each with what it has in its environment besides the usual."""
        if [env for env, _ in self.at_work] != list(environments[: len(self.at_work)]):
            while self.at_work:
                self.kill(0)
        self.at_work += [(env, self.add(env)) for env in environments[len(self.at_work) :]]
        for file in self.opened.iterdir():
            file.unlink()

    def add(self, environment: Mapping[str, str]) -> Any:  # noqa: ANN401 - Ray has no types
        """One more node."""
        seen = {teller.OPENED: str(self.opened), **environment}
        return self.cluster.add_node(num_cpus=1, include_dashboard=False, env_vars=seen)

    def kill(self, at: int) -> None:
        """End a node as a power cut would."""
        _, node = self.at_work.pop(at)
        self.cluster.remove_node(node, allow_graceful=False)

    def working(self, task: str) -> Sequence[int]:
        """The processes of these nodes that are at a task of this name now."""
        return [
            int(place.name) for place in Path("/proc").iterdir() if place.name.isdigit() and self._is_at(place, task)
        ]

    def _is_at(self, process: Path, task: str) -> bool:
        try:
            ours = f"{teller.OPENED}={self.opened}".encode() in (process / "environ").read_bytes().split(b"\0")
            return ours and (process / "cmdline").read_bytes().startswith(f"ray::{task}".encode())
        except OSError:  # it has ended
            return False

    def processes(self) -> Sequence[int]:
        """The processes that have opened the teller."""
        return [int(file.name) for file in self.opened.iterdir()]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the teller is installed as an installer would leave it."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(teller.__file__, folder / "teller_of_tests.py")
    information = folder / "teller-1.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Name: teller\nVersion: 1\n")
    (information / "entry_points.txt").write_text("[satsuma.providers]\nteller = teller_of_tests:PROVIDER\n")
    return folder


@pytest.fixture(scope="session")
def started(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    """The head."""
    pytest.importorskip("ray", reason="not installed (the extra ray)")
    from ray.cluster_utils import Cluster

    opened = tmp_path_factory.mktemp("opened")
    sources = Path(satsuma.__file__).resolve().parent.parent
    with pytest.MonkeyPatch.context() as patch:
        tests = Path(__file__).resolve().parents[2]
        patch.setenv("PYTHONPATH", os.pathsep.join(map(str, (site, sources, tests))))
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_health_check_period_ms", "300")  # five that nobody answers are a dead node: not 15 s later
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
        try:
            yield Nodes(cluster, site, opened)
        finally:
            cluster.shutdown()


@pytest.fixture
def nodes(started: Nodes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Nodes:
    """The cluster, and a directory with a card in it, in which the teller is known."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(started.site)
    (tmp_path / "tickets.yaml").write_text(TICKETS)
    return started
