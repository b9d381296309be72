"""satsuma turns a task description into a labelled training set that its user can trust.

    import satsuma

    run = satsuma.generate("copa", n=200, model="openai/gpt-4.1-mini", out="runs/copa")
    run.dataset()

Importing this package loads nothing heavy: every name is looked up when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from satsuma.api import analyze, check, demo, estimate, export, generate, new
    from satsuma.checking import CheckReport
    from satsuma.costing import Estimate
    from satsuma.drafting.job import NewCard
    from satsuma.errors import (
        BudgetSpent,
        CardError,
        DataError,
        Exhausted,
        ExtraError,
        Interrupted,
        JournalError,
        ModelError,
        NotRecorded,
        RunError,
        SatsumaError,
        SettingsError,
        SourceError,
        Stopped,
        Waiting,
    )
    from satsuma.measures.analysis import Analysis
    from satsuma.progress import Progress, Snapshot
    from satsuma.run.run import Run
    from satsuma.settings import Settings
    from satsuma.task.card import Card
    from satsuma.task.instance import Instance, Provenance, Reject
    from satsuma.task.loader import load_card

__version__ = "0.1.0"

_HOMES = {
    "satsuma.api": ("analyze", "check", "demo", "estimate", "export", "generate", "new"),
    "satsuma.checking": ("CheckReport",),
    "satsuma.costing": ("Estimate",),
    "satsuma.drafting.job": ("NewCard",),
    "satsuma.errors": (
        "BudgetSpent", "CardError", "DataError", "Exhausted", "ExtraError", "Interrupted", "JournalError", "ModelError",
        "NotRecorded", "RunError", "SatsumaError", "SettingsError", "SourceError", "Stopped",
        "Waiting",
    ),
    "satsuma.measures.analysis": ("Analysis",),
    "satsuma.progress": ("Progress", "Snapshot"),
    "satsuma.run.run": ("Run",),
    "satsuma.settings": ("Settings",),
    "satsuma.task.card": ("Card",),
    "satsuma.task.instance": ("Instance", "Provenance", "Reject"),
    "satsuma.task.loader": ("load_card",),
}  # fmt: skip
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Analysis",
    "BudgetSpent",
    "Card",
    "CardError",
    "CheckReport",
    "DataError",
    "Estimate",
    "Exhausted",
    "ExtraError",
    "Instance",
    "Interrupted",
    "JournalError",
    "ModelError",
    "NewCard",
    "NotRecorded",
    "Progress",
    "Provenance",
    "Reject",
    "Run",
    "RunError",
    "SatsumaError",
    "Settings",
    "SettingsError",
    "Snapshot",
    "SourceError",
    "Stopped",
    "Waiting",
    "analyze",
    "check",
    "demo",
    "estimate",
    "export",
    "generate",
    "load_card",
    "new",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'satsuma' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
