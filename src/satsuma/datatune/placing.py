"""From a catalog's entry to the place of its rows: what is known of licence and access goes along.

An entry of a plain list of names and descriptions is taken for a repository of the hub, which is what such lists
name. Not covered: the terms of a licence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from satsuma.errors import SourceError
from satsuma.sources.source import HUB, Place

if TYPE_CHECKING:
    from satsuma.catalog.entry import Entry


def place_of(entry: Entry, configuration: str | None = None, split: str | None = None) -> Place:
    """Where the rows of an entry lie.

    Raises:
        SourceError: its owner has disabled it.
    """
    if entry.disabled:
        raise SourceError(f"{entry.name} is disabled on its hub")
    loading = entry.loading
    where = loading.place or entry.name
    if loading.kind != "files":
        where = f"{HUB}{where}" + (f"@{loading.revision}" if loading.revision else "")
    files = loading.files if loading.kind == "files" else ()
    licence = entry.licence or entry.licence_text
    return Place(where, configuration, split, files, licence, entry.gated, loading.needs_code)
