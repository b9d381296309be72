"""The card of the ideal dataset: one question, and a query that has it and the task."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TypeVar

import pytest
from pydantic import BaseModel, ValidationError

from satsuma.catalog.ideal import STEP, IdealDataset, ideal_dataset, ideal_question
from satsuma.llm.ask import Answered, Unanswered
from satsuma.llm.request import Message
from satsuma.task.loader import load_card

A = TypeVar("A", bound=BaseModel)
ANSWER = {"description": "Questions of patients.", "tags": ["medical", "qa"], "columns": ["question", "answer"]}
CARD = {
    "name": "small",
    "task": "Answer questions about health.",
    "language": "Russian",
    "inputs": {"question": "What a patient asks."},
    "output": {"labels": {"yes": "it is so", "no": "it is not so"}},
    "examples": [{"question": "Is rest {{ good }} for a cold?", "label": "yes"}],
}


@dataclass
class Scripted:
    """Answers with a text, or gives up with a reason."""

    answer: object = field(default_factory=lambda: ANSWER)
    asked: list[tuple[str, str, int]] = field(default_factory=list)

    async def __call__(
        self, step: str, path: str, messages: tuple[Message, ...], answer: type[A], draw: int = 0
    ) -> Answered[A]:
        assert path
        self.asked.append((step, messages[-1].content, draw))
        if isinstance(self.answer, str):
            raise Unanswered(self.answer, ("k1",), "raw")
        return Answered(answer.model_validate(self.answer), ("k1",), "test", "raw")


def test_one_question_is_asked_and_shows_what_the_card_says() -> None:
    asks = Scripted()
    answered = asyncio.run(ideal_dataset(asks, load_card(CARD)))
    ((step, text, draw),) = asks.asked
    assert (step, draw, answered.keys) == (STEP, 0, ("k1",))
    for part in (
        "Answer questions about health.",
        "What a patient asks.",
        "in Russian",
        "Is rest {{ good }} for a cold?",
    ):
        assert part in text


def test_the_query_is_the_task_and_the_card() -> None:
    answered = asyncio.run(ideal_dataset(Scripted(), load_card(CARD)))
    assert answered.value.queries("the task") == ("the task", "Questions of patients. medical qa question answer")


def test_a_card_that_cannot_be_had_is_the_callers_to_do_without() -> None:
    with pytest.raises(Unanswered, match="refused"):
        asyncio.run(ideal_dataset(Scripted("refused"), load_card(CARD)))


@pytest.mark.parametrize(
    "answer",
    [{**ANSWER, "description": " "}, {**ANSWER, "tags": "one"}, {k: v for k, v in ANSWER.items() if k != "columns"}],
)
def test_an_answer_of_another_form_is_none(answer: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        IdealDataset.model_validate(answer)


@pytest.mark.parametrize("name", ["copa", "boolq", "rte"])
def test_every_kind_of_card_can_be_asked_about(name: str) -> None:
    messages, _ = ideal_question(load_card(name))
    assert [m.role for m in messages] == ["system", "user"]
