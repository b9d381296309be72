"""The command line as a user runs it: processes in a directory of the test's, and ways to look at what they leave."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import satsuma.testing

if TYPE_CHECKING:
    from satsuma.llm.journal import Entry

SOURCES = Path(satsuma.__file__).resolve().parent.parent
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

Tree = dict[str, tuple[int, bytes]]
"""Path → when it was last changed, and its bytes."""
Asked = tuple[tuple[tuple[str, str], ...], int]
"""A question as server and journal both know it: its messages and its seed."""


@dataclass(frozen=True)
class Shell:
    """A directory to run `satsuma` in, and what to look at afterwards."""

    cwd: Path
    sources: Path = SOURCES

    def start(self, *arguments: object, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """`satsuma` with these arguments, not waited for."""
        return subprocess.Popen(
            [sys.executable, "-m", "satsuma", *map(str, arguments)],
            cwd=self.cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self._environment(env),
        )  # fmt: skip

    def run(
        self, *arguments: object, env: Mapping[str, str] | None = None, under: tuple[str, ...] = ()
    ) -> subprocess.CompletedProcess[str]:
        """`satsuma` with these arguments, to its end; `under` another command, if one is given."""
        return subprocess.run(
            [*under, sys.executable, "-m", "satsuma", *map(str, arguments)],
            cwd=self.cwd, capture_output=True, text=True, timeout=100, check=False, env=self._environment(env),
        )  # fmt: skip

    def generate(
        self, server: satsuma.testing.Server, *arguments: object, out: str = "run", card: str = "tickets.yaml"
    ) -> subprocess.CompletedProcess[str]:
        """`satsuma generate` with a model of the server, to its end."""
        return self.run(*command(server, *arguments, out=out, card=card))

    def tree(self, place: str = ".") -> Tree:
        """Every file below a place, except the lock."""
        top = self.cwd / place
        files = (p for p in top.rglob("*") if p.is_file() and p.name != ".lock")
        return {p.relative_to(top).as_posix(): (p.stat().st_mtime_ns, p.read_bytes()) for p in files}

    def data(self, run: str = "run") -> tuple[bytes, bytes]:
        """The dataset and the rejects of a run, byte by byte."""
        place = self.cwd / run
        return (place / "data" / "train.parquet").read_bytes(), (place / "rejects.parquet").read_bytes()

    def journal(self, run: str = "run") -> list[Entry]:
        """What a run has journaled; nothing if it came to none."""
        from satsuma.llm.journal import Journal

        path = self.cwd / run / "journal.sqlite"
        if not path.exists():
            return []
        with closing(Journal.open(path, readonly=True)) as journal:
            return list(journal.entries())

    def _environment(self, more: Mapping[str, str] | None) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(self.sources), **(more or {})}


def command(
    server: satsuma.testing.Server, *arguments: object, out: str = "run", card: str = "tickets.yaml"
) -> list[str]:
    """The arguments of `satsuma generate` with a model of the server."""
    return ["generate", card, "--model", "test/m", "--base-url", server.url, "-o", out, *map(str, arguments)]


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A directory with a small card in it, which is also this process's."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tickets.yaml").write_text(TICKETS)
    return Shell(tmp_path)


@pytest.fixture(scope="session")
def server() -> Iterator[satsuma.testing.Server]:
    """A model server without faults."""
    with satsuma.testing.serve() as running:
        yield running
