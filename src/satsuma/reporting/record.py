"""What a run says of itself beside its dataset: where it stands, what was dropped and why, what each step took.

Money of a step is its tokens at the model's price, as `satsuma.llm.bill` counts the whole run: attempts that failed are
in it, replies of a recording are not. Where a model was asked in both ways, in batches and at once, the step's own
money is not known, and the total still is. A journal that cannot be read leaves the steps out and is told.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from satsuma.errors import JournalError
from satsuma.measures.verdict import Finding
from satsuma.remote.staging import said
from satsuma.reporting.instances import safe
from satsuma.run.plain import one_line
from satsuma.run.redact import redact
from satsuma.run.run import Run
from satsuma.selecting.selection import reason_class

if TYPE_CHECKING:
    from satsuma.llm.journal import Journal, Tally
    from satsuma.llm.prices import Prices
    from satsuma.run.state import RunState, Totals

EXAMPLES = 3
"""Rejects that are shown of each step and reason."""
REASONS = 30
WIDTH = 600
MANY_REJECTS = 0.1
_ORDER = ("contexts", "seeds", "instance", "correction", "duplicate", "surplus")


@dataclass(frozen=True, slots=True)
class Dropped:
    """One reject. fields: of the instance, as text. raw: the last reply, cut."""

    id: str
    reason: str
    asked: str
    fields: str
    raw: str


@dataclass(frozen=True, slots=True)
class Reason:
    """Rejects of one step for one class of reasons, with a few of them."""

    step: str
    reason: str
    count: int
    examples: tuple[Dropped, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """What one step took with one model.

    requests: replies in the journal, of which `recorded` are from a recording. attempts: calls that were made. seconds:
    of waiting, summed over requests that overlap. usd: US dollars, None where it is not known.
    """

    step: str
    model: str
    requests: int
    recorded: int
    given_up: int
    attempts: int
    input_tokens: int
    output_tokens: int
    usd: float | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Record:
    """A run's own account. told: what is to be said of it. notes: what could not be read."""

    name: str
    path: Path
    state: str
    size: int
    n: int
    candidates: int
    models: tuple[str, ...]
    totals: Totals
    reasons: tuple[Reason, ...]
    steps: tuple[Step, ...]
    told: tuple[Finding, ...]
    notes: tuple[str, ...]


def record_of(path: Path) -> Record | None:
    """The account of the run at a path; None if it is no run.

    Raises:
        RunError: run.json or the rejects cannot be read.
    """
    if not (path / "run.json").is_file():
        return None
    run = Run(path)
    state = run.state
    steps, notes = _steps(run)
    return Record(
        name=safe(state.name),
        path=path,
        state=state.state,
        size=state.size,
        n=state.n,
        candidates=state.counts.candidates,
        models=tuple(dict.fromkeys(safe(model) for model in state.models.values())),
        totals=state.totals,
        reasons=tuple(_reasons(run)),
        steps=steps,
        told=tuple(_told(state)),
        notes=notes,
    )


def _reasons(run: Run) -> Iterator[Reason]:
    """Most frequent first; the counts are run.json's, which has those that are no candidates too."""
    examples = _examples(run)
    for row in run.summary().rejects[:REASONS]:
        yield Reason(safe(row.step), safe(row.reason), row.count, tuple(examples.get((row.step, row.reason), ())))


def _examples(run: Run) -> dict[tuple[str, str], list[Dropped]]:
    """Step and class of reason → the first rejects of it."""
    import pyarrow.parquet as pq

    found: dict[tuple[str, str], list[Dropped]] = {}
    if not run.rejects_path.is_file():
        return found
    with pq.ParquetFile(run.rejects_path) as file:
        for batch in file.iter_batches(batch_size=256):
            for row in batch.to_pylist():
                kind = (str(row["step"]), reason_class(str(row["reason"])))
                if len(kept := found.setdefault(kind, [])) < EXAMPLES:
                    kept.append(_dropped(row))
    return found


def _dropped(row: Mapping[str, Any]) -> Dropped:
    fields = json.loads(str(row["fields"] or "{}"))
    told = "\n".join(f"{name}: {value}" for name, value in fields.items())
    return Dropped(*(_cut(str(text or "")) for text in (row["id"], row["reason"], row["asked"], told, row["raw"])))


