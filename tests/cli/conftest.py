"""The command line called in this process, and a small card to call it with."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import satsuma.testing
from satsuma.cli.main import main

CARD = """\
name: tickets
task: Route a customer's message to the team that should handle it.
inputs:
  message: One message from a customer.
output:
  labels:
    billing: about charges
    bug: something is broken
"""


Call = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Call:
    """Calls `satsuma` with these arguments, in a directory of its own."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        monkeypatch.setattr(sys, "argv", ["satsuma", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        printed = capsys.readouterr()
        assert isinstance(left.value.code, int)
        return subprocess.CompletedProcess(sys.argv, left.value.code, printed.out, printed.err)

    return run


@pytest.fixture
def card(tmp_path: Path) -> Path:
    """The path of a card."""
    path = tmp_path / "tickets.yaml"
    path.write_text(CARD)
    return path


@pytest.fixture(scope="session")
def server() -> Iterator[satsuma.testing.Server]:
    """A model server without faults."""
    with satsuma.testing.serve() as running:
        yield running


@pytest.fixture
def model(server: satsuma.testing.Server) -> list[str]:
    """The options that reach the server."""
    return ["--model", "test/one", "--base-url", server.url]
