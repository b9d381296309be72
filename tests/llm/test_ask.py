"""A question ends with a validated answer, or with a reason that a person can read."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Literal

import pytest
from pydantic import BaseModel

from satsuma.errors import BudgetSpent
from satsuma.llm.ask import Answered, Question, Unanswered, ask
from satsuma.llm.request import Message, Reply, Request, Sampling
from satsuma.llm.schema import schema_of


class Routed(BaseModel):
    """Where it goes."""

    label: Literal["billing", "bug"]


GOOD = '{"label": "bug"}'
QUESTION = Question(
    (Message("user", "Where to?"),), Routed, "correction", "context 3 / seed 2", Sampling(seed=5), draw=2
)


class Said:
    """Answers from a list, and remembers what it was asked."""

    def __init__(self, replies: Sequence[Reply | str]) -> None:
        self.replies = [Reply(r) if isinstance(r, str) else r for r in replies]
        self.asked: list[Request] = []

    async def reply(self, request: Request) -> Reply:
        self.asked.append(request)
        return self.replies[len(self.asked) - 1]


def asked(*replies: Reply | str) -> tuple[Answered[Routed] | Unanswered, list[Request]]:
    said = Said(replies)
    try:
        return asyncio.run(ask(said, "openai/m", QUESTION)), said.asked
    except Unanswered as unanswered:
        return unanswered, said.asked


def test_a_question_is_asked_as_a_request_of_its_step_and_path() -> None:
    answered, (request,) = asked(GOOD)
    assert request == Request(
        "openai/m", QUESTION.messages, schema_of(Routed), Sampling(seed=5), 2, "correction", "context 3 / seed 2"
    )
    assert answered == Answered(Routed(label="bug"), (request.key(),), "openai/m", GOOD)


def test_a_bad_answer_is_asked_for_once_more_with_what_was_wrong() -> None:
    answered, (first, second) = asked('{"label": "refund"}', GOOD)
    assert isinstance(answered, Answered)
    assert answered.keys == (first.key(), second.key())
    assert first.key() != second.key()
    assert second.messages[:1] == first.messages
    assert second.messages[1] == Message("assistant", '{"label": "refund"}')
    assert second.messages[2].role == "user"
    assert "field `label`: 'refund' is not one of 'billing', 'bug'" in second.messages[2].content
    assert (second.schema, second.sampling, second.draw, second.path) == (first.schema, first.sampling, 2, first.path)


def test_a_second_bad_answer_is_a_reject_with_its_reason() -> None:
    unanswered, requests = asked("no idea", '{"label": 7}')
    assert isinstance(unanswered, Unanswered)
    assert unanswered.reason == "field `label`: '7' is not one of 'billing', 'bug'"
    assert unanswered.keys == tuple(r.key() for r in requests)
    assert unanswered.raw == '{"label": 7}'
    assert len(requests) == 2


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply("", "error", error="rate: HTTP 429 (6 tries)"), "given up: rate: HTTP 429 (6 tries)"),
        (Reply('{"label": "bu', "length"), "cut off by the token limit"),
        (Reply("I can't help.", "content_filter"), "refused by the content filter"),
    ],
)
def test_what_asking_again_does_not_repair_is_not_asked_again(reply: Reply, reason: str) -> None:
    unanswered, requests = asked(reply)
    assert isinstance(unanswered, Unanswered)
    assert (unanswered.reason, unanswered.raw, len(requests)) == (reason, reply.content, 1)


@pytest.mark.parametrize("finish", ["length", "content_filter"])
def test_a_reply_that_was_cut_off_after_its_answer_counts(finish: str) -> None:
    answered, _ = asked(Reply(GOOD, finish))
    assert isinstance(answered, Answered)


def test_the_model_is_shown_a_bounded_and_writable_part_of_its_answer() -> None:
    _, (_, second) = asked("\ud800\0" + "x" * 10_000_000, GOOD)
    shown = second.messages[1].content
    assert len(shown) < 2100
    assert shown.startswith("\ufffdxxx")
    assert shown.endswith("…")
    _, (_, second) = asked("", GOOD)
    assert second.messages[1].content == "(nothing)"


def test_what_ends_the_run_passes_through() -> None:
    class Broke:
        async def reply(self, request: Request) -> Reply:
            raise BudgetSpent(f"nothing left for {request.step}")

    with pytest.raises(BudgetSpent, match="nothing left for correction"):
        asyncio.run(ask(Broke(), "openai/m", QUESTION))
