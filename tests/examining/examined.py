"""What the tests of `score` and `rate` share: a card, rows, and a model whose answers are functions."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

import satsuma.testing
from satsuma.llm.request import Json
from satsuma.testing import Server
from satsuma.testing.question import Question

MODEL = "openai/teacher"
CARD: dict[str, Json] = {
    "name": "mood",
    "task": "Tell the mood of a message.",
    "inputs": {"message": "a message of a customer"},
    "output": {"labels": {"glad": "the customer is content", "cross": "the customer is not"}},
    "examples": [
        {"message": "Thank you, it came early.", "label": "glad"},
        {"message": "It came broken.", "label": "cross"},
        {"message": "Nobody answers the phone.", "label": "cross"},
    ],
}
Rule = Callable[[str, Question], "Mapping[str, Json] | str"]
"""What stands between the tags, and the question → the answer."""


def rows(count: int) -> list[dict[str, Json]]:
    """Messages, every third of which is cross; the word `odd` or `even` stands in each."""
    return [
        {"message": f"Message {i} is {'odd' if i % 2 else 'even'}.", "label": "cross" if i % 3 == 0 else "glad"}
        for i in range(count)
    ]


def file_of(path: Path, data: Sequence[Mapping[str, Json]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in data), "utf-8")
    return path


def between(question: Question, tag: str) -> str:
    (found,) = re.findall(rf"<{tag}>\n(.*?)\n</{tag}>", question.last_message, re.DOTALL)
    return str(found)


@contextmanager
def model(rule: Rule, tag: str = "question") -> Iterator[tuple[Server, list[Question]]]:
    """A server that answers by a rule, and everything that it was asked."""
    seen: list[Question] = []

    def script(question: Question) -> Mapping[str, Json] | str:
        seen.append(question)
        first = next(text for role, text in question.messages if role == "user")
        (found,) = re.findall(rf"<{tag}>\n(.*?)\n</{tag}>", first, re.DOTALL)
        return rule(found, question)

    with pytest.MonkeyPatch.context() as patch, satsuma.testing.serve(script=script) as server:
        patch.setenv("OPENAI_API_KEY", "sk-test")
        yield server, seen


def number(text: str) -> int:
    """The number of a message."""
    found = re.search(r"Message (\d+)", text)
    assert found is not None, text
    return int(found[1])


def truthful(text: str, question: Question) -> Mapping[str, Json]:  # noqa: ARG001 - a rule has both
    """Always right."""
    return {"label": "cross" if number(text) % 3 == 0 else "glad"}
