"""A report, made: measured, read again for what it shows, and ready to be written in one of its forms.

`report_on` has one dataset with all that belongs to it, and others only as far as figures and the map need them.
`comparison_of` has two that weigh the same. The same datasets and seed give the same bytes: nothing in a report tells
the time or the machine.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from satsuma.extras import require
from satsuma.measures.analysis import NEEDS as MEASURES_NEED
from satsuma.measures.analysis import Analysis, analyze_dataset, open_other
from satsuma.measures.corpus import Options
from satsuma.measures.mapping import Map
from satsuma.measures.outcome import as_json
from satsuma.measures.pvi import Pvi
from satsuma.measures.uniqueness import Uniqueness
from satsuma.measures.verdict import Finding
from satsuma.reading.dataset import Dataset, Selection, open_dataset
from satsuma.remote.staging import place_of, sending
from satsuma.remote.urls import is_url
from satsuma.reporting.instances import Shown, safe, shown_instances
from satsuma.reporting.lineages import MOST, Asked, chosen, requests_of
from satsuma.reporting.record import Record, record_of
from satsuma.run.atomic import write_atomically

if TYPE_CHECKING:
    from satsuma.llm.request import Json

EXTRA = "report"
NEEDS = ("vl_convert",)
LEVELS = ("problem", "note", "good")
_UNFIT = re.compile(r"[^\w.-]+")


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a report says.

    analysis: the measurements. kind: what it is for. names: of the datasets, the measured one first. records: of
    those that are runs, by number. instances: those that are shown. whole: places of those with their whole
    lineage. asked: key → request. notes: what is missing and why.
    """

    analysis: Analysis
    kind: str
    names: tuple[str, ...]
    records: dict[int, Record]
    instances: tuple[Shown, ...]
    whole: tuple[int, ...]
    asked: dict[str, Asked]
    notes: tuple[str, ...]

    @property
    def verdict(self) -> tuple[Finding, ...]:
        """What to act on, the gravest first: of the measurements, and of the run."""
        told = [*self.analysis.verdict, *(self.records[0].told if 0 in self.records else ())]
        titled = (replace(finding, text=self._titled(finding.text)) for finding in told)
        return tuple(sorted(titled, key=lambda finding: LEVELS.index(finding.level)))

    @property
    def titles(self) -> tuple[str, ...]:
        """What the datasets are called where there is little room: the ends of their paths, where these differ."""
        parts = [Path(name).parts for name in self.names]
        ends = tuple(safe("/".join(own[-1:] if at in self.records else own[-2:])) for at, own in enumerate(parts))
        return ends if len(set(ends)) == len(ends) else tuple(map(safe, self.names))

    def _titled(self, text: str) -> str:
        for name, title in zip(self.names, self.titles, strict=True):
            text = text.replace(name, title)
        return text

    def html(self) -> str:
        """The report as one self-contained page.

        Raises:
            ExtraError: a package of the extra `report` is not installed.
        """
        require(EXTRA, *NEEDS, needed_by="the report as a page")
        from satsuma.reporting.page import page

        return page(self)

    def markdown(self) -> str:
        """The report as Markdown, for CI."""
        from satsuma.reporting.plainly import markdown

        return markdown(self)

    def to_json(self) -> dict[str, Json]:
        """Every figure under its name (docs/measures.md), and what a run says of itself under `runs`."""
        runs = {self.names[number]: _run_json(record) for number, record in self.records.items()}
        return {**self.analysis.to_json(), "verdict": as_json(self.verdict), "runs": runs, "notes": list(self.notes)}

    def save(self, out: str | Path | None = None) -> Path:
        """Write the page; in the run directory where it is of a run, else in the current one. Returns the file.

        Raises:
            ExtraError: a package of the extra `report` is not installed.
            RunError: it cannot be written.
        """
        with sending(out) as wanted:
            path = Path(wanted).expanduser() if wanted is not None else self._place()
            write_atomically(path, self.html().encode("utf-8", "replace"))
        return path

    def _place(self) -> Path:
        if self.kind == "comparison":
            return Path("-".join(["compare", *(_stem(name) for name in self.names)]) + ".html")
        if 0 in self.records and not is_url(self.names[0]):
            return self.records[0].path / "report.html"
        return Path(f"{_stem(self.names[0])}-report.html")


