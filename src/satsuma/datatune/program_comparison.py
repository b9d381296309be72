"""Whether a program may take the place of the model: both carry out the plan on the same rows, and are compared.

Each row gives the program a score: 1 if its instance is the better one, 0 if the model's is, 1/2 if they are alike.

* Where one of them makes an instance and the other one fails (an exception, a validator), the one that makes it is
  better.
* Where both make one, or one makes one and the other one calls the row irrelevant, a judge decides who sees the task,
  the row and both results as A and B, and not which is whose. It judges twice, with A and B exchanged, so that its
  liking for a position cancels: who is preferred wherever they stand gets 1 or 0. Results that say the same are alike
  without a judge.
* Rows where neither makes an instance say nothing and are left out, and so are those without both judgements.

The interval is Bonett and Price's (2012) for paired proportions, the adjusted Wald interval with one more win and one
more loss, in its form for scores. Two judgements that contradict each other count as half a win and half a loss, not
as a tie: a judge who goes by position must not make the interval narrow.

The program is used if its interval lies above 1/2 - `MARGIN`: with 97.5% confidence it gets at least 40 points out of
100, where 50 is as good as the model. Fewer than `ENOUGH` rows with a score decide for the model, and so does a program
that asks more questions than there are rows, unless it is better than the model: it would cost more.

Not covered: whether either of them is any good; rows that fail count against a dataset in its run. What is done about
a program that loses is in `program_choice.py`.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from satsuma.datatune.execution import Graft, RowItem, Way
from satsuma.llm.ask import Unanswered
from satsuma.llm.request import Message
from satsuma.proportions import Z
from satsuma.sources.show import shown_row
from satsuma.targen.asking import form
from satsuma.task.outputs.kind import Text
from satsuma.task.templates import built_in

MARGIN = 0.1
"""How far below 1/2 the program's score may lie."""
ENOUGH = 30
"""Rows with a score that are needed."""
CELL_TOKENS, ROW_TOKENS = 1500, 4000
"""Tokens of a value and of a row that the judge sees."""
REASONS = 5
"""Reasons of failures that are kept."""
IRRELEVANT = "(no instance: the row is called irrelevant for the task)"

Better = Literal["A", "B", "equal"]
By = Literal["program", "model"]


class Judgement(BaseModel):
    """What the judge answers."""

    reason: Text = Field(description="one or two sentences: the difference that matters most")
    better: Better = Field(description="the better one")


class Tally(BaseModel):
    """What one way made of the rows. reasons: of failures, the most frequent ones, with how many rows failed so."""

    model_config = ConfigDict(frozen=True)

    made: int
    irrelevant: int
    failed: int
    reasons: dict[str, int]


class Comparison(BaseModel):
    """A program and a model on the same rows.

    rows: on which both were tried. scored: of them, those with a score. wins, losses: rows where the program, or the
    model, is better; ties: where they are alike, identical of them word for word; split: where the judge contradicts
    itself; unjudged: left out, as a judgement is missing. score: the program's, 0 to 1, with its interval from low to
    high. asks: requests of the program for a row, on average. verdict: who carries out the plan; reason: why.
    """

    model_config = ConfigDict(frozen=True)

    rows: int
    scored: int
    wins: int
    losses: int
    ties: int
    identical: int
    split: int
    unjudged: int
    score: float
    low: float
    high: float
    margin: float
    asks: float
    program: Tally
    model: Tally
    verdict: By
    reason: str


class _Vote(NamedTuple):
    """One judgement. value: 1 if the program's result is the better one, 1/2 if neither is."""

    value: float
    reason: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """What one way made of a row. made: the instance as the judge sees it; None if it failed or is irrelevant."""

    made: str | None
    failure: str = ""
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scored:
    """The program's score on a row, None without one.

    votes: 1, 1/2 or 0 for each order of a judged pair. reason: why the model's is better, where it is.
    """

    program: Result
    model: Result
    score: float | None
    votes: tuple[float, ...] = ()
    unjudged: bool = False
    keys: tuple[str, ...] = field(default=())
    reason: str = ""

    @property
    def split(self) -> bool:
        """Whether the judge preferred one and then the other."""
        return set(self.votes) == {0.0, 1.0}


@dataclass(frozen=True, slots=True)
class Loss:
    """A row on which the program is worse. ours, theirs: as the judge sees them. reason: why."""

    item: RowItem
    ours: str
    theirs: str
    reason: str


@dataclass(frozen=True, slots=True)
class Compared:
    """A comparison, the rows that the program lost in their order, and the keys of all requests."""

    told: Comparison
    losses: tuple[Loss, ...]
    keys: tuple[str, ...]


async def compare(graft: Graft, program: Way, model: Way, items: Sequence[RowItem]) -> Compared:
    """The comparison on some rows."""
    judging = _Judging(graft)
    scored = await asyncio.gather(*(judging.scored(program, model, item) for item in items))
    keys = tuple(key for one in scored for key in (*one.program.keys, *one.model.keys, *one.keys))
    losses = tuple(
        Loss(item, _shown(one.program), _shown(one.model), one.program.failure or one.reason)
        for item, one in zip(items, scored, strict=True)
        if one.score is not None and one.score < 0.5
    )
    return Compared(decided(scored), losses, keys)


def _shown_row(item: RowItem) -> str:
    return shown_row(item.row, cell=CELL_TOKENS, tokens=ROW_TOKENS)


def _shown(result: Result) -> str:
    return f"(failed: {result.failure})" if result.failure else result.made or IRRELEVANT


