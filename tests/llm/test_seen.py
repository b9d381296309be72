"""An approximate set never misses what was added, and takes little else for it."""

from __future__ import annotations

import random

import pytest

from satsuma.llm import seen
from satsuma.llm.seen import Seen


def keys(count: int, draw: int) -> list[str]:
    drawn = random.Random(draw)
    return [f"k1-{drawn.getrandbits(128):032x}" for _ in range(count)]


def test_what_was_added_is_never_missed_and_little_else_is_taken_for_it() -> None:
    known, others = Seen(), keys(20_000, 2)
    assert not any(key in known for key in others)
    for key in (added := keys(400_000, 1)):
        known.add(key)
    assert all(key in known for key in added)
    assert sum(key in known for key in others) < 0.02 * len(others)


def test_one_that_is_full_takes_everything_for_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen, "BITS", 4)
    monkeypatch.setattr(seen, "_ALL", 15)
    known = Seen()
    for key in (added := keys(200, 1)):
        known.add(key)
    assert all(key in known for key in (*added, *keys(200, 2)))
