"""Cards, instances and states to write runs with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from satsuma.run.directory import RunDirectory
from satsuma.run.identity import begin
from satsuma.run.state import RunState
from satsuma.task.card import Card
from satsuma.task.instance import Instance, Provenance, Reject

MakeInstance = Callable[..., Instance]
MakeState = Callable[..., RunState]


@pytest.fixture
def tickets() -> Card:
    """A card with a closed label set."""
    return Card.model_validate(
        {
            "name": "tickets",
            "task": "Route a customer's message.",
            "inputs": {"message": "One message."},
            "output": {"labels": {"billing": "about charges", "bug": "something is broken"}},
        }
    )


@pytest.fixture
def riddles() -> Card:
    """A card with a choice among a list of options."""
    return Card.model_validate(
        {
            "name": "riddles",
            "task": "Solve the riddle.",
            "inputs": {"riddle": "A riddle.", "options": "Possible solutions."},
            "output": {"name": "solution", "choice": {"field": "options", "count": 3}},
        }
    )


@pytest.fixture
def instance() -> MakeInstance:
    """Makes instance `i` of the tickets."""

    def make(i: int, message: str = "", **provenance: object) -> Instance:
        label = ("billing", "bug")[i % 2]
        text = message or f"Message {i}, which is about {label}."
        known: dict[str, object] = {"method": "targen", "context": "a bank", "asked": label, "corrected": label}
        origin = Provenance(**{**known, "model": "test/one", "requests": (f"k1-{i:032x}",), **provenance})  # type: ignore[arg-type]
        return Instance(f"context {i} / seed 0", i, {"message": text}, label, text, label, origin)

    return make


@pytest.fixture
def reject() -> Callable[[int], Reject]:
    """Makes reject `i`."""

    def make(i: int) -> Reject:
        return Reject(
            f"context {i}", i, "duplicate", f"the same words as candidate {i + 7}", "bug", {"message": "again"}
        )

    return make


@pytest.fixture
def state(tickets: Card) -> MakeState:
    """Makes a state of a run of the tickets."""

    def make(
        card: Card = tickets, *, n: int = 4, settings: dict[str, object] | None = None, **others: object
    ) -> RunState:
        decisive = {"model": "test/one", "seed": 0, **(settings or {})}
        fresh = begin(card, decisive, {"concurrency": 8}, n=n, seed=0, lag=1024)
        return RunState.model_validate({**fresh.model_dump(), **others})

    return make


@pytest.fixture
def directory(tmp_path: Path) -> RunDirectory:
    """A place where no run is yet, made."""
    made = RunDirectory.create_or_open(tmp_path / "runs" / "tickets")
    made.path.mkdir(parents=True)
    return made
