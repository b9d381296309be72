"""DataTune's last module: a plan, carried out on one row by a model. One request per row.

What the model makes of the row is checked (`row_answers.py`); what is wrong with it is told to the model, which does
the row once more. The question depends on the row, the plan and the card, and not on which instance it is to become,
so a row that was asked about for one purpose (`program_comparison.py`) is not paid again for another.

A row does not see the rest of its dataset. Where a plan speaks of other rows, a few of them are shown with it, the
same ones that `sample` gives to a program.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from satsuma.datatune.asking import Asks
from satsuma.datatune.program import Row, Sample
from satsuma.datatune.row_answers import RowAnswers
from satsuma.datatune.telling import told
from satsuma.llm.ask import Unanswered
from satsuma.llm.request import Json, Message
from satsuma.sources.show import shown_row
from satsuma.targen.asking import form
from satsuma.task.card import Card
from satsuma.task.outputs import Asked, Draft, Mistake, output_of
from satsuma.task.templates import built_in

if TYPE_CHECKING:
    from satsuma.datatune.expansion import Expanded
    from satsuma.datatune.planning import Plan

AGAIN = 1
"""How often a row is done again with what was wrong with its instance."""
REASON = 500
"""Characters of why a row is irrelevant that are kept."""
OTHERS = 3
"""Other rows that are shown with a row."""
OTHER_TOKENS = 300
"""Tokens of another row that are shown."""
CELL_TOKENS, ROW_TOKENS = 4000, 8000
"""Tokens of a value and of a row that are shown: here a row is no sample of others, but all that there is."""
_OTHERS = re.compile(r"(?:other|different|random|distinct) rows?\b", re.IGNORECASE)
"""How plans speak of other rows; `another row` is among it."""


@dataclass(frozen=True, slots=True)
class Graft:
    """What is the same for all rows of a dataset, whoever carries out the plan.

    answers: what can be made of a row. task: the card's, as prompts tell it. requirements, form: what the expanded task
    asks of an instance. plan: the numbered steps.
    """

    asks: Asks
    card: Card
    answers: RowAnswers
    task: str
    requirements: str
    form: str
    plan: str

    @classmethod
    def of(cls, asks: Asks, card: Card, expanded: Expanded, plan: Plan) -> Graft:
        """The graft of a plan.

        Raises:
            CardError: an expression or a validator of the card cannot be used.
        """
        answers = RowAnswers(card, output_of(card))
        return cls(asks, card, answers, told(card), expanded.requirements, expanded.form, plan.text)

    def told(self) -> dict[str, object]:
        """What every prompt about rows is told."""
        return {
            "task": self.task,
            "language": self.card.language,
            "kind": self.card.output.kind,
            "name": self.card.output.name,
            "requirements": self.requirements,
            "form": self.form,
            "plan": self.plan,
            "examples": list(self.answers.examples),
        }


@dataclass(frozen=True, slots=True)
class RowItem:
    """A row that is to become an instance.

    index: of the row in its dataset. row: its values, of the columns that were selected. asked: what the instance is
    wanted for, and the path of its chance. sample: values of other rows.
    """

    index: int
    row: Row
    asked: Asked
    path: str
    sample: Sample | None = None


@dataclass(frozen=True, slots=True)
class Transformed:
    """What became of a row: a draft, or why it is irrelevant.

    keys: of the requests that led to it. model: that was asked; empty if none was. raw: the last reply, or what the
    program returned.
    """

    draft: Draft | None
    irrelevant: str = ""
    keys: tuple[str, ...] = field(default=())
    model: str = ""
    raw: str = ""


class Way(Protocol):
    """Carries out a plan on a row: a model, or a program."""

    async def __call__(self, item: RowItem) -> Transformed:
        """What becomes of the row.

        Raises:
            Unanswered: it failed, with the reason.
        """
        ...


class Execution:
    """Carries out the plan of a dataset, row by row."""

    def __init__(self, graft: Graft) -> None:
        self._asks = graft.asks
        self._answers = graft.answers
        self._shows_others = _OTHERS.search(graft.plan) is not None
        self._prompt = built_in("execute")
        self._common = {**graft.told(), "answer": form(graft.answers.answer)}

    def question(self, item: RowItem) -> tuple[Message, ...]:
        """The messages about a row."""
        others = other_rows(item.sample, list(item.row)) if self._shows_others else ()
        row = shown_row(item.row, cell=CELL_TOKENS, tokens=ROW_TOKENS)
        return self._prompt.render(**self._common, row=row, others=list(others))

    async def __call__(self, item: RowItem) -> Transformed:
        """Ask for the instance of a row.

        Raises:
            Unanswered: the model gave none, or what it gave does not make one, twice.
        """
        messages = self.question(item)
        keys: tuple[str, ...] = ()
        for again in range(AGAIN + 1):
            answered = await self._asks("execute", item.path, messages, self._answers.answer)
            keys += answered.keys
            made = answered.value
            if made.irrelevant or made.instance is None:
                return Transformed(None, made.reason[:REASON], keys, answered.model, answered.raw)
            try:
                draft = self._answers.draft(made.instance, item.asked)
            except Mistake as mistake:
                if again == AGAIN:
                    raise Unanswered(str(mistake), keys, answered.raw) from mistake
                messages = (*messages, Message("assistant", answered.raw), _again(str(mistake)))
            else:
                return Transformed(draft, "", keys, answered.model, answered.raw)
        raise AssertionError  # the loop returns or raises


def _again(reason: str) -> Message:
    return Message("user", built_in("execute_again").render_text(reason=reason))


def other_rows(sample: Sample | None, columns: Sequence[str], count: int = OTHERS) -> tuple[str, ...]:
    """The first other rows that `sample` draws, as a prompt shows them; fewer if there are not so many."""
    shown: list[str] = []
    for draw in range(count if sample is not None else 0):
        row: dict[str, Json] = {}
        for column in columns:
            try:
                row[column] = sample(column, draw) if sample is not None else None
            except LookupError:
                continue
        if not row:
            break
        shown.append(shown_row(row, tokens=OTHER_TOKENS))
    return tuple(shown)
