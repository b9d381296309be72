"""What a plan that is a program is, what one row of it needs, and what can become of that row.

A program is text that defines `transform(row) -> dict | None`. It runs in a sandbox (`program_sandbox.py`) with two
doors out: `ask(question)` (or `ask_all([...])`), a question to a model that is answered elsewhere and journaled, and
`sample(column)`, another row's value. Neither waits: a row that asks something new ends as `Asked`, and is run again
from its beginning when the answers are there. So a row's result depends on the program, the row, its answers, its
samples and its seed, and on nothing else: not on other rows, the clock, the machine or the order of running.

Not covered: who answers (`llm/`), whether a result is a valid instance (`task/`), and the one limit that a machine's
speed can decide, `SECONDS`: simple programs take a row in some 50 microseconds, one of 800 lines took 0.1 s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from satsuma.llm.request import Json

SECONDS = 5.0
"""Seconds that a row may compute; generous, since they pass faster on a machine that has much else to do."""
MEMORY = 64 << 20
"""Bytes that a row may hold."""
DEPTH = 200
"""Calls within calls."""
ASKS = 100
"""Questions that a row may ask, counted each time `ask` is called with one."""
SAMPLES = 100
"""Values that a row may draw from other rows."""
QUESTION = 20_000
"""Characters of a question, its options included."""
RESULT = 1_000_000
"""Characters of a result, as JSON."""
SOURCE = 50_000
"""Characters of a program."""

Row: TypeAlias = Mapping[str, Json]
Sample: TypeAlias = Callable[[str, int], Json]
"""Column and number of the draw, from 0 → another row's value; LookupError where no row is left to draw from."""

FailureKind = Literal[
    "syntax", "undefined", "forbidden", "raised", "result", "asks", "samples", "time", "memory", "recursion", "crashed"
]
"""Why a program gave nothing for a row.

syntax: it cannot be parsed, or uses what the sandbox does not know. undefined: there is no function `transform`.
forbidden: it reaches for files, modules or the inside of Python. raised: an exception of its own. result: what it
returned is neither None nor a dict of the fields. asks, samples, time, memory, recursion: a limit. crashed: the
sandbox's process died, again and again.
"""


@dataclass(frozen=True, slots=True)
class Program:
    """A program and the fields that what it returns may have."""

    text: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """A question that a program asks. options: what the answer has to be one of; empty: free text."""

    question: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attempt:
    """One row, run once.

    answers: to what it asked in earlier attempts. sample: called in a thread of the sandbox. seed: of the sandbox's
    `random`, so that a program may shuffle.
    """

    row: Row
    answers: Mapping[Ask, str] = field(default_factory=dict)
    sample: Sample | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Done:
    """The row became these fields."""

    value: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Irrelevant:
    """The program returned None: the row has nothing to do with the task."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The row cannot go on without these answers; none of them is in its `answers`."""

    questions: tuple[Ask, ...]


@dataclass(frozen=True, slots=True)
class Failed:
    """There is no result. reason: for people and for the model that repairs the program."""

    kind: FailureKind
    reason: str


Outcome: TypeAlias = Done | Irrelevant | Asked | Failed
