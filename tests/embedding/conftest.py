"""A tiny checkpoint, and a cache of the test's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tiny_checkpoint import write_checkpoint


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """The folder of a tiny checkpoint."""
    return write_checkpoint(tmp_path / "tiny")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where satsuma keeps what can be made again."""
    monkeypatch.setenv("SATSUMA_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"
