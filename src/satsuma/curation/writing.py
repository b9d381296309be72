"""The result on disk: the rows that stay, split by split, the rejects, the leaks and the flags.

Rows are written as they were read, by `satsuma.run.writer`, so that the same dataset gives the same bytes. A dataset
that satsuma did not make keeps its columns; what its readers leave out (images, bytes) is not in the copy. The rejects
are those of the source, if it is a run, and after them what was removed here, in order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from satsuma.run.atomic import write_atomically
from satsuma.run.columns import REJECTS, Row
from satsuma.run.directory import RunDirectory
from satsuma.run.inferring import as_typed, schema_of
from satsuma.run.writer import JsonLines, ParquetFile, Sink, complete

if TYPE_CHECKING:
    import pyarrow as pa

    from satsuma.curation.population import Population
    from satsuma.curation.steps import Work
    from satsuma.reading.dataset import Dataset
    from satsuma.sources.rows import Row as Given
    from satsuma.task.card import Card

LEAKS, FLAGS = "leaks.jsonl", "flags.jsonl"
_SATSUMAS = ("text", "target", "id", "provenance")


@dataclass(slots=True)
class Writing:
    """What is written, and how many instances of each label went into each split."""

    source: Path
    dataset: Dataset
    population: Population
    work: Work
    splits: Mapping[int, str]
    counts: dict[str, Counter[str]] = field(default_factory=dict)

    @property
    def is_run(self) -> bool:
        """Whether the source is a run."""
        return (self.source / "run.json").is_file()

    def write(self, part: Path) -> None:
        """Fill a directory: data, rejects.parquet, leaks.jsonl and flags.jsonl.

        Raises:
            RunError: something cannot be written.
        """
        copy = RunDirectory(part)
        columns = self._columns()
        with ExitStack() as opened:
            sinks = {name: self._sinks(opened, copy, name, columns) for name in dict.fromkeys(self.splits.values())}
            rejects = opened.enter_context(ParquetFile(copy.rejects_path, REJECTS))
            for earlier in self._earlier():
                rejects.add(earlier)
            for bad in self.population.unreadable:
                rejects.add(_reject({}, "", None, ("read", f"{bad.reason}: {bad.where}"), None))
            for place, (row, example) in enumerate(self.dataset.rows()):
                if place in self.work.removed:
                    rejects.add(_reject(row, example.id, place, self.work.removed[place], self.dataset.card))
                    continue
                split = self.splits[place]
                self.counts.setdefault(split, Counter())[example.label or ""] += 1
                for sink in sinks[split]:
                    sink.add(as_typed(row, columns))
            complete(*(one for all_of in sinks.values() for one in all_of), rejects)
        self._lists(part)

    def _columns(self) -> pa.Schema:
        if self.is_run:
            import pyarrow.parquet as pq

            directory = RunDirectory(self.source)
            name = next(s for s in ("train", "validation", "test") if directory.data_path(s).is_file())
            return pq.read_schema(directory.data_path(name)).remove_metadata()
        return schema_of(row for place, (row, _) in enumerate(self.dataset.rows()) if place not in self.work.removed)

    def _sinks(self, opened: ExitStack, copy: RunDirectory, split: str, columns: pa.Schema) -> list[Sink]:
        sinks: list[Sink] = [opened.enter_context(ParquetFile(copy.data_path(split), columns))]
        if self.is_run and RunDirectory(self.source).data_path("train", "jsonl").exists():
            sinks.append(opened.enter_context(JsonLines(copy.data_path(split, "jsonl"))))
        return sinks

    def _earlier(self) -> Iterator[Row]:
        """The rejects that a run has already."""
        import pyarrow.parquet as pq

        path = RunDirectory(self.source).rejects_path
        if not self.is_run or not path.is_file():
            return
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=512):
                yield from batch.to_pylist()

    def _lists(self, part: Path) -> None:
        members = self.work.members
        leaks = [
            {
                "id": members[hit.index].id, "index": hit.index, "set": hit.set, "row": hit.row, "row_id": hit.row_id,
                "how": hit.how, "likeness": hit.likeness, "shared": hit.shared,
            }
            for hit in self.work.hits
        ]  # fmt: skip
        flags = [
            {
                "id": members[flag.place].id, "index": flag.place, "label": flag.label, "suggested": flag.suggested,
                "confidence": flag.confidence, "removed": flag.place in self.work.removed,
            }
            for flag in self.work.flags
        ]  # fmt: skip
        for name, rows in ((LEAKS, leaks), (FLAGS, flags)):
            if rows:
                write_atomically(part / name, b"".join(orjson.dumps(row) + b"\n" for row in rows))


def _reject(row: Given, identifier: str, place: int | None, why: tuple[str, str], card: Card | None) -> Row:
    step, reason = why
    provenance = row.get("provenance")
    origin: Mapping[str, object] = provenance if isinstance(provenance, Mapping) else {}
    ours = card is not None and bool(origin)
    shown = {name: value for name, value in row.items() if not (ours and name in _SATSUMAS)}
    requests = origin.get("requests")
    return {
        "id": identifier,
        "index": place,
        "step": step,
        "reason": reason,
        "asked": str(origin.get("asked") or ""),
        "fields": orjson.dumps(shown).decode(),
        "raw": "",
        "requests": requests if isinstance(requests, Sequence) else [],
    }
