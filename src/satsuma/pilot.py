"""What a run directory tells of a run that goes on from it: measured on the first instances, extrapolated to n.

Measured, by step: the tokens of each request and its answer with those of failed attempts, how long it took, and how
many requests there are for each question (answers that could not be used, repeats, votes). And how many candidates it
took for each instance. Extrapolated: what n instances need is counted (`targen/growth.py`) for the
candidates that they take at this yield, and multiplied with what was measured.

The range comes from a bootstrap with a fixed seed: the yield from its Beta posterior, the requests of each step drawn
with replacement from those there are. A step of which there are fewer than `FEW` is known badly, and its draws are
spread further; what a small sample cannot show (prompts that grow, ideas that repeat themselves) is allowed for by
`UNSEEN` and `FADING`.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from satsuma.errors import RunError
from satsuma.llm.journal import Journal
from satsuma.run.directory import RunDirectory
from satsuma.run.identity import differences
from satsuma.session import wanted_state
from satsuma.targen.asking import STEPS, Step
from satsuma.targen.growth import units

if TYPE_CHECKING:
    from satsuma.settings import Settings
    from satsuma.task.card import Card

DRAWS = 400
SAMPLE = 200
"""Requests drawn for each mean: more of them make the mean no better known than this shows."""
FEW = 8
FEW_SPREAD = 1.4
"""Between 1/1.4 and 1.4 times: how far the mean of fewer than `FEW` requests may be off."""
UNSEEN = 0.05
"""The share by which every draw may be off in what a pilot does not see."""
FADING = 0.1
"""The share by which the yield may be lower than a pilot's, as ideas come to repeat themselves."""
_PRIOR = 0.5
"""Jeffreys' prior of the yield."""

Size = tuple[float, float, float]
"""Requests, input tokens, output tokens."""


@dataclass(slots=True)
class _Seen:
    """The requests of a step: tokens in and out of each, seconds of all, and the questions they were for."""

    tokens: list[tuple[int, int]] = field(default_factory=list)
    seconds: float = 0.0
    questions: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Measured:
    """What there is of a run: of so many candidates, these were accepted, and these valid but without room.

    without: the steps that it leaves out.
    """

    card: Card
    n: int
    candidates: int
    accepted: int
    surplus: int
    by_step: Mapping[str, _Seen]
    without: tuple[str, ...] = ()

    def used(self, step: str) -> Size:
        """What a step has used so far."""
        tokens = self.by_step[step].tokens
        return len(tokens), sum(into for into, _ in tokens), sum(out for _, out in tokens)

    def seconds(self, step: str) -> float:
        """How long a request of a step takes; 0 if there was none."""
        seen = self.by_step[step]
        return seen.seconds / len(seen.tokens) if seen.tokens else 0.0

    def likely(self) -> dict[Step, Size]:
        """What n instances will use, at the means of what was measured; what they did use if they are there."""
        if self.accepted >= self.n:
            return {step: self.used(step) for step in STEPS}
        means = {step: _mean(self.by_step[step].tokens) for step in STEPS}
        return self._scaled((self.accepted + self.surplus / 2 + _PRIOR) / (self.candidates + 2 * _PRIOR), means)

    def at_best(self) -> dict[Step, Size]:
        """The same if every further candidate were as good as those there are, and requests a little shorter."""
        if self.accepted >= self.n:
            return self.likely()
        means = {step: _mean(self.by_step[step].tokens) for step in STEPS}
        shorter = {step: (into * (1 - UNSEEN), out * (1 - UNSEEN)) for step, (into, out) in means.items()}
        return self._scaled((self.accepted + self.surplus) / self.candidates, shorter)

    def draws(self) -> list[dict[Step, Size]]:
        """The same as it would be on other pilots like this one."""
        if self.accepted >= self.n:
            return [self.likely()]
        chance = random.Random(0)
        return [self._draw(chance) for _ in range(DRAWS)]

    def _draw(self, chance: random.Random) -> dict[Step, Size]:
        good = self.accepted + chance.uniform(0, self.surplus)
        rate = chance.betavariate(good + _PRIOR, self.candidates - good + _PRIOR) * chance.uniform(1 - FADING, 1)
        means = {}
        for step in STEPS:
            tokens = self.by_step[step].tokens
            into, out = _mean(chance.choices(tokens, k=min(SAMPLE, len(tokens)))) if tokens else (0.0, 0.0)
            spread = FEW_SPREAD ** chance.uniform(-1, 1) if len(tokens) < FEW else 1.0
            off = spread * chance.uniform(1 - UNSEEN, 1 + UNSEEN)
            means[step] = (into * off, out * off)
        return self._scaled(rate, means)

    def _scaled(self, rate: float, means: Mapping[Step, tuple[float, float]]) -> dict[Step, Size]:
        needed = units(self.card, max(self.n, self.n / max(rate, 0.01)), self.without)
        made: dict[Step, Size] = {}
        for step in STEPS:
            requests = needed[step] * self._each(step)
            made[step] = (requests, requests * means[step][0], requests * means[step][1])
        return made

    def _each(self, step: Step) -> float:
        """Requests for each question of a step."""
        seen, begun = self.by_step[step], len(self.by_step["instance"].questions)
        # A step of its own for each candidate is counted by its questions: a pilot ends with some not yet asked.
        each = step in ("instance", "correction")
        there = len(seen.questions) if each else units(self.card, begun, self.without)[step]
        return len(seen.tokens) / there if there else 0.0


def measured(card: Card, settings: Settings, place: Path) -> Measured | None:
    """What a directory holds of a run; None if there is nothing to measure, or it is another run.

    Raises:
        RunError, JournalError: what is there cannot be read.
    """
    try:
        directory = RunDirectory.open(place)
        state = directory.load_state()
    except RunError:
        if place.exists() and any(place.iterdir()):
            raise
        return None
    if state is None or not state.size or differences(state, wanted_state(card, settings)):
        return None
    by_step = _read(directory.journal_path)
    if not by_step["instance"].questions:
        return None
    surplus = sum(state.counts.rejects.get("surplus", {}).values())
    return Measured(card, settings.n, state.counts.candidates, state.size, surplus, by_step, settings.without)


def _read(path: Path) -> Mapping[str, _Seen]:
    by_step: dict[str, _Seen] = defaultdict(_Seen)
    with closing(Journal.open(path, readonly=True)) as journal:
        for entry in journal.entries():
            seen, usage = by_step[entry.request.step], entry.reply.usage + entry.wasted
            seen.tokens.append((usage.input_tokens, usage.output_tokens))
            seen.seconds += entry.seconds
            seen.questions.add(entry.request.path)
    return by_step


def _mean(tokens: Sequence[tuple[int, int]]) -> tuple[float, float]:
    count = max(1, len(tokens))
    return sum(into for into, _ in tokens) / count, sum(out for _, out in tokens) / count
