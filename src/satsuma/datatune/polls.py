"""Self-consistency: the same question, asked several times, each time independently (Wang et al. 2022).

Every vote reads what there is to choose from in the same order but from another starting point, so that no place in a
long list is favoured, and so that votes differ also where a model is not sampled. A vote that cannot be had is missing
and stops nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import BaseModel

from satsuma.datatune.asking import Asks, Step
from satsuma.llm.ask import Unanswered
from satsuma.llm.request import Message

A = TypeVar("A", bound=BaseModel)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Poll(Generic[A]):
    """Votes in the order of their numbers. unanswered: those that could not be had. keys: of all requests."""

    votes: tuple[A, ...]
    unanswered: int
    keys: tuple[str, ...]


async def poll(
    asks: Asks, step: Step, path: str, question: Callable[[int], tuple[Message, ...]], answer: type[A], votes: int
) -> Poll[A]:
    """Take votes 0 to `votes` - 1 at the same time. question: the number of a vote → its messages."""

    async def one(draw: int) -> tuple[A | None, tuple[str, ...]]:
        try:
            answered = await asks(step, path, question(draw), answer, draw)
        except Unanswered as unanswered:
            return None, unanswered.keys
        return answered.value, answered.keys

    cast = await asyncio.gather(*(one(draw) for draw in range(votes)))
    given = tuple(vote for vote, _ in cast if vote is not None)
    return Poll(given, votes - len(given), tuple(key for _, keys in cast for key in keys))


def turned(items: Sequence[T], draw: int, votes: int) -> tuple[T, ...]:
    """The items from the starting point of a vote on."""
    start = draw * len(items) // votes
    return (*items[start:], *items[:start])
