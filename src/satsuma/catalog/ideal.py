"""A query that a model has expanded: the card of the ideal dataset for a task, one journaled question.

People describe a task by what a solver does; dataset cards describe what rows hold. A model bridges the two by writing
the card that it would like to find (a hypothetical document, Gao et al. 2023), and the search then compares cards with
cards. The task itself stays part of the query and counts half, so that a model that knows no such dataset does no harm.

Not covered: whether the dataset exists. The card is text for searching and is shown to nobody as a fact.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from satsuma.llm.ask import Answered
from satsuma.llm.request import Message
from satsuma.task.card import Card
from satsuma.task.templates import built_in

STEP: Final = "retrieval"
"""What the question is called in the journal."""
PROMPT = "ideal_dataset"
FORM = """{
  "description": "<two to four sentences: what the rows hold, where they come from, what is annotated>",
  "tags": ["<three to eight: kind of task, subject, language>"],
  "columns": ["<the names of its columns>"]
}"""

A = TypeVar("A", bound=BaseModel)
_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]
_Short = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class Asks(Protocol):
    """Asks one question of one step."""

    async def __call__(
        self, step: Literal["retrieval"], path: str, messages: tuple[Message, ...], answer: type[A], draw: int = 0
    ) -> Answered[A]:
        """The validated answer.

        Raises:
            Unanswered: there is none, with the reason.
        """
        ...


class IdealDataset(BaseModel):
    """The card of a dataset that would serve best."""

    model_config = ConfigDict(extra="ignore")

    description: _Text
    tags: list[_Short] = Field(max_length=50)
    columns: list[_Short] = Field(max_length=200)

    def queries(self, task: str) -> tuple[str, str]:
        """What to search for: the task, and the card as text. `Catalog.search` counts the two alike."""
        return task, " ".join([self.description, *self.tags, *self.columns])


def ideal_question(card: Card) -> tuple[tuple[Message, ...], type[IdealDataset]]:
    """The question for the ideal dataset of a task.

    Raises:
        CardError: the prompt cannot be rendered.
    """
    messages = built_in(PROMPT).render(
        task=card.task,
        inputs={name: {"description": given.description} for name, given in card.inputs.items()},
        language=card.language,
        examples=[{name: _shown(value) for name, value in example.items()} for example in card.examples],
        answer=FORM,
    )
    return messages, IdealDataset


async def ideal_dataset(asks: Asks, card: Card, draw: int = 0) -> Answered[IdealDataset]:
    """Ask for the ideal dataset of a task.

    Raises:
        Unanswered: there is no valid answer; the task alone is then the query.
    """
    messages, answer = ideal_question(card)
    return await asks(STEP, "catalog", messages, answer, draw)


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
