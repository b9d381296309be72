"""A small card to call the command line with, and a model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import satsuma.testing

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
