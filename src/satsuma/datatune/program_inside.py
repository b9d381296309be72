"""The part that runs inside the sandbox, around a program: its doors, and what becomes of each row.

This file is never imported by satsuma: its text is what a session of pydantic-monty begins with, so it keeps to the
Python that monty knows (no classes that inherit, no generators, no `del`). `run` is then called with a block of rows.

Each row gets the program's text executed in a namespace of its own, so that nothing that a row leaves behind is there
for the next one. Results leave as text: JSON is written in here, within the limits, because converting objects is
done outside, where a few lists that share their elements would become gigabytes.
"""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

STOP = "the row ends here and is run again"
"""The message of what ends an attempt from a door. It passes by `except Exception`; if the program stops it all the
same, the state still says what happened."""


def doors(job: dict[str, Any], limits: dict[str, int], state: dict[str, Any]) -> dict[str, Any]:
    """The names that a program finds beside Python's own."""
    ask_all = asking(job, limits, state)

    def ask(question: str, options: list[str] | None = None) -> str:
        return ask_all([question], options)[0]

    names: dict[str, Any] = {"ask": ask, "ask_all": ask_all, "sample": sampling(job, limits, state), "print": silent}
    for name in ("open", "exec", "eval", "id"):
        names[name] = refused
    return names


def asking(
    job: dict[str, Any], limits: dict[str, int], state: dict[str, Any]
) -> Callable[[list[str], list[str] | None], list[str]]:
    """The door to a model: answers that are there, or the end of the row with all questions that lack one."""
    answers = {(question, tuple(options)): answer for question, options, answer in job["answers"]}

    def ask_all(questions: list[str], options: list[str] | None = None) -> list[str]:
        choices = checked_options(options)
        missing: list[Any] = []
        found: list[str] = []
        for question in questions:
            checked_question(question, choices, limits["question"])
            state["asks"] += 1
            if state["asks"] > limits["asks"]:
                stop(state, ["failed", "asks", f"more than {limits['asks']} questions for one row"])
            if (question, choices) in answers:
                found.append(answers[(question, choices)])
            elif [question, choices] not in missing:
                missing.append([question, choices])
        if missing:
            stop(state, ["asked", missing])
        return found

    return ask_all


def sampling(job: dict[str, Any], limits: dict[str, int], state: dict[str, Any]) -> Callable[[str], object]:
    """The door to other rows: values that are there, or the end of the row with the draw that is not."""
    drawn: dict[str, int] = {}

    def sample(column: str) -> object:
        if column not in job["row"]:
            raise KeyError(f"sample({column!r}): the row has no such column")
        number = drawn.get(column, 0)
        drawn[column] = number + 1
        state["samples"] += 1
        if state["samples"] > limits["samples"]:
            stop(state, ["failed", "samples", f"more than {limits['samples']} values of other rows for one row"])
        given = job["samples"].get(column, [])
        if number < len(given):
            return given[number]
        if column in job["ends"]:
            raise LookupError(f"sample({column!r}): no other row is left to draw from")
        stop(state, ["sample", column, number])
        return None

    return sample


def stop(state: dict[str, Any], what: list[Any]) -> None:
    """End the row; the first reason is the one that counts."""
    if not state["what"]:
        state["what"] = what
    raise BaseException(STOP)  # noqa: TRY002 - monty knows no classes that inherit


def refused(*_: object, **__: object) -> object:
    """What a program finds in place of a function that it has no use for."""
    raise PermissionError("this function is not there for a program")


def silent(*_: object, **__: object) -> None:
    """What a program prints goes nowhere."""


def checked_question(question: object, choices: tuple[str, ...], longest: int) -> None:
    """Raise what the program did wrong."""
    if not isinstance(question, str) or not question.strip():
        raise TypeError("ask() takes a question: a text that is not empty")
    if len(question) + sum([len(choice) for choice in choices]) > longest:
        raise ValueError(f"a question has at most {longest} characters")


def checked_options(options: object) -> tuple[str, ...]:
    """The options as part of a question's identity."""
    if options is None:
        return ()
    if not isinstance(options, (list, tuple)):
        raise TypeError("the options of ask() are a list of texts")
    texts = [option for option in options if isinstance(option, str) and option.strip()]
    if len(texts) != len(options):
        raise TypeError("the options of ask() are a list of texts")
    if len(texts) < 2 or len(set(texts)) != len(texts):
        raise ValueError("the options of ask() are two or more different texts")
    return tuple(texts)


def finished(value: object, fields: list[str], longest: int) -> str:
    """What a program returned, as the JSON text of an outcome."""
    if value is None:
        return '["irrelevant"]'
    problem = ""
    text = ""
    if not isinstance(value, dict):
        problem = f"it returned {type(value).__name__}, not a dict or None"
    elif not value:
        problem = "it returned an empty dict; a row that is of no use is None"
    else:
        for key in value:
            if key not in fields:
                problem = f"it returned the field {str(key)[:100]!r}; the fields are {', '.join(fields)}"
    if not problem:
        try:
            text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        except Exception as error:
            problem = f"what it returned is not data: {error}"
        if len(text) > longest:
            problem = f"it returned {len(text):,} characters; at most {longest:,} are taken"
    return json.dumps(["failed", "result", problem]) if problem else '["done",' + text + "]"


def attempt(program: str, job: dict[str, Any], limits: dict[str, int], fields: list[str]) -> str:
    """One row, as the JSON text of an outcome. What the program raises is an outcome too, except for the limits."""
    state: dict[str, Any] = {"what": [], "asks": 0, "samples": 0}
    names = doors(job, limits, state)
    if job["seed"] is not None:
        random.seed(job["seed"])
    outcome = ""
    try:
        exec(program, names)  # noqa: S102 - inside the sandbox
        if "transform" in names:
            outcome = finished(names["transform"](job["row"]), fields, limits["result"])
        else:
            outcome = '["failed","undefined","it defines no function transform(row)"]'
    except BaseException as error:
        outcome = json.dumps(["raised", type(error).__name__, str(error)[: limits["reason"]]])
    if state["what"]:
        return json.dumps(state["what"])
    return outcome


def run(program: str, jobs: list[dict[str, Any]], limits: dict[str, int], fields: list[str]) -> str:
    """The outcomes of a block of rows: JSON texts in a JSON list."""
    return "[" + ",".join([attempt(program, job, limits, fields) for job in jobs]) + "]"
