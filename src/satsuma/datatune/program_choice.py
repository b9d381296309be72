"""Who carries out a plan where a program and a model both can: compared, and once more if the program lost.

    rows in an order of chance:  20 to write on | 100 to compare on | 100 to compare an improved program on

A program that the comparison refuses, but that was alike or better on a fair part of the rows (`PROMISING`), is shown
to the model that wrote it, with the rows that it lost and the judge's reasons. The improved one is tried on the same 20
rows as the first and compared on rows that neither it nor its writer has seen, so that its verdict is of the same kind.
Two verdicts may err twice: a program that is worse by just the margin is taken with a probability of 5%, not 2.5%.

Where the dataset has too few rows for that, the first verdict stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from satsuma.datatune.execution import Graft, RowItem, Way
from satsuma.datatune.program_comparison import ENOUGH, Comparison, compare
from satsuma.datatune.program_execution import ProgramExecution
from satsuma.datatune.program_runs import Programs
from satsuma.datatune.programming import Written, improve_program
from satsuma.sources.schema import Column

SAMPLE = 20
"""Rows that a program is tried on while it is written."""
COMPARED = 100
"""Rows of a comparison."""
ROWS = SAMPLE + 2 * COMPARED
"""Rows that all of it takes at most."""
PROMISING = 0.25
"""The score from which a program is worth improving."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Who carries out the plan. way: None for the model. before: the verdict on a program that was improved since."""

    way: ProgramExecution | None
    written: Written
    comparison: Comparison
    before: Comparison | None = None
    keys: tuple[str, ...] = ()


async def choose(
    graft: Graft, programs: Programs, columns: Sequence[Column], items: Sequence[RowItem], path: str,
    written: Written, model: Way,
) -> Choice:  # fmt: skip
    """The program that was written, an improved one, or the model. items: up to `ROWS`, in their order of chance.

    Raises:
        ValueError: no program was written.
    """
    if written.program is None:
        raise ValueError("there is no program to compare")
    way = ProgramExecution(graft, programs, written.program)
    first = await compare(graft, way, model, items[SAMPLE : SAMPLE + COMPARED])
    if first.told.verdict == "program":
        return Choice(way, written, first.told)
    fresh = items[SAMPLE + COMPARED : ROWS]
    if first.told.score < PROMISING or not first.losses or first.told.scored < ENOUGH or len(fresh) < ENOUGH:
        return Choice(None, written, first.told)
    better = await improve_program(graft, programs, columns, items[:SAMPLE], path, written, first)
    if better.program is None or better.program == written.program:
        return Choice(None, written, first.told, keys=better.keys)
    way = ProgramExecution(graft, programs, better.program)
    second = await compare(graft, way, model, fresh)
    verdict = way if second.told.verdict == "program" else None
    return Choice(verdict, better, second.told, first.told, better.keys)
