"""TarGEN step 4, self-correction: a second look that keeps or replaces the label, with a reason.

By default blind: the corrector is not shown the label that was asked for (the paper shows it: `blind: false`). With k
votes, k draws of the same question are taken, and no more than it takes until the majority cannot change; on a tie
the asked label stays if it is among the tied, else the first that was named.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from satsuma.llm.ask import Answered, Unanswered
from satsuma.llm.request import Message
from satsuma.targen.asking import Asks, Prompts
from satsuma.task.card import Card
from satsuma.task.outputs import Draft, Judgement, OutputKind
from satsuma.task.verbalize import displayed


@dataclass(frozen=True, slots=True)
class Corrected:
    """The outcome of the votes. agreement: the share of the votes cast that the winning label got."""

    judgement: Judgement
    votes: int
    agreement: float
    reason: str
    model: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Vote:
    judgement: Judgement
    reason: str


def correction_question(
    prompts: Prompts, card: Card, output: OutputKind, draft: Draft, *, blind: bool
) -> tuple[tuple[Message, ...], type[BaseModel]]:
    """The question about one instance."""
    answer = output.correction_answer(draft.fields)
    variables = {
        "labels": {name: label.description for name, label in (card.output.labels or {}).items()},
        "fields": displayed(draft.fields, output),
        "options": output.options(draft.fields),
        "output": draft.output,
        "description": card.output.text or "",
        "asked": "" if blind else draft.shown,
    }
    return prompts.render("correction", answer, variables), answer


async def correct(
    asks: Asks,
    output: OutputKind,
    draft: Draft,
    question: tuple[tuple[Message, ...], type[BaseModel]],
    votes: int,
    path: str,
) -> Corrected:
    """Take the votes.

    Raises:
        Unanswered: not one vote could be had.
    """
    messages, answer = question
    cast: list[_Vote] = []
    keys: list[str] = []
    model, drawn, last = "", 0, None
    while more := _needed([v.judgement.shown for v in cast], votes - drawn):
        draws = range(drawn, drawn + more)
        replies = await _asked(asks, path, messages, answer, draws)
        drawn += more
        for reply in replies:
            keys.extend(reply.keys)
            if isinstance(reply, Unanswered):
                last = reply
                continue
            model = reply.model
            reason = str(getattr(reply.value, "reason"))  # noqa: B009 - the model is made at run time
            cast.append(_Vote(output.judgement(draft, reply.value), reason))
    if not cast:
        raise Unanswered(last.reason if last else "no votes", tuple(keys), last.raw if last else "")
    return _counted(cast, draft.shown, model, tuple(keys))


async def _asked(
    asks: Asks, path: str, messages: tuple[Message, ...], answer: type[BaseModel], draws: range
) -> list[Answered[BaseModel] | Unanswered]:
    async def one(draw: int) -> Answered[BaseModel] | Unanswered:
        try:
            return await asks("correction", path, messages, answer, draw)
        except Unanswered as unanswered:
            return unanswered

    if len(draws) == 1:
        return [await one(draws[0])]
    return list(await asyncio.gather(*(one(draw) for draw in draws)))


def _needed(cast: Sequence[str], left: int) -> int:
    """How many more votes to take at once: the fewest that can settle it; 0 if nothing can change any more."""
    if left == 0:
        return 0
    counts = [count for _, count in Counter(cast).most_common(2)] + [0, 0]
    lead = counts[0] - counts[1]
    if lead > left:
        return 0
    return (left - lead) // 2 + 1


def _counted(cast: Sequence[_Vote], asked: str, model: str, keys: tuple[str, ...]) -> Corrected:
    counts = Counter(vote.judgement.shown for vote in cast)
    most = max(counts.values())
    tied = [shown for shown in counts if counts[shown] == most]
    winner = asked if asked in tied else tied[0]
    vote = next(v for v in cast if v.judgement.shown == winner)
    return Corrected(vote.judgement, len(cast), most / len(cast), vote.reason, model, keys)
