"""A question with a typed answer: asked, parsed, repaired, asked once more, or given up with a reason.

Rule: whoever asks gets a validated value or `Unanswered`, which is data (a reject), never a crash. What ends the run
(a spent budget, a refused key) passes through untouched.

Mechanism: parse → tolerant repair → validate (`parse.py`) → one more question that shows the model its answer and
what was wrong with it. The second question is a request of its own with a key of its own, so it is journaled and
replayed like any other. A reply that was cut off counts only if it is whole as it stands; one that was filtered is
not asked again.

Not covered: whether the answer is a good one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, TypeVar

from pydantic import BaseModel

from satsuma.llm.parse import Invalid, encodable, parse
from satsuma.llm.request import Message, Request, Sampling
from satsuma.llm.schema import schema_of

if TYPE_CHECKING:
    from satsuma.llm.request import Reply

A = TypeVar("A", bound=BaseModel)

SHOWN = 2000
"""Characters of its answer that the model is shown again."""
AGAIN = (
    "Your answer cannot be used: {reason}.\n"
    "Answer the same question again: one JSON object with every field that was asked for, and nothing around it."
)


class Asker(Protocol):
    """Whatever turns a request into a reply; `Client` does."""

    async def reply(self, request: Request) -> Reply:
        """The reply to a request.

        Raises:
            SatsumaError: the run ends here.
        """
        ...


class Question(NamedTuple, Generic[A]):
    """One question.

    answer: the type of the answer. step, path: who asks. draw: which of several independent answers.
    """

    messages: tuple[Message, ...]
    answer: type[A]
    step: str
    path: str
    sampling: Sampling = Sampling()
    draw: int = 0


@dataclass(frozen=True, slots=True)
class Answered(Generic[A]):
    """A valid answer.

    keys: of the requests that led to it, in order. model: the identity that was asked. raw: the last reply.
    """

    value: A
    keys: tuple[str, ...]
    model: str
    raw: str


class Unanswered(Exception):
    """There is no valid answer. reason: for people. keys: of the requests that were made. raw: the last reply."""

    def __init__(self, reason: str, keys: tuple[str, ...], raw: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.keys = keys
        self.raw = raw


async def ask(client: Asker, model: str, question: Question[A]) -> Answered[A]:
    """Ask until there is a valid answer, at most twice.

    Raises:
        Unanswered: there is none, with the reason.
        SatsumaError: the run ends here.
    """
    request = Request(
        model=model,
        messages=question.messages,
        schema=schema_of(question.answer),
        sampling=question.sampling,
        draw=question.draw,
        step=question.step,
        path=question.path,
    )
    keys: tuple[str, ...] = ()
    while True:
        reply = await client.reply(request)
        keys = (*keys, request.key())
        if reply.given_up:
            raise Unanswered(f"given up: {reply.error}", keys, reply.content)
        whole = reply.finish_reason not in ("length", "content_filter")
        try:
            return Answered(parse(reply.content, question.answer, repair=whole), keys, model, reply.content)
        except Invalid as invalid:
            if not whole:
                reason = (
                    "cut off by the token limit" if reply.finish_reason == "length" else "refused by the content filter"
                )
                raise Unanswered(reason, keys, reply.content) from None
            if len(keys) > 1:
                raise Unanswered(invalid.reason, keys, reply.content) from None
            request = _again(request, reply.content, invalid.reason)


def _again(request: Request, given: str, reason: str) -> Request:
    """The question once more, with the answer that was given and what is wrong with it."""
    shown = encodable(given[:SHOWN]).replace("\0", "") + ("…" if len(given) > SHOWN else "")
    return Request(
        model=request.model,
        messages=(
            *request.messages,
            Message("assistant", shown or "(nothing)"),
            Message("user", AGAIN.format(reason=reason)),
        ),
        schema=request.schema,
        sampling=request.sampling,
        draw=request.draw,
        step=request.step,
        path=request.path,
    )
