"""Building a catalog: from sources to the lines of one file, with what was left out and why.

A source is a folder of data files, a JSON Lines file of cards, or the hub (`hub`). The file is replaced whole. Of
two entries of one name and one description the first stays; entries of one name and different descriptions all
stay, for nobody can say that they are the same dataset.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from satsuma.catalog.entry import Entry
from satsuma.catalog.filters import Dropped, Wanted, objection
from satsuma.errors import DataError, SettingsError
from satsuma.remote.urls import FETCHED_BY, NOT_FETCHED, refuse_url
from satsuma.run.atomic import part_of, put_in_place, writing

HUB = "hub"


@dataclass(frozen=True, slots=True)
class Built:
    """What became of the sources. path: the catalog's file."""

    path: Path
    entries: int
    dropped: Sequence[Dropped]

    def reasons(self) -> list[tuple[str, int]]:
        """Why datasets were left out, the most frequent reason first."""
        return Counter(_kind(d.reason) for d in self.dropped).most_common()


@dataclass(slots=True)
class Sieve:
    """Lets through what a catalog keeps, and notes the rest."""

    wanted: Wanted
    dropped: list[Dropped] = field(default_factory=list)
    _seen: set[tuple[str, str]] = field(default_factory=set)

    def kept(self, found: Iterable[Entry | Dropped]) -> Iterator[Entry]:
        """The entries that stay, in order."""
        for one in found:
            reason = one.reason if isinstance(one, Dropped) else self._reason(one)
            if reason:
                self.dropped.append(Dropped(one.name, reason))
            elif isinstance(one, Entry):
                yield one

    def _reason(self, entry: Entry) -> str:
        if reason := objection(entry, self.wanted):
            return reason
        identity = (entry.name, entry.description)
        if identity in self._seen:
            return "is there already, with the same description"
        self._seen.add(identity)
        return ""


def build_catalog(
    sources: Sequence[str | Path],
    out: Path,
    wanted: Wanted = Wanted(),  # noqa: B008 - frozen
    *,
    limit: int = 0,
) -> Built:
    """Write the catalog of folders, JSON Lines files and the hub (the text `hub`).

    limit: datasets of the hub, the most downloaded first; 0: all.

    Raises:
        DataError: a source cannot be read, or nothing of it stays.
        ExtraError: the hub is named, and its extra is not installed.
        Interrupted: by Ctrl-C, while the hub answered; what it has answered is kept, and the same call goes on.
        SettingsError: there is no source.
        RunError: the file cannot be written.
    """
    if not sources:
        raise SettingsError("there is nothing to build a catalog from", "Name a folder, a JSON Lines file, or hub.")
    refuse_url(out, "a catalog is made on this machine", "Name a file here with -o.")
    kept = part_of(out).with_suffix(".hub.jsonl")
    built = write_catalog(_entries(sources, kept, limit), out, wanted)
    kept.unlink(missing_ok=True)
    return built


def _entries(sources: Sequence[str | Path], kept: Path, limit: int) -> Iterator[Entry | Dropped]:
    for source in sources:
        if source == HUB:
            from satsuma.catalog.hub import entries_of_hub

            yield from entries_of_hub(kept, limit)
        else:
            yield from entries_of(Path(source).expanduser())


def entries_of(source: Path) -> Iterator[Entry | Dropped]:
    """The entries of a folder or a JSON Lines file.

    Raises:
        DataError: it cannot be read.
    """
    from satsuma.catalog.folder import entries_of_folder
    from satsuma.catalog.listing import entries_of_listing

    if not source.exists():
        refuse_url(source, NOT_FETCHED, FETCHED_BY)
        raise DataError(f"there is no {source}", "Name a folder of data files or a JSON Lines file of dataset cards.")
    return entries_of_folder(source) if source.is_dir() else entries_of_listing(source)


def write_catalog(found: Iterable[Entry | Dropped], out: Path, wanted: Wanted) -> Built:
    """Write the entries that stay.

    Raises:
        DataError: none does.
        RunError: the file cannot be written.
    """
    sieve = Sieve(wanted)
    part = part_of(out)
    count = 0
    with writing(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("wb") as file:
                for entry in sieve.kept(found):
                    file.write(entry.line() + b"\n")
                    count += 1
            if count == 0:
                raise _nothing(Built(out, 0, sieve.dropped))
            put_in_place(part, out)
        finally:
            part.unlink(missing_ok=True)
    return Built(out, count, sieve.dropped)


def _nothing(built: Built) -> DataError:
    why = "; ".join(f"{count:,} × {reason}" for reason, count in built.reasons()[:3]) or "the sources are empty"
    return DataError(f"no dataset is left for {built.path}: {why}", "Change the filters or the sources.")


def _kind(reason: str) -> str:
    """A reason without what differs from dataset to dataset."""
    if reason.startswith("has the licence "):
        return f"has a licence that is not {reason.rsplit(' ', 1)[-1]}"
    return reason if reason.startswith(("is ", "has ", "needs ")) else "cannot be read"