def report_on(
    where: str | Path,
    against: Sequence[str | Path] = (),
    selection: Selection | None = None,
    options: Options | None = None,
    *,
    kind: str = "report",
) -> Report:
    """Measure a dataset and gather what its report shows.

    kind: `report`, or `comparison`, in which the instances of all datasets are shown.

    Raises:
        ExtraError: a package of the extra `report` is not installed that the measurements need.
        SatsumaError: as from `satsuma.analyze`, and where a run cannot be read.
    """
    require(EXTRA, *MEASURES_NEED, needed_by="a report")
    told = options or Options()
    analysis = analyze_dataset(where, against, selection, told)
    first = open_dataset(where, selection)
    datasets = [first, *(open_other(place, selection, first) for place in against)]
    mapped = analysis.measures.get("map")
    instances: list[Shown] = []
    for number, dataset in enumerate(datasets):
        instances += _shown(number, dataset, mapped, told, everything=kind == "comparison" or not number)
    records = _records(datasets)
    whole = chosen(instances, _named(analysis), MOST, told.seed)
    asked, notes = _asked(datasets, instances, whole)
    notes += tuple(note for record in records.values() for note in record.notes)
    names = tuple(dataset.name for dataset in datasets)
    return Report(analysis, kind, names, records, tuple(instances), tuple(whole), asked, notes)


def comparison_of(
    one: str | Path, other: str | Path, selection: Selection | None = None, options: Options | None = None
) -> Report:
    """Measure two datasets and gather what a report of both shows.

    Raises:
        SatsumaError: as `report_on`.
    """
    return report_on(one, (other,), selection, options, kind="comparison")


def _shown(number: int, dataset: Dataset, mapped: object, options: Options, *, everything: bool) -> list[Shown]:
    """The instances of a dataset: its sample, or those of it that are on the map."""
    if everything:
        return shown_instances(number, dataset, options.sample, options.seed)
    if not isinstance(mapped, Map):
        return []
    only = {point.id for point in mapped.points if point.source == number}
    return shown_instances(number, dataset, options.sample, options.seed, only)


def _records(datasets: Sequence[Dataset]) -> dict[int, Record]:
    found = {number: record_of(place_of(dataset.name)) for number, dataset in enumerate(datasets)}
    return {number: record for number, record in found.items() if record is not None}


def _named(analysis: Analysis) -> set[tuple[int, str]]:
    """The instances that the report speaks of by their ids."""
    named: set[tuple[int, str]] = set()
    for number, measures in enumerate([analysis.measures, *(other.measures for other in analysis.against)]):
        unique, hard = measures.get("uniqueness"), measures.get("pvi")
        if isinstance(unique, Uniqueness):
            named |= {(number, safe(identifier)) for pair in unique.pairs for identifier in (pair.one, pair.other)}
        if isinstance(hard, Pvi):
            named |= {(number, safe(one.id)) for one in hard.hardest}
    return named


def _asked(
    datasets: Sequence[Dataset], instances: Sequence[Shown], whole: Sequence[int]
) -> tuple[dict[str, Asked], tuple[str, ...]]:
    asked: dict[str, Asked] = {}
    notes: tuple[str, ...] = ()
    for number, dataset in enumerate(datasets):
        own = [instances[place].origin for place in whole if instances[place].dataset == number]
        keys = dict.fromkeys(key for origin in own if origin for key in origin.requests)
        found, told = requests_of(place_of(dataset.name), keys)
        asked |= found
        notes += told
    return asked, notes


def _run_json(record: Record) -> Json:
    return {
        "name": record.name,
        "state": record.state,
        "size": record.size,
        "n": record.n,
        "candidates": record.candidates,
        "models": list(record.models),
        "totals": as_json(record.totals.model_dump()),
        "rejects": [{"step": one.step, "reason": one.reason, "count": one.count} for one in record.reasons],
        "steps": as_json(record.steps),
    }


def _stem(name: str) -> str:
    return _UNFIT.sub("-", Path(name).expanduser().resolve().stem).strip("-.") or "dataset"
