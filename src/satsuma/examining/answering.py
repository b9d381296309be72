"""Questions that are known beforehand, asked of one model and answered in order, each journaled before it counts.

The same journal, limits, budget and ways to name a model as in a run; the answers come through the ordered stream, so
that what is there after an interruption or at the end of the budget is the first part of the whole, and the same
command goes on from the journal. A question without a usable answer is an answer with its reason, never a crash.

Not covered: what is asked, and what is made of the answers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from satsuma.ahead import Ahead
from satsuma.door import Interrupts
from satsuma.errors import BudgetSpent, Interrupted, SatsumaError
from satsuma.interruptible import interruptible
from satsuma.llm.ask import Question, Unanswered, ask
from satsuma.llm.budget import hint_for
from satsuma.llm.client import Client, open_client
from satsuma.llm.journal import Journal
from satsuma.progress import Progress, Snapshot
from satsuma.settings import Settings
from satsuma.stream import END, End, ordered

A = TypeVar("A", bound=BaseModel)
LATER = ("batch:", "file:")
"""What the names of models begin with that are asked in waves; a wave is as large as can be."""
WAVE = 10_000


@dataclass(frozen=True, slots=True)
class Given(Generic[A]):
    """What came of a question. value: None where there is no usable answer. problem: why; empty where there is one."""

    value: A | None
    problem: str
    keys: tuple[str, ...]
    raw: str


class Bill(BaseModel):
    """What the journal holds of all the processes that asked. usd: None without a price."""

    model_config = ConfigDict(frozen=True)

    requests: int = 0
    given_up: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    usd: float | None = None


@dataclass(frozen=True, slots=True)
class Answers(Generic[A]):
    """The answers to the first questions, in order. ended: why not to all of them; None if to all."""

    given: tuple[Given[A], ...]
    ended: SatsumaError | None
    bill: Bill


async def answers(
    question: Callable[[int], Question[A]],
    settings: Settings,
    journal_path: Path,
    progress: Progress,
    interrupts: Interrupts,
) -> Answers[A]:
    """Ask questions 0 to `settings.n` - 1 of the settings' model.

    Raises:
        SatsumaError: the model or the journal cannot be opened; nothing was asked.
    """
    journal = Journal.open(journal_path)
    try:
        async with open_client(settings, journal, note=progress.note) as client:
            work = _Work(client, settings, question, progress)
            ended = await work.do(interrupts)
            if isinstance(ended, BudgetSpent):
                ended.hint = hint_for(ended, min(len(work.given), settings.n - 1), settings.n)
            return Answers(tuple(work.given), ended, _bill(client, journal))
    finally:
        journal.close_or_remove()


class _Work(Generic[A]):
    """One process's asking."""

    def __init__(
        self, client: Client, settings: Settings, question: Callable[[int], Question[A]], progress: Progress
    ) -> None:
        self._client = client
        self._settings = settings
        self._question = question
        self._progress = progress
        self._began = time.monotonic()
        self.given: list[Given[A]] = []

    async def do(self, interrupts: Interrupts) -> SatsumaError | None:
        """Ask as far as it goes; how it ended, None if all was answered."""
        try:
            return await interruptible(self._client, self._collected(), self._progress, interrupts)
        except Interrupted as left:
            return left

    async def _collected(self) -> SatsumaError | None:
        ahead = Ahead(self._begin, self._window, lambda: len(self.given), lambda: self._client.budget_left)
        try:
            async with aclosing(ordered(ahead.make, ahead.window)) as stream:
                async for _, one in stream:
                    self.given.append(one)
                    self._progress.update(self._snapshot())
        except SatsumaError as stopped:
            await self._client.drain()
            return stopped
        return None

    def _begin(self, index: int) -> Coroutine[object, object, Given[A] | End]:
        return self._asked(index)

    async def _asked(self, index: int) -> Given[A] | End:
        if index >= self._settings.n:
            return END
        question = self._question(index)
        try:
            found = await ask(self._client, self._client.model_for(question.step), question)
        except Unanswered as none:
            return Given(None, none.reason, none.keys, none.raw)
        return Given(found.value, "", found.keys, found.raw)

    def _window(self) -> int:
        later = self._settings.model.startswith(LATER)
        return min(self._settings.n + 1, WAVE if later else 2 * self._settings.concurrency)

    def _snapshot(self) -> Snapshot:
        totals = self._client.totals
        return Snapshot(
            accepted={"answered": len(self.given)},
            share={"answered": self._settings.n},
            candidates=len(self.given),
            requests=totals.asked,
            replayed=totals.replayed + totals.recorded,
            in_flight=totals.in_flight,
            input_tokens=totals.input_tokens,
            output_tokens=totals.output_tokens,
            usd=totals.usd,
            seconds=time.monotonic() - self._began,
        )


def _bill(client: Client, journal: Journal) -> Bill:
    tallies = journal.tallies()
    return Bill(
        requests=sum(t.requests - t.recorded for t in tallies),
        given_up=sum(t.given_up for t in tallies),
        input_tokens=sum(t.usage.input_tokens for t in tallies),
        output_tokens=sum(t.usage.output_tokens for t in tallies),
        usd=client.cost(),
    )
