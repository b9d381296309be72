"""A plan that is a program, carried out on one row: its questions asked, its result checked.

A row that asks something new ends there. Its questions go to the model of the step `ask`, under the row's path, and
are journaled; then the row is run again from its beginning, with the answers. So no worker of the sandbox waits, and a
run that is continued asks nothing twice.

A program is there to ask less than a model that does the whole row, so a row may ask `QUESTIONS` questions at most,
in `ROUNDS` rounds, whatever the sandbox would let it.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import lru_cache
from typing import Literal

import orjson
from pydantic import BaseModel

from satsuma import chance
from satsuma.datatune.execution import Graft, RowItem, Transformed
from satsuma.datatune.program import Ask, Asked, Attempt, Done, Failed, Irrelevant, Program
from satsuma.datatune.program_runs import Programs
from satsuma.llm.ask import Answered, Unanswered
from satsuma.llm.request import Message
from satsuma.targen.asking import form
from satsuma.task.outputs import Mistake
from satsuma.task.outputs.kind import Text, answer_model
from satsuma.task.templates import built_in

ROUNDS = 8
"""Times that a row is run again with answers."""
QUESTIONS = 20
"""Questions that a row asks in all."""
DROPPED = "the program drops it"
"""Why a row is irrelevant for which a program returns None."""


class ProgramExecution:
    """Carries out the plan of a dataset by a program, row by row."""

    def __init__(self, graft: Graft, programs: Programs, program: Program) -> None:
        self._asks = graft.asks
        self._programs = programs
        self._program = program
        self._answers = graft.answers
        self._language = graft.card.language

    async def __call__(self, item: RowItem) -> Transformed:
        """Run the row until it is done.

        Raises:
            Unanswered: the program fails, what it returns makes no instance, or a question has no answer.
        """
        attempt = Attempt(item.row, {}, item.sample, chance.number(item.asked.seed, "random", item.index))
        asked: tuple[Answered[BaseModel], ...] = ()
        for number in range(ROUNDS + 1):
            outcome = await self._programs.run(self._program, attempt)
            keys = tuple(key for answered in asked for key in answered.keys)
            model = asked[-1].model if asked else ""
            match outcome:
                case Done(value):
                    raw = orjson.dumps(value).decode()
                    try:
                        draft = self._answers.returned(value, item.asked)
                    except Mistake as mistake:
                        raise Unanswered(str(mistake), keys, raw) from mistake
                    return Transformed(draft, "", keys, model, raw)
                case Irrelevant():
                    return Transformed(None, DROPPED, keys, model)
                case Failed(kind, reason):
                    raise Unanswered(f"{kind}: {reason}", keys, "")
                case Asked(questions):
                    if number == ROUNDS or len(asked) + len(questions) > QUESTIONS:
                        break
                    new = await self._answered(questions, item.path, len(asked), keys)
                    asked += new
                    told = {question: _said(one.value) for question, one in zip(questions, new, strict=True)}
                    attempt = replace(attempt, answers={**attempt.answers, **told})
        raise Unanswered(
            f"asks: more than {QUESTIONS} questions or {ROUNDS} rounds of them for one row",
            tuple(key for answered in asked for key in answered.keys), "",
        )  # fmt: skip

    async def _answered(
        self, questions: tuple[Ask, ...], path: str, first: int, before: tuple[str, ...]
    ) -> tuple[Answered[BaseModel], ...]:
        """The answers, which are asked for at the same time; all of them are waited for, whatever becomes of one."""
        asking = (self._ask(question, f"{path} / ask {first + at}") for at, question in enumerate(questions))
        answers: list[Answered[BaseModel]] = []
        without: list[Unanswered] = []
        keys = before
        for one in await asyncio.gather(*asking, return_exceptions=True):
            if isinstance(one, Unanswered):
                without.append(one)
            elif isinstance(one, BaseException):
                raise one  # the run ends here; the row is decided when all of its questions are
            else:
                answers.append(one)
            keys += one.keys
        if without:
            raise Unanswered(f"ask: {without[0].reason}", keys, without[0].raw)
        return tuple(answers)

    async def _ask(self, question: Ask, path: str) -> Answered[BaseModel]:
        answer = _answer_to(question.options)
        return await self._asks("ask", path, ask_question(question, self._language), answer)


def ask_question(question: Ask, language: str) -> tuple[Message, ...]:
    """The messages of a program's question."""
    answer = form(_answer_to(question.options))
    options = list(question.options)
    return built_in("ask").render(question=question.question, options=options, language=language, answer=answer)


@lru_cache(maxsize=1024)
def _answer_to(options: tuple[str, ...]) -> type[BaseModel]:
    kind: object = Literal[options] if options else Text
    said = "one of the options, word for word" if options else "the answer itself, without anything around it"
    return answer_model("Answer", "The answer to a question.", {"answer": (kind, said)})


def _said(answer: BaseModel) -> str:
    return str(getattr(answer, "answer"))  # noqa: B009 - the model is made at run time
