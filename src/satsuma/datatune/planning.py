"""DataTune's planning (arXiv 2404.14361, section 3.2): the steps that turn any row of one dataset into an instance.

Written once for a task and a dataset, carried out for every row by somebody who sees that row only. The steps may
combine, shorten, expand, translate and create values, choose inputs and output, draw values of other rows, or drop
a row as irrelevant.

The plan states the language of its result, and it has to be the card's: in the paper's runs plans for a Russian task
made English data. Where the rows are in another language than that, as the model says or as language identification
finds, a step has to name the card's language. Nor may a step name a column that is neither among the chosen ones nor
made by a step, since whoever carries it out sees no others. A plan that fails is asked for again.

Not covered: whether the steps are good ones; the rows that fail will show it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from satsuma.datatune.asking import Asks
from satsuma.datatune.asking_again import ask_until
from satsuma.datatune.column_choice import ABOUT_TOKENS, Columns
from satsuma.datatune.expansion import Expanded
from satsuma.datatune.naming import known
from satsuma.datatune.telling import demonstrations, told
from satsuma.llm.request import Json, Message
from satsuma.sources.rows import Row
from satsuma.sources.schema import Column
from satsuma.sources.show import shown_columns, shown_row, shown_value
from satsuma.targen.asking import form
from satsuma.task.card import Card
from satsuma.task.card_output import OptionList
from satsuma.task.flaw import quoted
from satsuma.task.languages import CODES, code_of
from satsuma.task.templates import built_in

ROWS = 5
"""Rows that are shown."""
ROW_TOKENS = 800
MOST = 30
"""Steps at most."""
_NUMBER = re.compile(r"^\s*(?:step\s*)?\d+\s*[.):]\s+", re.IGNORECASE)
_COLUMN = re.compile(r'\bcolumns? "([^"\n]{1,200})"')
_CREATED = re.compile(r'\b(?:new|creat|add|build|deriv)\w*\b[^".\n]{0,30}\bcolumns? "([^"\n]{1,200})"', re.IGNORECASE)
_LOOKED_AT = 1000
"""Characters of a row from which its language is told."""

_Step = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]
_Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=8000)]
_Name = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps from a row to an instance. text: the same, numbered, a line each. language: of the result."""

    steps: tuple[str, ...]
    text: str
    language: str
    keys: tuple[str, ...] = ()


class PlanAnswer(BaseModel):
    """What the model answers."""

    model_config = ConfigDict(extra="ignore")

    thoughts: _Text = Field(
        description="what one of the rows becomes: what is taken over, what is missing; which rows will not do"
    )
    rows_language: _Name = Field(description="the language of the text in the rows, by its English name")
    language: _Name = Field(description="the language of the text in the instances, by its English name")
    steps: list[_Step] = Field(min_length=1, max_length=MOST, description="a step")


def plan_question(
    card: Card,
    expanded: Expanded,
    columns: Columns,
    schema: Sequence[Column],
    rows: Sequence[Row],
    about: str = "",
) -> tuple[Message, ...]:
    """The question for the plan. schema: the dataset's columns, of which the chosen ones are shown.

    Raises:
        CardError: the prompt cannot be rendered.
    """
    choice = card.output.choice
    return built_in("plan").render(
        task=told(card),
        demonstrations=list(demonstrations(card)),
        requirements=expanded.requirements,
        form=expanded.form,
        name=card.output.name,
        options=bool(card.option_fields),
        varied=isinstance(choice, OptionList) and choice.count[0] < choice.count[1],
        kind=card.output.kind,
        language=card.language,
        about=shown_value(about, ABOUT_TOKENS) if about else "",
        columns=shown_columns([column for column in schema if column.name in columns.names]),
        output=shown_value(columns.output) if columns.output is not None else "",
        rows=[shown_row(_chosen(row, columns), tokens=ROW_TOKENS) for row in rows[:ROWS]],
        answer=form(PlanAnswer),
    )


def _chosen(row: Row, columns: Columns) -> dict[str, Json]:
    return {name: row.get(name) for name in columns.names}


async def make_plan(
    asks: Asks,
    card: Card,
    expanded: Expanded,
    columns: Columns,
    schema: Sequence[Column],
    rows: Sequence[Row],
    about: str = "",
    path: str = "plan",
) -> Plan:
    """The plan for a dataset. about: what it says of itself. path: who asks, such as the dataset's name.

    Raises:
        Unanswered: there is no plan whose result is in the card's language.
        CardError: the prompt cannot be rendered.
    """
    sample = [_chosen(row, columns) for row in rows[:ROWS]]

    def problem(answer: PlanAnswer) -> str:
        return _wrong_language(card.language, answer, sample) or _unknown_columns(answer.steps, columns.names)

    messages = plan_question(card, expanded, columns, schema, rows, about)
    answered = await ask_until(asks, "plan", path, messages, PlanAnswer, problem)
    steps = tuple(" ".join(_NUMBER.sub("", step).split()) for step in answered.value.steps)
    text = "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))
    return Plan(steps, text, card.language, answered.keys)


def _wrong_language(wanted: str, answer: PlanAnswer, rows: Sequence[Row]) -> str:
    if not same_language(answer.language, wanted):
        return f"its result would be in {quoted(answer.language)}, and the text of an instance has to be in {wanted}"
    if _foreign(wanted, answer, rows) and not _named(wanted, answer.steps):
        return f"the rows are not in {wanted}, and no step says what is put into {wanted}"
    return ""


def _unknown_columns(steps: Sequence[str], names: Sequence[str]) -> str:
    if any('"' in name for name in names):
        return ""  # where a name ends cannot be told then
    named = dict.fromkeys(name for step in steps for name in _COLUMN.findall(step))
    there = [*names, *(name for step in steps for name in _CREATED.findall(step))]
    unknown = [quoted(name) for name in named if known(name, there) is None]
    used = ", ".join(map(quoted, names[:20]))
    return f"there is no column {' or '.join(unknown[:5])} among those that are used: {used}" if unknown else ""


def same_language(one: str, other: str) -> bool:
    """Whether two names of languages, or their codes, mean the same one."""
    code = code_of(one)
    return code == code_of(other) if code else one.strip().casefold() == other.strip().casefold()


def _foreign(wanted: str, answer: PlanAnswer, rows: Sequence[Row]) -> bool:
    """Whether rows are in another language than the wanted one, as the model says, or as they show."""
    from satsuma.task.validators.language import other_language

    said = code_of(answer.rows_language)
    if said and said != code_of(wanted):
        return True
    return any(other_language(" ".join(_texts(row.values()))[:_LOOKED_AT], code_of(wanted)) for row in rows)


def _texts(values: Iterable[Json]) -> Iterable[str]:
    return (value[:_LOOKED_AT] for value in values if isinstance(value, str))


def _named(language: str, steps: Sequence[str]) -> bool:
    code = code_of(language)
    names = {language.casefold(), *(name for name, known in CODES.items() if code and known == code)}
    text = " ".join(steps).casefold()
    return any(name in text for name in names)
