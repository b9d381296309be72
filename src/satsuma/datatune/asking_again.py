"""Answers that are looked at once they are there, and asked for again with what is wrong with them.

That an answer has its form is seen to where it is parsed (`satsuma.llm.ask`). What its parts have to do with the
dataset or the task (a column that there is none of, a language) is seen here: the model is shown its answer and what
was wrong, at most `AGAIN` times.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from pydantic import BaseModel

from satsuma.datatune.asking import Asks, Step
from satsuma.llm.ask import Answered, Unanswered
from satsuma.llm.parse import encodable
from satsuma.llm.request import Message
from satsuma.task.templates import built_in

AGAIN = 2
"""How often an answer is asked for again."""
SHOWN = 8000
"""Characters of its answer that the model is shown again."""

A = TypeVar("A", bound=BaseModel)


async def ask_until(
    asks: Asks, step: Step, path: str, messages: tuple[Message, ...], answer: type[A], problem: Callable[[A], str]
) -> Answered[A]:
    """An answer in which nothing is wrong. problem: what is wrong with one, in words; empty if nothing is.

    Raises:
        Unanswered: there is none after `AGAIN` repairs; its reason is the last problem, its keys are of all requests.
    """
    keys: tuple[str, ...] = ()
    for again in range(AGAIN + 1):
        try:
            answered = await asks(step, path, messages, answer)
        except Unanswered as unanswered:
            raise Unanswered(unanswered.reason, keys + unanswered.keys, unanswered.raw) from None
        keys += answered.keys
        wrong = problem(answered.value)
        if not wrong:
            return replace(answered, keys=keys)
        if again == AGAIN:
            raise Unanswered(wrong, keys, answered.raw)
        messages = (*messages, _given(answered.raw), Message("user", built_in("repair").render_text(reason=wrong)))
    raise AssertionError  # the loop returns or raises


def _given(raw: str) -> Message:
    shown = encodable(raw[:SHOWN]).replace("\0", "") + ("…" if len(raw) > SHOWN else "")
    return Message("assistant", shown or "(nothing)")
