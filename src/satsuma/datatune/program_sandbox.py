"""Where programs run: worker processes of pydantic-monty, an interpreter of its own that has no files and no network.

Rule: whatever a program does ends as an outcome, within its limits, and the next row finds a worker. Nothing of a
worker is left when the sandbox is closed.

Mechanism: a block of rows is one call into a fresh session. If the block as a whole cannot end (it took too long, took
too much memory, killed its worker), each of its rows is run in a session of its own, which says which row it was; so a
block may be strict and never lenient, and a program of which a block failed runs row by row from then on. An exception
of the program's own is looked at once more in that way too, since only then is the line known. A row whose worker dies
of something else than its limits is tried again, `LIVES` times in all.

Workers start through a line of shell: they ignore Ctrl-C, which a terminal sends to every process of the job (whoever
runs the sandbox decides when to stop), and what they say on standard error does not land in the middle of a progress
line. A worker whose satsuma is killed ends by itself, at the latest when its row's time is over.

Not covered: limits on memory of the whole machine; each worker has `program.MEMORY` plus about 10 MB of its own.
"""

from __future__ import annotations

import datetime
import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Self

import orjson

from satsuma.datatune import program as limit
from satsuma.datatune.program import Ask, Asked, Attempt, Done, Failed, Irrelevant, Outcome, Program
from satsuma.datatune.program_failures import failure, raised
from satsuma.datatune.program_source import alone, draws, flaw
from satsuma.errors import ExtraError
from satsuma.llm.request import Json

if TYPE_CHECKING:
    from pydantic_monty import Monty, MontySession, ResourceLimits

LIVES = 3
"""Times that a row is tried whose worker dies."""
GRACE = 0.25
"""Seconds after which a worker that does not stop at its limit by itself is killed."""
LIMITS = {
    "asks": limit.ASKS, "samples": limit.SAMPLES, "question": limit.QUESTION, "result": limit.RESULT, "reason": 500,
}  # fmt: skip
"""The limits that the inside keeps by itself; reason: characters of an exception's message."""
EPOCH = datetime.datetime(2000, 1, 1)
"""What the time is in there, always."""


class Left(Exception):
    """The sandbox is being closed: nobody waits for these rows any more."""


@dataclass(frozen=True, slots=True)
class Wants:
    """The row needs one more value of another row: draw `number` of a column."""

    column: str
    number: int


@dataclass(slots=True)
class Job:
    """An attempt on its way into the sandbox: with the samples it is known to need.

    ends: the columns of which there is no further value.
    """

    attempt: Attempt
    samples: dict[str, list[Json]]
    ends: set[str]
    lives: int = LIVES


