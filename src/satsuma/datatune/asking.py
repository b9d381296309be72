"""How the modules of DataTune ask: each under its own step's name, so that each can have a model of its own.

Votes and rows are sampled at the run's temperature; what is asked once for a run or a dataset (the expanded task, the
columns, the plan, the program) and what judges are sampled at 0, since there the likeliest answer is wanted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar, get_args

from pydantic import BaseModel

from satsuma.llm.ask import Answered, Question, ask
from satsuma.llm.client import Client
from satsuma.llm.request import Message, Sampling
from satsuma.settings import Settings

Step = Literal["retrieval", "rerank", "expand", "columns", "plan", "program", "judge", "execute", "ask"]
STEPS: tuple[Step, ...] = get_args(Step)
ANSWER_TOKENS = 8192
"""The limit on the tokens of one answer; a program of some hundred lines is the longest."""
_SAMPLED = frozenset({"rerank", "retrieval"})

A = TypeVar("A", bound=BaseModel)


class Asks(Protocol):
    """Asks one question of one step."""

    async def __call__(
        self, step: Step, path: str, messages: tuple[Message, ...], answer: type[A], draw: int = 0
    ) -> Answered[A]:
        """The validated answer. draw: which of several independent answers to the same question.

        Raises:
            Unanswered: there is none, with the reason.
        """
        ...


@dataclass(frozen=True, slots=True)
class Asking:
    """The models of a run."""

    client: Client
    settings: Settings

    async def __call__(
        self, step: Step, path: str, messages: tuple[Message, ...], answer: type[A], draw: int = 0
    ) -> Answered[A]:
        """Ask the step's model."""
        warm = self.settings.temperature
        temperature = warm if warm is None or step in _SAMPLED else 0.0
        sampling = Sampling(temperature=temperature, max_tokens=ANSWER_TOKENS, seed=self.settings.seed)
        question = Question(messages=messages, answer=answer, step=step, path=path, sampling=sampling, draw=draw)
        return await ask(self.client, self.client.model_for(step), question)
