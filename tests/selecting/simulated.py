"""Votes on instances whose truth is known: a generator and a corrector that err as often as a test says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from satsuma.selecting.ballots import Ballots, likened_ballot, named_ballot
from satsuma.targen.voting import needed, winner


@dataclass(frozen=True)
class World:
    """n candidates of so many labels, each asked for in turn.

    generator, corrector: how often they are wrong; errors: the corrector's for each true label, if they differ. hard:
    share of the instances on which the corrector guesses between the truth and one other label. sway: share of votes
    for the label asked for, whatever the truth, where it is shown (`blind`). early: whether votes end when the majority
    is settled. liken: whether labels are told apart by likeness alone.
    """

    n: int = 120
    labels: int = 2
    votes: int = 3
    generator: float = 0.1
    corrector: float = 0.1
    errors: Sequence[float] = ()
    hard: float = 0.0
    sway: float = 0.0
    blind: bool = True
    policy: str = "relabel"
    early: bool = True
    liken: bool = False

    def draw(self, seed: int) -> tuple[Ballots, float]:
        """What was said, and the share of the dataset's labels that is wrong."""
        random, ballots, wrong = Random(seed), Counter[object](), Counter[bool]()
        names = [f"label {i}" for i in range(self.labels)]
        for number in range(self.n):
            asked = names[number % self.labels]
            truth = other(asked, names, random) if random.random() < self.generator else asked
            cast = self._cast(asked, truth, names, random)
            won = winner(cast, asked)
            final = asked if self.policy == "keep" else won
            kept = self.policy != "drop" or won == asked
            ballots[(likened_ballot if self.liken else named_ballot)(asked, cast, final), kept] += 1
            if kept:
                wrong[final != truth] += 1
        return ballots, wrong[True] / wrong.total()  # type: ignore[return-value]  # a Ballots by what is counted

    def _cast(self, asked: str, truth: str, names: Sequence[str], random: Random) -> list[str]:
        hard, rival = random.random() < self.hard, other(truth, names, random)
        error = self.errors[names.index(truth)] if self.errors else self.corrector

        def vote() -> str:
            if not self.blind and random.random() < self.sway:
                return asked
            if hard:
                return random.choice([truth, rival])
            return other(truth, names, random) if random.random() < error else truth

        if not self.early:
            return [vote() for _ in range(self.votes)]
        cast: list[str] = []
        while needed(cast, self.votes - len(cast), asked):
            cast.append(vote())
        return cast


def other(label: str, names: Sequence[str], random: Random) -> str:
    """One of the other labels."""
    return random.choice([name for name in names if name != label])
