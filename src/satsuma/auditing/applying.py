"""A copy of a run to which the verdicts of its audit were applied. The run itself is never changed.

A relabelled instance says so in its provenance, a dropped one is in the rejects (step `audit`), one on which people
differ stays as it was and is counted, and run.json tells what was done (`applied`). The journal is copied, so that
every instance can still be traced. The copy is made under a hidden name and put in place whole.

Not covered: growing a copy; that is done in the run that it was made from.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

import orjson

from satsuma.auditing.deciding import Decision, How, accuracy_after, decided
from satsuma.auditing.figures import judgements
from satsuma.auditing.naming import text_of
from satsuma.auditing.population import fields_of, reading, stratum_of
from satsuma.auditing.sitting import Note, Sitting, Wanted, sitting
from satsuma.auditing.verdicts import Verdict
from satsuma.errors import RunError
from satsuma.remote.urls import MADE_HERE, refuse_url
from satsuma.run.columns import REJECTS, Row
from satsuma.run.directory import RunDirectory
from satsuma.run.placing import check_place, made
from satsuma.run.readme import write_readme
from satsuma.run.run import Run
from satsuma.run.state import RunState
from satsuma.run.trust import Applied
from satsuma.run.writer import JsonLines, ParquetFile, Sink, complete
from satsuma.task.verbalize import Verbalizer

if TYPE_CHECKING:
    import pyarrow.parquet as pq

STEP, REASON = "audit", "judged wrong by a person"
"""Where a dropped instance was dropped, and the class of the reason."""


def apply_verdicts(run: str | os.PathLike[str], how: How, out: str | os.PathLike[str], note: Note) -> Run:
    """Make the copy in directory `out`.

    Raises:
        RunError: there is no run or nothing was judged, `out` holds something, or something cannot be written.
        SettingsError: `out` is a URL.
    """
    refuse_url(out, MADE_HERE)
    place = Path(out).expanduser()
    with sitting(run, Wanted(), note) as at:
        check_place(place, at.directory.path, called="the run that was audited", needs="a run needs a directory")
        work = _Work.of(at, how)
        with made(place) as part:
            work.write(RunDirectory(part))
    return Run(place)


@dataclass(slots=True)
class _Work:
    """What is to be done, and the counts of what was."""

    at: Sitting
    how: How
    said: Mapping[str, list[Verdict]]
    done: Mapping[str, Decision]
    verbalize: Verbalizer
    accepted: Counter[str] = field(default_factory=Counter)
    did: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, at: Sitting, how: How) -> _Work:
        if at.other_splits:
            raise RunError(
                f"{at.directory.path} has several splits, and verdicts are applied before a dataset is split",
                "Import its audit.jsonl into the run that it was curated from with --from, and apply them there.",
            )
        standing = at.standing()
        judged = {one for own in standing.values() for one in own}
        said = {one: found for one in sorted(judged) if (found := judgements(standing, one))}
        if not said:
            raise RunError(
                f"{at.directory.path} has no verdicts that could be applied",
                f"First: satsuma audit {at.directory.path}",
            )
        done = {one: decided(found, how) for one, found in said.items()}
        return cls(at, how, said, done, Verbalizer(at.card, at.naming.output))

    def write(self, copy: RunDirectory) -> None:
        """Fill the copy's directory."""
        dropped = self._write_dataset(copy)
        self._write_rejects(copy, dropped)
        self.at.directory.copy_journal(copy)
        state = self._state(copy)
        write_readme(copy, self.at.card, state)
        copy.save_state(state)

    def _write_dataset(self, copy: RunDirectory) -> list[Row]:
        """Write the rows that stay; returns the others."""
        source = self.at.directory
        dropped: list[Row] = []
        with reading(source.data_path()) as file, ExitStack() as opened:
            columns = file.schema_arrow.remove_metadata()
            sinks: list[Sink] = [opened.enter_context(ParquetFile(copy.data_path(), columns))]
            if source.data_path("train", "jsonl").exists():
                sinks.append(opened.enter_context(JsonLines(copy.data_path("train", "jsonl"))))
            for row in _rows(file):
                kept = self._kept(row)
                if kept is None:
                    dropped.append(row)
                    continue
                for sink in sinks:
                    sink.add(kept)
            complete(*sinks)
        return dropped

    def _kept(self, row: Row) -> Row | None:
        """The row as the copy has it; None if it is dropped."""
        name = self.at.card.output.name
        decision = self.done.get(str(row["id"]), Decision("keep"))
        if decision.kind != "keep" and not self.at.is_as_judged(row):  # another row of that id
            decision = Decision("keep")
        if decision.kind == "drop":
            self.did["drop"] += 1
            return None
        if decision.kind == "relabel":
            row = self._relabelled(row, decision)
        self.did[decision.kind] += 1
        self.accepted[stratum_of(self.at.card, self.at.naming.output, row[name])] += 1
        return row

    def _relabelled(self, row: Row, decision: Decision) -> Row:
        card, naming = self.at.card, self.at.naming
        fields = fields_of(card, row)
        before = text_of(naming.given(fields, row[card.output.name]))
        output = naming.output_of(fields, decision.label)
        text, target = self.verbalize(fields, output)
        origin = cast("dict[str, object]", row["provenance"])
        told = f"relabelled by {decision.who}: {before} → {text_of(decision.label)}"
        reason = f"{told}; {origin['reason']}" if origin.get("reason") else told
        return {
            **row,
            card.output.name: list(output) if isinstance(output, tuple) else output,
            "text": text,
            "target": target,
            "provenance": {**origin, "reason": reason},
        }

    def _write_rejects(self, copy: RunDirectory, dropped: list[Row]) -> None:
        with ParquetFile(copy.rejects_path, REJECTS) as sink:
            if self.at.directory.rejects_path.exists():
                with reading(self.at.directory.rejects_path) as file:
                    for row in _rows(file):
                        sink.add(row)
            for row in dropped:
                sink.add(self._reject(row))
            complete(sink)

    def _reject(self, row: Row) -> Row:
        card, naming = self.at.card, self.at.naming
        decision = self.done[str(row["id"])]
        fields = fields_of(card, row)
        label = text_of(naming.given(fields, row[card.output.name]))
        right = f", right: {text_of(decision.label)}" if decision.label is not None else ""
        told = f"; its label: {label}{right}" if label else ""
        origin = cast("Mapping[str, object]", row["provenance"])
        shown = {name: row[name] for name in (*card.columns, card.output.name)}
        return {
            "id": row["id"],
            "index": None,
            "step": STEP,
            "reason": f"{REASON}: {decision.who}{told}",
            "asked": origin.get("asked") or "",
            "fields": orjson.dumps(shown).decode(),
            "raw": "",
            "requests": origin.get("requests") or [],
        }

    def _state(self, copy: RunDirectory) -> RunState:
        before = self.at.state
        counts, rejects = before.counts, {step: dict(row) for step, row in before.counts.rejects.items()}
        if self.did["drop"]:
            rejects[STEP] = {**rejects.get(STEP, {}), REASON: rejects.get(STEP, {}).get(REASON, 0) + self.did["drop"]}
        names = {**dict.fromkeys(counts.accepted, 0), **dict.fromkeys(self.accepted, 0)}
        accepted = {name: self.accepted[name] for name in names}
        applied = Applied(
            source=str(self.at.directory.path),
            how=self.how,
            relabelled=self.did["relabel"],
            dropped=self.did["drop"],
            disputed=self.did["disputed"],
            audit=self.at.result(),
            after=accuracy_after(self.at.population, self.at.ids, self.said, self.done),
            number=before.applied.number + 1 if before.applied else 1,
        )
        return before.model_copy(
            update={
                "counts": counts.model_copy(update={"accepted": accepted, "rejects": rejects}),
                "noise": None,  # the votes were on labels that are not all there any more
                "audit": None,
                "applied": applied,
                "files": copy.hashes(),
            }
        )


def _rows(file: pq.ParquetFile) -> Iterator[Row]:
    for batch in file.iter_batches(batch_size=512):
        yield from batch.to_pylist()
