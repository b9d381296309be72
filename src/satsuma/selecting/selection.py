"""Which candidates become the dataset: judged in index order, until every label has its share.

A valid candidate that is not a duplicate is accepted while its label has room, and otherwise rejected as surplus; so
the dataset of n is, per label, the first valid candidates in index order, and the dataset of a larger n contains it.
What is judged here depends on the order of the indices alone.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from satsuma.errors import Exhausted
from satsuma.selecting.ballots import Ballot, Ballots
from satsuma.selecting.duplicates import Duplicates, Earlier, NearDuplicates
from satsuma.selecting.shares import LAG, LabelPlan, shares
from satsuma.task.instance import Instance, Reject
from satsuma.task.written import Written, whole

_NUMBER = re.compile(r"(?<!\w)\d[\d,.]*")
BARREN = 1024
"""Candidates in a row without a valid one after which the model has no more ideas."""
TRUST = 24
"""Candidates that count as valid before the first is judged, lest a few bad ones at the start ask for many more."""
STARVED = 4096
"""Candidates in a row without an accepted one after which the labels that still have room are out of reach."""

LOOKED_BACK = max(LAG, BARREN, STARVED)
"""Candidates that decide what becomes of the next one, besides what was counted of all."""
SURPLUS = "surplus"
"""The step of valid candidates that there is no room for."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a candidate.

    asked: the label it was asked for. Either instance with its final label and content (the words that duplicates are
    judged by), or reject; the instance may be known as the row that it was written as. own: the part of the content
    that is no other instance's, where several grow from one seed. notes: what was dropped on the way to it. flow: the
    label before and after correction, as shown. ballot: what was said of its label.
    """

    asked: str
    instance: Instance | Written | None = None
    label: str = ""
    content: str = ""
    own: str = ""
    reject: Reject | None = None
    notes: tuple[Reject, ...] = ()
    flow: tuple[str, str] | None = None
    ballot: Ballot | None = None


class Settled(NamedTuple):
    """What is counted of a candidate that was judged.

    label: the final one of a valid candidate, None of another. rejected: (step, class of reason) of what was rejected
    on the way to it, and of the candidate itself if that was. flow, ballot: as `Outcome` has them.
    """

    asked: str
    label: str | None
    accepted: bool
    rejected: tuple[tuple[str, str], ...] = ()
    flow: tuple[str, str] | None = None
    ballot: Ballot | None = None


@dataclass(slots=True)
class Tally:
    """What was judged so far.

    rejected: (step, class of reason) → how many. flow: (asked, corrected) → how many. ballots: of those that were
    corrected, accepted or not.
    """

    judged: int = 0
    accepted: Counter[str] = field(default_factory=Counter)
    valid: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    rejected: Counter[tuple[str, str]] = field(default_factory=Counter)
    flow: Counter[tuple[str, str]] = field(default_factory=Counter)
    ballots: Ballots = field(default_factory=Counter)

    def count(self, settled: Settled, times: int = 1) -> None:
        """Count a candidate, or so many of which the same is to be counted."""
        self.judged += times
        self.asked[settled.asked] += times
        if settled.label is not None:
            self.valid[settled.label] += times
            if settled.accepted:
                self.accepted[settled.label] += times
        for rejected in settled.rejected:
            self.rejected[rejected] += times
        if settled.flow:
            self.flow[settled.flow] += times
        if settled.ballot:
            self.ballots[settled.ballot, settled.accepted] += times

    def rejects_by_step(self) -> dict[str, int]:
        """Step → rejects."""
        steps: Counter[str] = Counter()
        for (step, _), count in self.rejected.items():
            steps[step] += count
        return dict(steps)


class Selection:
    """Asks for labels and judges outcomes; one of each per index, in index order.

    settled: what was counted of the last candidate.
    """

    def __init__(self, n: int, weights: Mapping[str, int], seed: int, duplicates: Duplicates | None = None) -> None:
        """duplicates: what decides which texts say nothing new; exact duplicates alone where left out."""
        self.share = shares(weights, n, seed)
        self.tally = Tally()
        self.settled: Settled | None = None
        self._weights = {name: w / sum(weights.values()) for name, w in weights.items()}
        self._plan = LabelPlan(weights, seed)
        self._duplicates = duplicates or NearDuplicates(1)
        self._room = n
        self._barren = 0
        self._starved = 0
        self._short = {name for name, share in self.share.items() if share}

    def ask(self) -> str:
        """The label that the next candidate is asked for."""
        return self._plan.ask()

    @property
    def complete(self) -> bool:
        """True when every label has its share."""
        return self._room == 0

    def window(self) -> int:
        """How far ahead it is worth to compute: what the room that is left will probably need, at most the lag.

        Where a quarter of those have come that end the run, no further than to its end.
        """
        most = LAG
        for fruitless, end in ((self._barren, BARREN), (self._starved, STARVED)):
            if fruitless > end // 4:
                most = min(most, end - fruitless)
        if self._room >= LAG:
            return most
        return min(most, max((self._expected(name) for name in self._short), default=1))

    def _expected(self, name: str) -> int:
        tally = self.tally
        room = self.share[name] - tally.accepted[name]
        worth = min(1.0, max(0.02, (tally.valid[name] + TRUST) / (tally.asked[name] + TRUST)))
        need = room / (self._weights[name] * worth)
        return math.ceil(need + 1.5 * math.sqrt(need * (1 - worth)))

    def judge(self, index: int, outcome: Outcome) -> Iterator[Instance | Written | Reject]:
        """Settle candidate `index`: what goes into the dataset and what into the rejects, in order.

        Raises:
            Exhausted: nothing valid, or nothing that there is room for, has come for too long.
        """
        yield from outcome.notes
        verdict = self._verdict(index, outcome)
        dropped = isinstance(verdict, Reject)
        rejects = (*outcome.notes, verdict) if isinstance(verdict, Reject) else outcome.notes
        valid = not isinstance(verdict, Reject) or verdict.step == SURPLUS
        self.settled = settled = Settled(
            outcome.asked, outcome.label if valid else None, not dropped,
            tuple([(reject.step, reason_class(reject.reason)) for reject in rejects]), outcome.flow, outcome.ballot,
        )  # fmt: skip
        self.tally.count(settled)
        self._plan.settle(settled.label)
        if not dropped:
            self._room -= 1
            if self.tally.accepted[outcome.label] == self.share[outcome.label]:
                self._short.discard(outcome.label)
        yield verdict
        self._give_up(valid=valid, accepted=not dropped)

    def go_on(self, tally: Tally, last: Sequence[Settled]) -> None:
        """Go on behind candidates that another selection of the same run judged, nothing judged so far.

        tally: of all of them; no label has more than its share. last: the last `LOOKED_BACK` of them, or all, in order.
        """
        self.tally = tally
        self._room -= tally.accepted.total()
        self._short = {name for name, share in self.share.items() if tally.accepted[name] < share}
        self._plan.go_on([(settled.asked, settled.label) for settled in last[-LAG:]], tally.valid)
        self._barren = _streak([settled.label is None for settled in last])
        self._starved = _streak([not settled.accepted for settled in last])

    def pass_over(self) -> None:
        """The next index is no candidate, whatever label it was asked for."""
        self._plan.settle(None)

    def _verdict(self, index: int, outcome: Outcome) -> Instance | Written | Reject:
        instance = outcome.instance
        if instance is None:
            return rejected(index, outcome)
        earlier = self._duplicates.first(outcome.content, instance.index, outcome.own)
        if earlier is not None:
            return repeating(outcome, instance, earlier)
        if outcome.label not in self._short:
            share = self.share[outcome.label]
            return _dropped(outcome, instance, SURPLUS, f"no room: {outcome.label} has its {share} already")
        return instance

    def _give_up(self, *, valid: bool, accepted: bool) -> None:
        self._barren = 0 if valid else self._barren + 1
        self._starved = 0 if accepted else self._starved + 1
        if self.complete:
            return
        if self._barren >= BARREN:
            raise Exhausted(
                f"{BARREN:,} candidates in a row gave nothing valid and new",
                "`satsuma show` tells the reasons for the rejects. What there is by now is in place.",
            )
        if self._starved >= STARVED:
            lacking = ", ".join(sorted(self._short)[:5])
            raise Exhausted(
                f"{STARVED:,} candidates in a row gave none with a label that is still wanted ({lacking})",
                "The correction gives them other labels: see its matrix, and make the meanings of the labels clearer.",
            )


def reason_class(reason: str) -> str:
    """A reason without its particulars: what stands before the first colon, without numbers."""
    return _NUMBER.sub("…", reason.partition(":")[0]).strip()[:80]


def rejected(index: int, outcome: Outcome) -> Reject:
    """The reject of a candidate that is no instance."""
    return outcome.reject or Reject("", index, "candidate", "neither an instance nor a reject")


def repeating(outcome: Outcome, found: Instance | Written, earlier: Earlier) -> Reject:
    """The reject of a candidate that says nothing new."""
    return _dropped(outcome, found, "duplicate", earlier.reason)


def _streak(fruitless: Sequence[bool]) -> int:
    """How many of the last ones in a row are."""
    return next((count for count, one in enumerate(reversed(fruitless)) if not one), len(fruitless))


def _dropped(outcome: Outcome, found: Instance | Written, step: str, reason: str) -> Reject:
    instance = whole(found)
    shown = instance.provenance.asked or outcome.asked
    return Reject(
        instance.id, instance.index, step, reason, shown, instance.fields, requests=instance.provenance.requests
    )
