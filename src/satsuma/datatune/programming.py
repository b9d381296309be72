"""A plan, written as a program (arXiv 2404.14361 names it as future work): asked for, tried on rows, repaired.

The program is tried on a few rows. What fails there is shown to the model with the rows it failed on, at most
`REPAIRS` times; so are a program that drops every row and one that makes the same of every row, which no exception
would tell. The attempt with the fewest failures counts, and is usable if at most `FAILED` of the rows fail: rows have
flaws of their own, and whether the program is good enough is for the comparison with the model to say
(`program_comparison.py`).

Not covered: whether what comes out is right.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pydantic import BaseModel, Field

from satsuma.datatune.execution import Graft, RowItem, Transformed
from satsuma.datatune.program import SOURCE, Program
from satsuma.datatune.program_comparison import Compared
from satsuma.datatune.program_execution import ProgramExecution
from satsuma.datatune.program_runs import Programs
from satsuma.datatune.program_source import MODULES
from satsuma.llm.ask import Unanswered
from satsuma.llm.request import Message
from satsuma.sources.schema import Column
from satsuma.sources.show import cut, shown_columns, shown_row
from satsuma.targen.asking import form
from satsuma.task.templates import built_in

REPAIRS = 3
"""Times that a program is repaired."""
FAILED = 1 / 3
"""Share of the rows that may fail at most."""
SHOWN_ROWS = 6
"""Rows that the model sees when it writes."""
SHOWN_FAILURES, SHOWN_EACH = 5, 2
"""Kinds of failures that it is told at a time, and rows of each."""
SHOWN_LOSSES = 12
"""Rows of a lost comparison that it is told."""
SHOWN_RESULTS = 2
"""Results that it is shown beside the failures."""
ROW_TOKENS = 600
SAME = 3
"""Instances from which it is a failure that all of them say the same."""
_DIFFERS = re.compile(r"'[^']*'|\"[^\"]*\"|\d+")
_ESCAPED = re.compile(r"def transform\([^)]*\)[^:]*:\s*\\n")
_FENCE = re.compile(r"\A\s*```[a-z]*\n(.*?)\n?```\s*\Z", re.DOTALL)


class ProgramAnswer(BaseModel):
    """What the model answers."""

    approach: str = Field(
        description="in a few sentences: how code does each step of the plan, which rows it drops, what it has to ask"
    )
    program: str = Field(
        min_length=1, max_length=SOURCE, description="the Python code, with its function transform(row)"
    )


@dataclass(frozen=True, slots=True)
class Failure:
    """Rows that fail in the same way. rows: some of them, as a prompt shows rows. count: of all of them."""

    reason: str
    count: int
    rows: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.reason} ({self.count} {'row' if self.count == 1 else 'rows'})"


@dataclass(frozen=True, slots=True)
class Written:
    """What came of the writing.

    program: None if no attempt is usable. text: of the best attempt, usable or not. repairs: times that it was
    repaired. tried, failed: rows, for the best attempt. failures: of the best attempt, or why there is none. raw: the
    reply with the best attempt.
    """

    program: Program | None
    text: str = ""
    raw: str = ""
    repairs: int = 0
    tried: int = 0
    failed: int = 0
    failures: tuple[str, ...] = ()
    keys: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class _Trial:
    program: Program
    failures: tuple[Failure, ...]
    results: tuple[str, ...] = ()
    dropped: int = 0
    keys: tuple[str, ...] = ()
    raw: str = ""

    @property
    def failed(self) -> int:
        return sum(failure.count for failure in self.failures)


def program_question(graft: Graft, columns: Sequence[Column], items: Sequence[RowItem]) -> tuple[Message, ...]:
    """The messages that ask for a program. columns: those that the rows have."""
    return built_in("program").render(
        **graft.told(),
        columns=shown_columns(columns),
        rows=[_shown(item) for item in items[:SHOWN_ROWS]],
        instance=graft.answers.form(),
        modules=sorted(MODULES - {"__future__"}),
        answer=form(ProgramAnswer),
    )


async def write_program(
    graft: Graft, programs: Programs, columns: Sequence[Column], items: Sequence[RowItem], path: str
) -> Written:
    """Ask for a program until one fails on no row, or it was repaired often enough.

    columns: those that the rows have. items: rows to try it on. path: who asks, such as the dataset's name.
    """
    return await _until_good(graft, programs, items, program_question(graft, columns, items), path)


async def improve_program(
    graft: Graft, programs: Programs, columns: Sequence[Column], items: Sequence[RowItem], path: str,
    written: Written, compared: Compared,
) -> Written:  # fmt: skip
    """Ask for a better program than one that lost a comparison, with the rows that it lost; else as `write_program`."""
    losses = [
        {"row": _shown(loss.item), "ours": _cut(loss.ours), "theirs": _cut(loss.theirs), "reason": _cut(loss.reason)}
        for loss in compared.losses[:SHOWN_LOSSES]
    ]
    text = built_in("program_better").render_text(rows=compared.told.rows, lost=compared.told.losses, losses=losses)
    asked = program_question(graft, columns, items)
    messages = (*asked, Message("assistant", written.raw), Message("user", text))
    return await _until_good(graft, programs, items, messages, path)


async def _until_good(
    graft: Graft, programs: Programs, items: Sequence[RowItem], messages: tuple[Message, ...], path: str
) -> Written:
    keys: tuple[str, ...] = ()
    trials: list[_Trial] = []
    for _ in range(REPAIRS + 1):
        try:
            answered = await graft.asks("program", path, messages, ProgramAnswer)
        except Unanswered as no:
            keys += no.keys
            if not trials:
                return Written(None, failures=(no.reason,), keys=keys)
            break
        keys += answered.keys
        program = Program(_bare(answered.value.program), graft.answers.fields)
        trials.append(replace(await _tried(graft, programs, program, items), raw=answered.raw))
        keys += trials[-1].keys
        if not trials[-1].failures:
            break
        messages = (*messages, Message("assistant", answered.raw), _again(trials[-1], len(items)))
    return _written(trials, len(items), keys)


def _written(trials: Sequence[_Trial], tried: int, keys: tuple[str, ...]) -> Written:
    """The attempt with the fewest failures."""
    best = min(trials, key=lambda trial: trial.failed)
    return Written(
        program=best.program if best.failed <= FAILED * tried else None,
        text=best.program.text,
        raw=best.raw,
        repairs=len(trials) - 1,
        tried=tried,
        failed=best.failed,
        failures=tuple(map(str, best.failures)),
        keys=keys,
    )


async def _tried(graft: Graft, programs: Programs, program: Program, items: Sequence[RowItem]) -> _Trial:
    """What a program makes of the rows."""
    if wrong := await programs.check(program):
        return _Trial(program, (Failure(f"{wrong.kind}: {wrong.reason}", len(items)),))
    way = ProgramExecution(graft, programs, program)
    results = await asyncio.gather(*(_outcome(way, item) for item in items))
    drafts = [one.draft for one in results if isinstance(one, Transformed) and one.draft is not None]
    failures = _grouped(
        [(item, one.reason) for item, one in zip(items, results, strict=True) if isinstance(one, Unanswered)]
    )
    dropped = sum(isinstance(one, Transformed) and one.draft is None for one in results)
    if not failures and (reason := _alike([graft.answers.content(one) for one in drafts], dropped, len(items))):
        failures = (Failure(reason, len(items), tuple(_shown(item) for item in items[:SHOWN_EACH])),)
    shown = tuple(graft.answers.shown(draft) for draft in drafts[:SHOWN_RESULTS])
    return _Trial(program, failures, shown, dropped, tuple(key for one in results for key in one.keys))


def _alike(contents: Sequence[str], dropped: int, rows: int) -> str:
    """What is wrong with all results together; empty if nothing is."""
    if rows and dropped == rows:
        return f"it returned None for all of {rows} rows, though they were taken from the dataset by chance"
    return "it made the same instance of every row" if len(contents) >= SAME and len(set(contents)) == 1 else ""


async def _outcome(way: ProgramExecution, item: RowItem) -> Transformed | Unanswered:
    """What became of a row."""
    try:
        return await way(item)
    except Unanswered as no:
        return no


def _grouped(failed: Sequence[tuple[RowItem, str]]) -> tuple[Failure, ...]:
    """Failures that differ in names and numbers only, together; the most frequent first."""
    groups: dict[str, list[tuple[RowItem, str]]] = {}
    for item, reason in failed:
        groups.setdefault(_DIFFERS.sub("", reason), []).append((item, reason))
    made = [
        Failure(group[0][1], len(group), tuple(_shown(item) for item, _ in group[:SHOWN_EACH]))
        for group in groups.values()
    ]
    return tuple(sorted(made, key=lambda failure: -failure.count))


def _shown(item: RowItem) -> str:
    return shown_row(item.row, tokens=ROW_TOKENS)


def _cut(text: str) -> str:
    return cut(text, ROW_TOKENS)


def _again(trial: _Trial, rows: int) -> Message:
    failures: list[Mapping[str, object]] = [
        {"reason": failure.reason, "count": failure.count, "rows": list(failure.rows)}
        for failure in trial.failures[:SHOWN_FAILURES]
    ]
    text = built_in("program_again").render_text(
        failures=failures, rows=rows, failed=min(trial.failed, rows), dropped=trial.dropped, results=list(trial.results)
    )
    return Message("user", text)


def _bare(program: str) -> str:
    """The code without a fence around it, and with its lines as lines where they were escaped once too often."""
    if "\n" not in program and _ESCAPED.search(program):
        program = program.replace("\\n", "\n").replace("\\t", "\t").replace('\\"', '"')
    fenced = _FENCE.match(program)
    return fenced[1] if fenced else program
