"""A tiny embedder and a cache of the test's own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tiny_checkpoint import write_checkpoint

Listing = Callable[..., Path]


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of an embedder that is fast and means nothing."""
    return str(write_checkpoint(tmp_path_factory.mktemp("embedder") / "tiny"))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where satsuma keeps what can be made again."""
    monkeypatch.setenv("SATSUMA_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def listing(tmp_path: Path) -> Listing:
    """Writes a JSON Lines file of cards."""

    def write(*cards: dict[str, object], name: str = "catalog.jsonl") -> Path:
        path = tmp_path / name
        path.write_text("".join(json.dumps(card) + "\n" for card in cards), encoding="utf-8")
        return path

    return write