def _cut(text: str) -> str:
    cut = text if len(text) <= WIDTH else f"{text[:WIDTH]}… ({len(text):,} characters)"
    return safe(redact(cut))


def _steps(run: Run) -> tuple[tuple[Step, ...], tuple[str, ...]]:
    from satsuma.llm.journal import Journal
    from satsuma.llm.prices import Prices

    price = run.state.operational.get("price")
    given: Any = tuple(price) if isinstance(price, list) else None
    try:
        with closing(Journal.open(run.journal_path, readonly=True)) as journal:
            made = [_step(tally, journal, Prices(given)) for tally in journal.tallies()]
    except JournalError as error:
        return (), (f"What each step took is not known: {one_line(redact(said(error.message)))}.",)
    order = {name: at for at, name in enumerate(_ORDER)}
    return tuple(sorted(made, key=lambda step: (order.get(step.step, len(order)), step.step, step.model))), ()


def _step(tally: Tally, journal: Journal, prices: Prices) -> Step:
    tokens = tally.usage + tally.wasted
    return Step(
        step=safe(tally.step),
        model=safe(tally.identity),
        requests=tally.requests,
        recorded=tally.recorded,
        given_up=tally.given_up,
        attempts=tally.attempts,
        input_tokens=tokens.input_tokens,
        output_tokens=tokens.output_tokens,
        usd=_usd(tally, journal, prices),
        seconds=tally.seconds,
    )


def _usd(tally: Tally, journal: Journal, prices: Prices) -> float | None:
    from satsuma.llm.batch_notes import billed
    from satsuma.llm.batch_opening import BATCH
    from satsuma.llm.bill import Used, spent_for

    if not tally.attempts:
        return 0.0
    in_batches = billed(journal).get(tally.identity, (0,))[0]
    of_model = sum(t.attempts for t in journal.tallies() if t.identity == tally.identity)
    if 0 < in_batches < of_model:
        return None
    identity = f"{BATCH}{tally.identity}" if in_batches else tally.identity
    if prices(identity) is None:
        return None
    return spent_for([Used(identity, tally.attempts, tally.usage + tally.wasted)], prices).usd


def _told(state: RunState) -> Iterator[Finding]:
    """What there is to say of a run that its dataset does not show."""
    if state.state != "complete":
        why = f" ({one_line(state.reason)})" if state.reason else ""
        text = (
            f"The run is {state.state}{why}: it has {state.size:,} of {state.n:,} instances; the same command goes on."
        )
        yield Finding("note", "run", text)
    dropped = Counter({(step, reason): n for step, row in state.counts.rejects.items() for reason, n in row.items()})
    candidates = sum(n for (step, _), n in dropped.items() if step != "contexts")
    if candidates and candidates >= MANY_REJECTS * state.counts.candidates:
        (step, reason), most = dropped.most_common(1)[0]
        share = candidates / max(state.counts.candidates, 1)
        text = f"{share:.0%} of the candidates were dropped, most often in {step} ({one_line(reason, 80)}: {most:,})."
        yield Finding("note", "rejects", text)
    if state.totals.given_up:
        yield Finding("note", "cost", f"{state.totals.given_up:,} requests were given up: `--retry-failed` asks again.")
    yield from _trusted(state)


def _trusted(state: RunState) -> Iterator[Finding]:
    """How right the labels are, by people where somebody looked, else by the votes."""
    if state.audit is not None and state.audit.accuracy is not None:
        audit = state.audit
        text = f"People found {audit.accuracy:.1%} of the labels right, in {audit.judged:,} instances that they judged."
        yield Finding("note", "correction", text)
    elif state.noise is not None and state.noise.estimate is not None:
        noise = state.noise
        range_ = f" ({noise.low:.1%} to {noise.high:.1%})" if noise.low is not None and noise.high is not None else ""
        yield Finding("note", "correction", f"About {noise.estimate:.1%}{range_} of the labels are probably wrong.")
    elif state.noise is not None and state.noise.at_most is not None:
        text = f"At most {state.noise.at_most:.1%} of the labels are wrong, if the corrector errs independently."
        yield Finding("note", "correction", text)
