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
    from satsuma.api import (
        analyze,
        check,
        compare,
        demo,
        estimate,
        generate,
        new,
        report,
        transform,
    )
    from satsuma.assembly.building import Built
    from satsuma.assembly.doors import build
    from satsuma.auditing.doors import apply_verdicts, audit
    from satsuma.blending.doors import blend
    from satsuma.checking import CheckReport
    from satsuma.costing import Estimate
    from satsuma.curation.doors import curate
    from satsuma.curation.job import Curation
    from satsuma.datatune.doors import search, shortlist
    from satsuma.datatune.finding import Found
    from satsuma.drafting.job import NewCard
    from satsuma.errors import (
        BudgetSpent,
        CardError,
        DataError,
        Exhausted,
        ExtraError,
        HubError,
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
    from satsuma.examining.doors import rate, score
    from satsuma.examining.measuring import Score
    from satsuma.examining.rating import Rating
    from satsuma.exporting import export
    from satsuma.freezing.doors import check_frozen, freeze
    from satsuma.freezing.making import Frozen
    from satsuma.measures.analysis import Analysis
    from satsuma.progress import Progress, Snapshot
    from satsuma.pushing.hub import Pushed, push
    from satsuma.reporting.making import Report
    from satsuma.run.run import Run
    from satsuma.run.trust import Audit
    from satsuma.settings import Settings
    from satsuma.students.averaging import Evaluations
    from satsuma.students.comparing import Comparison
    from satsuma.students.doors import compare_students, evaluate, evaluate_each, join_comparisons, predict, train
    from satsuma.students.evaluating import Evaluation
    from satsuma.students.joining import Joined
    from satsuma.students.student import Student
    from satsuma.task.card import Card
    from satsuma.task.instance import Instance, Provenance, Reject
    from satsuma.task.loader import load_card

__version__ = "0.1.0"

_HOMES = {
    "satsuma.api": (
        "analyze", "check", "compare", "demo", "estimate", "generate",
        "new", "report", "transform",
    ),
    "satsuma.assembly.building": ("Built",),
    "satsuma.assembly.doors": ("build",),
    "satsuma.auditing.doors": ("apply_verdicts", "audit"),
    "satsuma.blending.doors": ("blend",),
    "satsuma.checking": ("CheckReport",),
    "satsuma.costing": ("Estimate",),
    "satsuma.curation.doors": ("curate",),
    "satsuma.curation.job": ("Curation",),
    "satsuma.datatune.doors": ("search", "shortlist"),
    "satsuma.datatune.finding": ("Found",),
    "satsuma.drafting.job": ("NewCard",),
    "satsuma.errors": (
        "BudgetSpent", "CardError", "DataError", "Exhausted", "ExtraError", "HubError", "Interrupted", "JournalError",
        "ModelError", "NotRecorded", "RunError", "SatsumaError", "SettingsError", "SourceError", "Stopped",
        "Waiting",
    ),
    "satsuma.examining.doors": ("rate", "score"),
    "satsuma.examining.measuring": ("Score",),
    "satsuma.examining.rating": ("Rating",),
    "satsuma.exporting": ("export",),
    "satsuma.freezing.doors": ("check_frozen", "freeze"),
    "satsuma.freezing.making": ("Frozen",),
    "satsuma.measures.analysis": ("Analysis",),
    "satsuma.progress": ("Progress", "Snapshot"),
    "satsuma.pushing.hub": ("Pushed", "push"),
    "satsuma.reporting.making": ("Report",),
    "satsuma.run.run": ("Run",),
    "satsuma.run.trust": ("Audit",),
    "satsuma.settings": ("Settings",),
    "satsuma.students.averaging": ("Evaluations",),
    "satsuma.students.comparing": ("Comparison",),
    "satsuma.students.doors": ("compare_students", "evaluate", "evaluate_each", "join_comparisons", "predict", "train"),
    "satsuma.students.evaluating": ("Evaluation",),
    "satsuma.students.joining": ("Joined",),
    "satsuma.students.student": ("Student",),
    "satsuma.task.card": ("Card",),
    "satsuma.task.instance": ("Instance", "Provenance", "Reject"),
    "satsuma.task.loader": ("load_card",),
}  # fmt: skip
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Analysis",
    "Audit",
    "BudgetSpent",
    "Built",
    "Card",
    "CardError",
    "CheckReport",
    "Comparison",
    "Curation",
    "DataError",
    "Estimate",
    "Evaluation",
    "Evaluations",
    "Exhausted",
    "ExtraError",
    "Found",
    "Frozen",
    "HubError",
    "Instance",
    "Interrupted",
    "Joined",
    "JournalError",
    "ModelError",
    "NewCard",
    "NotRecorded",
    "Progress",
    "Provenance",
    "Pushed",
    "Rating",
    "Reject",
    "Report",
    "Run",
    "RunError",
    "SatsumaError",
    "Score",
    "Settings",
    "SettingsError",
    "Snapshot",
    "SourceError",
    "Stopped",
    "Student",
    "Waiting",
    "analyze",
    "apply_verdicts",
    "audit",
    "blend",
    "build",
    "check",
    "check_frozen",
    "compare",
    "compare_students",
    "curate",
    "demo",
    "estimate",
    "evaluate",
    "evaluate_each",
    "export",
    "freeze",
    "generate",
    "join_comparisons",
    "load_card",
    "new",
    "predict",
    "push",
    "rate",
    "report",
    "score",
    "search",
    "shortlist",
    "train",
    "transform",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'satsuma' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
