"""Reports to look at, made without a model: a run that was written with its journal, and rows in a file."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from satsuma.llm.journal import Entry, Journal
from satsuma.llm.request import Message, Reply, Request, Usage, key_of
from satsuma.measures.corpus import Options
from satsuma.reporting.making import Report, report_on
from satsuma.run.directory import RunDirectory
from satsuma.run.identity import begin
from satsuma.run.run import Run
from satsuma.run.state import Counts, Totals
from satsuma.run.writer import DatasetWriter
from satsuma.task.instance import Instance, Provenance, Reject
from tests.reading.runs import CARD

HOSTILE = (
    "</script><script>window.owned = 1</script><img src=x onerror='window.owned = 1'>"
    "{{ 7 * 7 }} \u202egnihtemos\x00 end"
)
"""What must be shown and not run: markup, a template, a direction override, a null byte."""
WORDS = ["amber", "basil", "cedar", "delta", "ember", "fjord", "grove", "heron", "iris", "jade", "kelp", "lotus"]


def text(number: int) -> str:
    """A message that is unlike those of other numbers."""
    picked = " ".join(WORDS[(number * step + step * step) % len(WORDS)] for step in range(1, 9))
    return f"The {picked} order {number} of {number * 37 % 101} came late, she says."


def a_request(step: str, path: str, prompt: str) -> Request:
    return Request(
        "openai/gpt-4.1-mini", (Message("system", "You write data."), Message("user", prompt)), step=step, path=path
    )


def a_run(place: Path, count: int = 40, odd: str = "") -> Run:
    """A finished run with a journal and rejects. odd: a text that stands wherever a model can write."""
    directory = RunDirectory.create_or_open(place)
    entries: list[Entry] = []
    with directory.lock():
        with DatasetWriter(directory, CARD) as writer:
            for number in range(count):
                writer.accept(_instance(number, entries, odd))
            for number in range(3):
                reject = Reject(
                    f"context 99 / seed {number}", count + number, "duplicate", f"near-duplicate of candidate {number}",
                    "bug", {"message": odd or text(number)}, odd or "{}", (),
                )  # fmt: skip
                writer.reject(reject)
            files = writer.commit()
        counts = Counts(candidates=count + 3, rejects={"duplicate": {"near-duplicate of candidate …": 3}})
        state = begin(CARD, {}, {"price": [0.4, 1.6]}, n=count, seed=0, lag=0).model_copy(
            update={
                "files": files,
                "state": "complete",
                "counts": counts,
                "totals": Totals(requests=2 * count, usd=0.5),
            }
        )
        directory.save_state(state)
    with ThreadPoolExecutor(1) as thread:  # a browser that is driven has an event loop in this one
        thread.submit(lambda: asyncio.run(_journaled(directory.journal_path, entries))).result()
    return Run(place)


def _instance(number: int, entries: list[Entry], odd: str) -> Instance:
    asked = "billing" if number % 2 else "bug"
    label = "bug" if number % 10 == 1 else asked
    path = f"context {number // 4} / seed {number % 4}"
    requests = [a_request(step, path, f"{step} {number}\n{odd}") for step in ("instance", "correction")]
    for request in requests:
        reply = Reply(json.dumps({"message": odd or text(number)}), usage=Usage(100, 50))
        entries.append(Entry(key_of(request.canonical()), request, reply, 1, 0.5))
    origin = Provenance(
        "targen", f"context {number // 4} {odd}", f"seed {number}", {"tone": f"calm {odd}"}, asked, label, 3, 2 / 3,
        f"because {odd}", "m", "m", tuple(entry.key for entry in entries[-2:]),
    )  # fmt: skip
    fields = {"message": f"{text(number)} {odd}", "product": f"product {number % 3}"}
    return Instance(path, number, fields, label, f"{fields['message']}\n{fields['product']}", label, origin)


async def _journaled(path: Path, entries: Iterable[Entry]) -> None:
    with Journal.open(path) as journal:
        await asyncio.gather(*(journal.put(entry) for entry in entries))


def rows(path: Path, made: Sequence[object]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in made), "utf-8")
    return path


def some_rows(path: Path, count: int = 40) -> Path:
    """A dataset that satsuma did not make."""
    return rows(path, [{"text": text(i + 500), "label": ["bug", "billing"][i % 2]} for i in range(count)])


def report_of(where: Path, *against: Path, **options: object) -> Report:
    """A report without a model."""
    chosen = Options(**{"embedder": None, **options})  # type: ignore[arg-type]
    return report_on(where, against, None, chosen)
