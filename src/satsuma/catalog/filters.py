"""Which datasets a catalog keeps, and which a search may answer with. What is left out is told, with its reason.

The rules are DataTune's (arXiv 2404.14361, section 3.1 and its code): a description that says something, nothing
disabled, nothing gated unless asked for; besides, a licence filter. What can only be had by running a program that
comes with it is refused, always: there is no option for it.
"""

from __future__ import annotations

from dataclasses import dataclass

from satsuma.catalog.entry import Entry
from satsuma.catalog.licences import LicenceFilter, passes

MIN_DESCRIPTION = 20
"""Characters, not counting space: less says nothing that could be searched for."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A dataset that is left out, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user allows. gated: also datasets whose owners ask for something first. licence: see `LicenceFilter`."""

    gated: bool = False
    licence: LicenceFilter = "any"


def objection(entry: Entry, wanted: Wanted) -> str:
    """Why a dataset is left out; empty if it is not."""
    if entry.loading.needs_code:
        return "needs a program of its own to be loaded, which is never run"
    if not entry.description:
        return "has no description"
    if len("".join(entry.description.split())) < MIN_DESCRIPTION:
        return f"has a description of fewer than {MIN_DESCRIPTION} characters"
    if entry.disabled:
        return "is disabled"
    return scruple(entry, wanted)


def scruple(entry: Entry, wanted: Wanted) -> str:
    """Why the user would not want a dataset that could be used otherwise; empty if nothing speaks against it."""
    if entry.gated and not wanted.gated:
        return "is gated (--gated takes it in)"
    if not passes(entry.licence, wanted.licence):
        return f"has the licence {entry.licence or entry.licence_text[:60] or 'unknown'}, which is not {wanted.licence}"
    return ""
