"""What the tests of the row side share: small cards, rows, a model whose answers are functions, the reviewed prompts.

`python -m tests.datatune.grafted` writes the reviewed prompts anew; read the difference as the model would.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from satsuma.datatune.asking import Step
from satsuma.datatune.execution import Execution, Graft, RowItem
from satsuma.datatune.expansion import Expanded
from satsuma.datatune.planning import Plan
from satsuma.datatune.program import Ask, Row
from satsuma.datatune.program_comparison import judge_question
from satsuma.datatune.program_execution import ask_question
from satsuma.datatune.program_samples import Sampler
from satsuma.datatune.programming import program_question
from satsuma.llm.ask import Answered, Unanswered
from satsuma.llm.request import Json, Message
from satsuma.task.card import Card
from satsuma.task.loader import load_card
from satsuma.task.outputs import Asked
from tests.datatune.planned import CASES, EXPANDED, Case, card_of

A = TypeVar("A", bound=BaseModel)
FOLDER = Path(__file__).parent.parent / "golden" / "datatune_rows"
Script = Callable[[str, tuple[Message, ...]], object]
"""Path and messages → the answer's fields, or a text: the reason why there is none."""

LABELS = {"yes": "it does", "no": "it does not"}
QUESTION = {"question": "A question.", "reply": "A reply."}


@dataclass
class Model:
    """Answers by step, and remembers what it was asked."""

    scripts: Mapping[Step, Script]
    asked: list[tuple[Step, str, tuple[Message, ...]]] = field(default_factory=list)

    async def __call__(
        self, step: Step, path: str, messages: tuple[Message, ...], answer: type[A], draw: int = 0
    ) -> Answered[A]:
        assert draw == 0
        self.asked.append((step, path, messages))
        key = f"{step}-{len(self.asked)}"
        given = self.scripts[step](path, messages)
        if isinstance(given, str):
            raise Unanswered(given, (key,), "raw")
        return Answered(answer.model_validate(given), (key,), "test", json.dumps(given))

    def paths(self, step: Step) -> list[str]:
        """Who asked, in the order of asking."""
        return [path for asked, path, _ in self.asked if asked == step]


def card(output: Mapping[str, object], inputs: Mapping[str, object], **more: object) -> Card:
    return load_card({"task": "A task.", "inputs": dict(inputs), "output": dict(output), **more})


def labelled(**more: object) -> Card:
    """Whether a reply to a question says yes or no."""
    return card({"labels": LABELS}, QUESTION, **more)


def paired(**more: object) -> Card:
    """A code, its right description and a wrong one."""
    inputs = {"code": "Some code.", "descriptions": "What the code does."}
    return card({"name": "answer", "choice": {"field": "descriptions", "count": 2}}, inputs, **more)


def graft(model: Model, task: Card, plan: str = "1. Take the row as it is.") -> Graft:
    return Graft.of(model, task, Expanded("- It is clear.", "- short"), Plan((plan,), plan, task.language))


def items(rows: Sequence[Row], label: str = "yes", seed: int = 7) -> list[RowItem]:
    """The rows as they are to be transformed."""
    return [
        RowItem(i, row, Asked(label, seed, i), f"source / {i}", Sampler(seed, i, len(rows), rows.__getitem__))
        for i, row in enumerate(rows)
    ]


def written(program: str) -> dict[str, Json]:
    return {"approach": "As the plan says.", "program": program}


def made(instance: Mapping[str, object]) -> dict[str, object]:
    return {"reason": "It fits.", "irrelevant": False, "instance": instance}


PLANS = {
    "cause": '1. Drop the row if "premise" is no event.\n2. "label" names the hypothesis that is right, 0 or 1.',
    "implied": '1. Drop the row if "reply" says yes or no.\n2. Take "question" and "reply" over; "answer" is "label".',
    "code": '1. Take "code" over.\n2. The wrong ones are the values of the column "description" of other rows.',
}


def questions(name: str, case: Case) -> Iterator[tuple[str, tuple[Message, ...]]]:
    """Every question of the row side, by its step."""
    chosen = Graft.of(Model({}), card_of(case.card), EXPANDED, Plan((), PLANS[name], "English"))
    rows = items(case.rows)
    example = chosen.answers.examples[0]
    yield "execute", Execution(chosen).question(rows[-1])
    yield "program", program_question(chosen, case.columns, rows)
    yield "ask", ask_question(Ask("Which is it?\n" + json.dumps(case.rows[-1]), ("this one", "that one")), "English")
    yield "judge", judge_question(chosen, rows[-1], example, None)


def golden_text(name: str) -> str:
    """What is asked about the rows of a case."""
    parts = [
        f"══ {step}\n" + "\n".join(f"── {message.role}\n{message.content}" for message in messages)
        for step, messages in questions(name, CASES[name])
    ]
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Write the prompts of every case."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in CASES:
        (FOLDER / f"{name}.txt").write_text(golden_text(name), "utf-8")


if __name__ == "__main__":
    main()
