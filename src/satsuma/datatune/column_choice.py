"""DataTune's schema selection (arXiv 2404.14361, section 3.2): the columns that instances are made of.

Any number of input columns, and at most one from which the output follows. Columns that the dataset does not have are
refused and asked for again, as is an output that is also an input. In a wide dataset columns are shown without values,
and as many as there is room for; one that is not shown counts as known all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from satsuma.datatune.asking import Asks
from satsuma.datatune.asking_again import ask_until
from satsuma.datatune.expansion import Expanded
from satsuma.datatune.naming import known
from satsuma.datatune.telling import told
from satsuma.llm.ask import Unanswered
from satsuma.llm.request import Message
from satsuma.sources.rows import Row
from satsuma.sources.schema import Column
from satsuma.sources.show import shown_columns, shown_row, shown_value
from satsuma.targen.asking import form
from satsuma.task.card import Card
from satsuma.task.flaw import nearest, quoted
from satsuma.task.templates import built_in

ROWS = 3
"""Rows that are shown."""
ROW_TOKENS = 800
WIDE = 40
"""Columns above which they are shown without values."""
WIDE_TOKENS = 4000
ABOUT_TOKENS = 400
"""Tokens of a dataset's description, at most."""
MOST = 200
"""Columns that can be chosen."""
_NONE = frozenset({"", "none", "null"})

_Name = Annotated[str, StringConstraints(max_length=4000)]
_Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=8000)]


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that were chosen, as the dataset names them.

    inputs: at least one. output: the one from which the output follows, not among the inputs; None if there is none.
    """

    inputs: tuple[str, ...]
    output: str | None
    reason: str
    keys: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, the output last."""
        return self.inputs if self.output is None else (*self.inputs, self.output)


class ColumnsAnswer(BaseModel):
    """What the model answers."""

    model_config = ConfigDict(extra="ignore")

    reason: _Text = Field(description="what an instance takes from which column, in one or two sentences")
    inputs: list[_Name] = Field(max_length=MOST, description="the name of a column")
    output: _Name = Field(description="the name of the column from which the output follows; empty if there is none")


def columns_question(
    card: Card, expanded: Expanded, columns: Sequence[Column], rows: Sequence[Row], about: str = ""
) -> tuple[Message, ...]:
    """The question for the columns.

    Raises:
        CardError: the prompt cannot be rendered.
    """
    wide = len(columns) > WIDE
    shown = [replace(column, samples=()) for column in columns] if wide else columns
    return built_in("columns").render(
        task=told(card),
        requirements=expanded.requirements,
        form=expanded.form,
        name=card.output.name,
        about=shown_value(about, ABOUT_TOKENS) if about else "",
        columns=shown_columns(shown, WIDE_TOKENS) if wide else shown_columns(shown),
        rows=[shown_row(row, tokens=ROW_TOKENS) for row in rows[:ROWS]],
        answer=form(ColumnsAnswer),
    )


async def choose_columns(
    asks: Asks,
    card: Card,
    expanded: Expanded,
    columns: Sequence[Column],
    rows: Sequence[Row],
    *,
    about: str = "",
    path: str = "columns",
) -> Columns:
    """The columns to use. about: what the dataset says of itself. path: who asks, such as the dataset's name.

    Raises:
        Unanswered: there is no answer that can be used, or the dataset has no columns.
        CardError: the prompt cannot be rendered.
    """
    names = [column.name for column in columns]
    if not names:
        raise Unanswered("the dataset has no columns", (), "")

    def problem(answer: ColumnsAnswer) -> str:
        return _problem(answer, names)

    messages = columns_question(card, expanded, columns, rows, about)
    answered = await ask_until(asks, "columns", path, messages, ColumnsAnswer, problem)
    value = answered.value
    inputs = tuple(dict.fromkeys(name for one in value.inputs if (name := known(one, names)) is not None))
    return Columns(inputs, _output(value, names), value.reason, answered.keys)


def _output(answer: ColumnsAnswer, names: Sequence[str]) -> str | None:
    """The output column; None where none is named."""
    return known(answer.output, names)


def _problem(answer: ColumnsAnswer, names: Sequence[str]) -> str:
    named = [*answer.inputs, *([answer.output] if answer.output.strip().casefold() not in _NONE else [])]
    if unknown := [name for name in named if known(name, names) is None]:
        return "; ".join(
            dict.fromkeys(f"there is no column {quoted(name)}{_near(name, names)}" for name in unknown[:5])
        )
    if not answer.inputs:
        return '"inputs" names no column; an instance is made of at least one'
    output = _output(answer, names)
    if output is not None and output in {known(name, names) for name in answer.inputs}:
        return f"{quoted(output)} is the output and also among the inputs; name it as the output only"
    return ""


def _near(name: str, names: Sequence[str]) -> str:
    near = nearest(name, names)
    return f"; did you mean {quoted(near)}?" if near else ""
