"""TarGEN step 4, self-correction: a second look that keeps or replaces the label, with a reason.

By default blind: the corrector is not shown the label that was asked for (the paper shows it: `blind: false`). With k
votes, up to k draws of the same question are taken, until the majority cannot change (`voting.py`). A draw that
gives no usable answer is an abstention: it is not drawn again, and counts for nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from pydantic import BaseModel

from satsuma.llm.ask import Answered, Unanswered
from satsuma.llm.request import Message
from satsuma.selecting.ballots import MOST_LABELS, Ballot, likened_ballot, named_ballot
from satsuma.targen.asking import Asks, Prompts
from satsuma.targen.voting import needed, winner
from satsuma.task.card import Card
from satsuma.task.outputs import Draft, Judgement, Mistake, OutputKind
from satsuma.task.verbalize import texts_among


class Corrected(NamedTuple):
    """The outcome of the votes.

    cast: every vote, in the order of the draws. agreement: the share of the votes cast that the winning label got.
    keys: of every request, abstentions included.
    """

    judgement: Judgement
    cast: tuple[Judgement, ...]
    agreement: float
    reason: str
    model: str
    keys: tuple[str, ...]

    @property
    def votes(self) -> int:
        """How many were cast."""
        return len(self.cast)


class _Vote(NamedTuple):
    judgement: Judgement
    reason: str
    model: str


_CLOSED = frozenset({"labels", "choice"})
"""Kinds of output whose labels are the outputs, each with a share of its own (a choice where the options' number is
fixed)."""


def correction_question(
    prompts: Prompts, card: Card, output: OutputKind, draft: Draft, *, blind: bool
) -> tuple[tuple[Message, ...], type[BaseModel]]:
    """The question about one instance."""
    answer, span = output.correction_answer(draft.fields), card.output.span
    options, shown = output.options(draft.fields), output.shown(draft.fields, draft.output)
    variables = {
        "labels": {name: label.description for name, label in (card.output.labels or {}).items()},
        "fields": texts_among(prompts.shown_inputs, draft.fields, options),
        "options": options,
        "output": draft.output if isinstance(draft.output, str) else shown,
        "description": span.description if span else card.output.text or "",
        "of": card.output.spans or (span.field if span else ""),
        "optional": span.none if span else card.output.together[0] == 0,
        "ordinal": card.output.ordinal,
        "asked": "" if blind else shown,
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
    drawn, last = 0, None
    while more := needed([vote.judgement.output for vote in cast], votes - drawn, draft.output):
        replies = await _asked(asks, path, messages, answer, range(drawn, drawn + more))
        drawn += more
        for reply in replies:
            keys.extend(reply.keys)
            vote = _vote(output, draft, reply)
            if isinstance(vote, Unanswered):
                last = vote
            else:
                cast.append(vote)
    if not cast:
        raise Unanswered(last.reason if last else "no votes", tuple(keys), last.raw if last else "")
    return _counted(cast, draft, tuple(keys))


def ballot(output: OutputKind, draft: Draft, corrected: Corrected, final: Draft | Judgement) -> Ballot:
    """What was said of the instance's label. final: the label that it has in the dataset, if it gets there."""
    labels = output.weights()
    if output.kind in _CLOSED and 1 < len(labels) <= MOST_LABELS:
        return named_ballot(draft.shown, [vote.shown for vote in corrected.cast], final.shown)
    return likened_ballot(draft.output, [vote.output for vote in corrected.cast], final.output)


def _vote(output: OutputKind, draft: Draft, reply: Answered[BaseModel] | Unanswered) -> _Vote | Unanswered:
    """What a draw says; an answer that does not fit the instance is none."""
    if isinstance(reply, Unanswered):
        return reply
    try:
        judgement = output.judgement(draft, reply.value)
    except Mistake as mistake:
        return Unanswered(str(mistake), reply.keys, reply.raw)
    reason = str(getattr(reply.value, "reason"))  # noqa: B009 - the model is made at run time
    return _Vote(judgement, reason, reply.model)


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


def _counted(cast: Sequence[_Vote], draft: Draft, keys: tuple[str, ...]) -> Corrected:
    outputs = [vote.judgement.output for vote in cast]
    won = winner(outputs, draft.output)
    vote = cast[outputs.index(won)]
    agreement = outputs.count(won) / len(outputs)
    return Corrected(vote.judgement, tuple(v.judgement for v in cast), agreement, vote.reason, vote.model, keys)