class Sandbox:
    """Worker processes, as a context manager. Its methods may be called from as many threads as there are workers.

    under: the folder in which its own lies; None for the system's temporary one.
    """

    def __init__(self, workers: int, under: Path | None = None) -> None:
        self._workers = workers
        self._under = under
        self._singly: set[Program] = set()
        self._leaving = False
        self._pool: Monty | None = None

    def __enter__(self) -> Self:
        """Start the workers.

        Raises:
            ExtraError: pydantic-monty is not installed, or its workers cannot be started.
        """
        binary = _binary()
        self._place = tempfile.mkdtemp(prefix="satsuma-sandbox-", dir=self._under)
        try:
            self._pool = _pool(Path(self._place), binary, self._workers)
            self._pool.__enter__()
            with self._session(0) as session:
                _feed(session, _call(), _inputs(Program("", ()), []))
        except Exception as error:
            self.close()
            raise ExtraError(f"the sandbox for programs cannot be started: {error}", _INSTALL) from error
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the workers."""
        try:
            if self._pool is not None:
                self._pool.__exit__(None, None, None)
        finally:
            shutil.rmtree(self._place, ignore_errors=True)

    def leave(self) -> None:
        """Begin no further row; `run` raises instead. Call it from any thread."""
        self._leaving = True

    def run(self, program: Program, jobs: Sequence[Job]) -> list[Outcome | Wants]:
        """What becomes of each row, in order.

        Raises:
            Left: somebody called `leave`.
        """
        wrong = flaw(program.text)
        if wrong is not None:
            return [wrong] * len(jobs)
        if len(jobs) > 1 and program not in self._singly and not alone(program.text):
            outcomes = self._block(program, jobs)
            if outcomes is not None:
                return outcomes
        return [self._single(program, job) for job in jobs]

    def _block(self, program: Program, jobs: Sequence[Job]) -> list[Outcome | Wants] | None:
        """The rows in one session; None if it could not end."""
        try:
            with self._session(0) as session:
                told = json.loads(_feed(session, _call(), _inputs(program, jobs)))
            outcomes = [None if outcome[0] == "raised" else _outcome(outcome) for outcome in told]
        except Exception:  # whichever row it was says it again, alone
            self._singly.add(program)
            return None
        return [
            self._single(program, job) if outcome is None else outcome
            for job, outcome in zip(jobs, outcomes, strict=True)
        ]

    def _single(self, program: Program, job: Job) -> Outcome | Wants:
        """One row in a session of its own."""
        while True:
            if self._leaving:
                raise Left
            try:
                with self._session(job.attempt.seed) as session:
                    return self._told(session, program, job)
            except Exception as error:
                job.lives -= 1
                found = failure(error)
                if found.kind != "crashed" or job.lives <= 0:
                    return found

    def _told(self, session: MontySession, program: Program, job: Job) -> Outcome | Wants:
        outcome = json.loads(_feed(session, _call(), _inputs(program, [job])))[0]
        if outcome[0] != "raised":
            return _outcome(outcome)
        return raised(outcome[1], outcome[2], _line(session, program, job))

    def _session(self, seed: int) -> MontySession:
        limits: ResourceLimits = {
            "max_feed_duration_secs": limit.SECONDS,
            "max_memory": limit.MEMORY,
            "max_recursion_depth": limit.DEPTH,
        }
        assert self._pool is not None, "a sandbox is used as a context manager"  # noqa: S101
        return self._pool.checkout(
            limits=limits,
            os_policy={"datetime": EPOCH, "sleep": "zero", "process_time": "zero", "random_start": {"seed": seed}},
        )


_INSTALL = "pip install 'satsuma[datatune]'"


def _binary() -> str:
    """Where the program of a worker lies."""
    try:
        from pydantic_monty._binary import find_monty_binary

        return str(find_monty_binary())
    except ImportError:
        raise ExtraError("programs run in pydantic-monty, which is not installed", _INSTALL) from None
    except FileNotFoundError as missing:
        raise ExtraError(f"the sandbox for programs is not whole: {missing}", _INSTALL) from None


def _pool(place: Path, binary: str, workers: int) -> Monty:
    """The pool, not started yet."""
    from pydantic_monty import Monty

    start = place / "worker"
    start.write_text(f"#!/bin/sh\ntrap '' INT\nexec {quote(binary)} \"$@\" 2>/dev/null\n", "utf-8")
    start.chmod(0o700)
    return Monty(
        binary_path=start, min_processes=workers, max_processes=workers,
        feed_duration_limit_grace=GRACE, turn_duration_limit_grace=GRACE,
    )  # fmt: skip


@cache
def _call() -> str:
    """The text of what runs around a program, and its beginning."""
    return Path(__file__).with_name("program_inside.py").read_text("utf-8") + "\nrun(program, jobs, limits, fields)"


def _feed(session: MontySession, code: str, inputs: dict[str, object] | None = None) -> str:
    """What a piece of code comes to; what it prints goes nowhere."""
    told: str = session.feed_run(code, inputs=inputs, print_callback=lambda *_: None)
    return told


def _inputs(program: Program, jobs: Sequence[Job]) -> dict[str, object]:
    return {
        "program": program.text,
        "jobs": [_input(program, job) for job in jobs],
        "limits": LIMITS,
        "fields": list(program.fields),
    }


def _input(program: Program, job: Job) -> dict[str, object]:
    attempt = job.attempt
    return {
        "row": dict(attempt.row),
        "answers": [[ask.question, list(ask.options), answer] for ask, answer in attempt.answers.items()],
        "samples": job.samples,
        "ends": list(job.ends),
        "seed": attempt.seed if draws(program.text) else None,
    }


def _outcome(told: list[Json]) -> Outcome | Wants:
    """What the inside said; it is checked again, because a program runs beside it.

    Raises:
        ValueError: it makes no sense.
    """
    match told:
        case ["done", dict(value)]:
            return _done(value)
        case ["irrelevant"]:
            return Irrelevant()
        case ["asked", [*questions]] if questions:
            return Asked(tuple(_ask(question) for question in questions))
        case ["sample", str(column), int(number)]:
            return Wants(column, number)
        case ["failed", "undefined" | "result" | "asks" | "samples" as kind, str(reason)]:
            return Failed(kind, reason)
    raise ValueError("the sandbox said something that it does not say")


def _done(value: dict[str, Json]) -> Done | Failed:
    try:
        orjson.dumps(value)
    except TypeError as error:  # an integer of more than 64 bits
        return Failed("result", f"what it returned is not data: {error}")
    return Done(value)


def _ask(told: Json) -> Ask:
    match told:
        case [str(question), [*options]]:
            return Ask(question, tuple(str(option) for option in options))
    raise ValueError("the sandbox asked something that is no question")


_AGAIN = """
_names = doors(jobs[0], limits, {"what": [], "asks": 0, "samples": 0})
ask, ask_all, sample, print = _names["ask"], _names["ask_all"], _names["sample"], _names["print"]
open, exec, eval, id = _names["open"], _names["exec"], _names["eval"], _names["id"]
if jobs[0]["seed"] is not None:
    random.seed(jobs[0]["seed"])
"""
_PROGRAM_FEED = "<python-input-2>"
"""What a traceback calls the program when it is the third thing that a session is given."""


def _line(session: MontySession, program: Program, job: Job) -> int:
    """The line at which the program raises, 0 if it cannot be said: run once more, now outside of `exec`."""
    from pydantic_monty import MontyRuntimeError

    try:
        _feed(session, _AGAIN, _inputs(program, [job]))
        _feed(session, program.text)
        _feed(session, 'transform(jobs[0]["row"])')
    except MontyRuntimeError as error:
        lines = [frame.line for frame in error.traceback() if frame.filename == _PROGRAM_FEED]
        return lines[-1] if lines else 0
    except Exception:
        return 0
    return 0