def judge_question(graft: Graft, item: RowItem, a: str | None, b: str | None) -> tuple[Message, ...]:
    """The messages to the judge. a, b: instances as JSON, None for a row that is called irrelevant."""
    return built_in("program_judge").render(
        **graft.told(), row=_shown_row(item), a=a or IRRELEVANT, b=b or IRRELEVANT, answer=form(Judgement)
    )


class _Judging:
    """Scores rows."""

    def __init__(self, graft: Graft) -> None:
        self._graft = graft

    async def scored(self, program: Way, model: Way, item: RowItem) -> Scored:
        ours, theirs = await asyncio.gather(self._result(program, item), self._result(model, item))
        if ours.made is None and theirs.made is None:
            return Scored(ours, theirs, None)
        if ours.failure or theirs.failure:
            return Scored(ours, theirs, float(ours.made is not None))
        if ours.made is not None and theirs.made is not None and ours.made.casefold() == theirs.made.casefold():
            return Scored(ours, theirs, 0.5)
        return await self._judged(ours, theirs, item)

    async def _result(self, way: Way, item: RowItem) -> Result:
        try:
            done = await way(item)
        except Unanswered as no:
            return Result(None, no.reason or "failed", no.keys)
        return Result(None if done.draft is None else self._graft.answers.shown(done.draft), keys=done.keys)

    async def _judged(self, ours: Result, theirs: Result, item: RowItem) -> Scored:
        """Both orders; a judgement that cannot be had leaves the row out, since one order alone would be biased."""
        both = await asyncio.gather(
            self._vote(ours, theirs, item, "A"), self._vote(theirs, ours, item, "B"), return_exceptions=True
        )
        keys: tuple[str, ...] = ()
        votes: list[_Vote] = []
        for one in both:
            if isinstance(one, Unanswered):
                keys += one.keys
            elif isinstance(one, BaseException):
                raise one
            else:
                votes.append(one)
                keys += one.keys
        if len(votes) < len(both):
            return Scored(ours, theirs, None, unjudged=True, keys=keys)
        values = tuple(vote.value for vote in votes)
        reason = next((vote.reason for vote in votes if vote.value == 0), "")
        return Scored(ours, theirs, sum(values) / len(values), values, keys=keys, reason=reason)

    async def _vote(self, a: Result, b: Result, item: RowItem, ours: Better) -> _Vote:
        messages = judge_question(self._graft, item, a.made, b.made)
        answered = await self._graft.asks("judge", f"{item.path} / {ours}", messages, Judgement)
        better = answered.value.better
        value = 0.5 if better == "equal" else float(better == ours)
        return _Vote(value, answered.value.reason, answered.keys)


def decided(scored: Sequence[Scored]) -> Comparison:
    """What the scores come to."""
    with_score = [one for one in scored if one.score is not None]
    points = [one.score for one in with_score if one.score is not None]
    score, low, high = interval(points, sum(one.split for one in with_score))
    asks = sum(len(one.program.keys) for one in scored) / max(1, len(scored))
    verdict, reason = _verdict(len(points), score, low, asks)
    split = sum(one.split for one in with_score)
    return Comparison(
        rows=len(scored),
        scored=len(points),
        wins=sum(one > 0.5 for one in points),
        losses=sum(one < 0.5 for one in points),
        ties=sum(one == 0.5 for one in points) - split,
        identical=sum(one.score == 0.5 and not one.votes for one in with_score),
        split=split,
        unjudged=sum(one.unjudged for one in scored),
        score=round(score, 4),
        low=round(low, 4),
        high=round(high, 4),
        margin=MARGIN,
        asks=round(asks, 4),
        program=_tally([one.program for one in scored]),
        model=_tally([one.model for one in scored]),
        verdict=verdict,
        reason=reason,
    )


def interval(points: Sequence[float], split: int = 0) -> tuple[float, float, float]:
    """The mean of scores from 0 to 1 with its 95% interval; 1/2 from 0 to 1 where there are none.

    split: how many of the points are 1/2 because of a win and a loss, and not of a tie.
    """
    if not points:
        return 0.5, 0.0, 1.0
    cases = len(points) + 2
    middle = (sum(points) + 1) / cases
    squares = sum(point**2 for point in points) + 0.25 * split + 1
    half = Z * math.sqrt(max(0.0, squares / cases - middle**2) / cases)
    return sum(points) / len(points), max(0.0, middle - half), min(1.0, middle + half)


def _verdict(scored: int, score: float, low: float, asks: float) -> tuple[By, str]:
    """Who carries out the plan, and why."""
    said = f"{score:.0%} of the points on {scored} rows, at least {low:.0%} with 97.5% confidence"
    if scored < ENOUGH:
        return "model", f"only {scored} rows could be compared; {ENOUGH} are needed"
    if low < 0.5 - MARGIN:
        return "model", f"the program may be worse: {said}; {0.5 - MARGIN:.0%} are needed"
    if asks > 1 and low <= 0.5:
        return "model", f"the program asks {asks:.1f} questions for a row and is not better: {said}"
    return "program", f"the program is not worse: {said}"


def _tally(results: Sequence[Result]) -> Tally:
    reasons = Counter(one.failure for one in results if one.failure)
    return Tally(
        made=sum(one.made is not None for one in results),
        irrelevant=sum(one.made is None and not one.failure for one in results),
        failed=reasons.total(),
        reasons=dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0]))[:REASONS]),
    )
