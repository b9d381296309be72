"""What a run tells while it runs: a snapshot, and the protocol of whoever wants to see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Where a run stands.

    accepted and share: label → instances so far and wanted. rejects: step → how many. candidates: how many were
    judged. requests: answered by a model now; replayed: answered from what earlier processes left in the journal, or
    from a recording. seconds: since the start of this process's run.
    """

    accepted: Mapping[str, int] = field(default_factory=dict)
    share: Mapping[str, int] = field(default_factory=dict)
    rejects: Mapping[str, int] = field(default_factory=dict)
    candidates: int = 0
    requests: int = 0
    replayed: int = 0
    in_flight: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    usd: float | None = None
    seconds: float = 0.0


class Progress(Protocol):
    """Sees every change; whoever shows it decides how often to draw."""

    def update(self, snapshot: Snapshot) -> None:
        """The run got further."""
        ...

    def note(self, text: str) -> None:
        """Something that a person should read (a fallback was taken, replies were imported)."""
        ...


class Silent:
    """Shows nothing."""

    def update(self, snapshot: Snapshot) -> None:
        """Ignore it."""

    def note(self, text: str) -> None:
        """Ignore it."""
