"""Runs to audit that were written and not generated, and a terminal that says what a test says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from satsuma.auditing.dialogue import hold
from satsuma.auditing.sitting import Sitting, Wanted, sitting
from satsuma.run.directory import RunDirectory
from satsuma.run.identity import begin
from satsuma.run.run import Run
from satsuma.run.writer import DatasetWriter
from satsuma.task.card import Card
from satsuma.task.instance import Instance, OutputValue, Provenance, Reject, Value
from satsuma.task.outputs import output_of
from satsuma.task.verbalize import Verbalizer

TICKETS: dict[str, object] = {
    "name": "tickets",
    "task": "Route a message.",
    "inputs": {"message": "One message."},
    "output": {"labels": {"billing": "charges", "bug": "broken"}},
}
Rows = Iterable[tuple[Mapping[str, Value], OutputValue]]


def card(output: Mapping[str, object] | None = None, **inputs: str) -> Card:
    """The tickets, or a card with another output and other inputs."""
    changed = {"output": output} if output else {}
    return Card.model_validate({**TICKETS, **changed, **({"inputs": inputs} if inputs else {})})


def messages(count: int, labels: tuple[str, ...] = ("billing", "bug")) -> list[tuple[dict[str, Value], OutputValue]]:
    """Messages whose labels take turns."""
    return [({"message": f"Message {i}."}, labels[i % len(labels)]) for i in range(count)]


def written(place: Path, rows: Rows, made_of: Card | None = None, *, jsonl: bool = False) -> Run:
    """A run with these instances, one reject and a journal."""
    task = made_of or card()
    output = output_of(task)
    verbalize = Verbalizer(task, output)
    directory = RunDirectory.create_or_open(place)
    accepted: dict[str, int] = dict.fromkeys(output.weights(), 0)
    with directory.lock():
        with DatasetWriter(directory, task, jsonl=jsonl) as writer:
            for number, (fields, value) in enumerate(rows):
                shown = output.shown(fields, value)
                text, target = verbalize(fields, value)
                origin = Provenance("targen", asked=shown, corrected=shown, votes=1, agreement=1.0, reason="it says so")
                writer.accept(Instance(f"context {number}", number, fields, value, text, target, origin))
                label = shown if shown in accepted else next(iter(accepted))
                accepted[label] += 1
            writer.reject(Reject("context 99 / seed 0", 99, "duplicate", "the same words as candidate 1"))
            files = writer.commit()
        directory.journal_path.write_bytes(b"a journal")
        n = sum(accepted.values())
        state = begin(task, {}, {}, n=n, seed=0, lag=0)
        counts = state.counts.model_copy(
            update={"accepted": accepted, "share": dict(accepted), "rejects": {"duplicate": {"the same words": 1}}}
        )
        directory.save_state(state.model_copy(update={"files": files, "counts": counts, "state": "complete"}))
    return Run(place)


class Script:
    """A terminal that gives these answers, and keeps what it was shown."""

    interactive = False
    width = 80

    def __init__(self, *answers: str) -> None:
        self._answers = list(answers)
        self.shown: list[str] = []

    def say(self, text: str) -> None:
        self.shown.append(text)

    def ask(self, prompt: str, most: int) -> str | None:  # noqa: ARG002
        return self.line(prompt)

    def line(self, prompt: str) -> str | None:
        self.say(prompt)
        return self._answers.pop(0) if self._answers else None

    @property
    def text(self) -> str:
        return "\n".join(self.shown)


@contextmanager
def seated(run: Run, n: int | None = None, *, auditor: str = "ada", seed: int | None = None) -> Iterator[Sitting]:
    """An auditor before a run; what they are told is dropped."""
    with sitting(run.path, Wanted(n, seed, auditor), lambda _: None) as at:
        yield at


def answered(run: Run, *answers: str, n: int | None = None, auditor: str = "ada", blind: bool = False) -> Script:
    """The terminal after an auditor gave these answers."""
    script = Script(*answers)
    with seated(run, n, auditor=auditor) as at:
        hold(at, script, blind=blind)
        at.settle()
    return script
