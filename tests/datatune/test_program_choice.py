"""A program that lost is improved with the rows that it lost, and compared on rows that nobody has seen."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

import satsuma
import satsuma.testing
from satsuma.llm.request import Json
from satsuma.run.run import Run
from satsuma.testing import Server
from satsuma.testing.question import Question

pytest.importorskip("pydantic_monty", reason="an extra: pip install 'satsuma[datatune]'")

CARD: dict[str, Json] = {
    "name": "parity",
    "task": "Tell whether a number is even.",
    "inputs": {"said": "a sentence with a number"},
    "output": {"labels": {"even": "it can be halved", "odd": "it cannot"}},
    "duplicates": {"threshold": 1},
}
WORSE = """
def transform(row):
    return {"said": "The number is " + str(row["number"]), "label": "odd" if row["number"] % 4 else "even"}
"""
BETTER = WORSE.replace("% 4", "% 2")
HOPELESS = """
def transform(row):
    return {"said": "The number is " + str(row["number"]), "label": "even" if row["number"] % 2 else "odd"}
"""


def right(number: int) -> str:
    return "odd" if number % 2 else "even"


def judged(text: str) -> Json:
    """Prefers the instance whose label is right."""
    number = json.loads(re.findall(r"<row>\n(.*)\n</row>", text)[-1])["number"]
    good = [json.loads(re.findall(rf"<{x}>\n(.*)\n</{x}>", text)[-1])["label"] == right(number) for x in "AB"]
    better = "equal" if good[0] == good[1] else "A" if good[0] else "B"
    return {"reason": f"{number} is {right(number)}", "better": better}


class Teacher:
    """Writes `first`, and `second` when it is told what was lost."""

    def __init__(self, first: str, second: str) -> None:
        self.first, self.second = first, second
        self.told: list[str] = []
        self.compared: list[list[int]] = [[]]

    def answer(self, question: Question) -> Mapping[str, Json] | None:
        text = [said for role, said in question.messages if role == "user"][-1]
        if question.step == "program" and "The judge:" in text:
            self.told.append(text)
            self.compared.append([])
            return {"approach": "by halves", "program": self.second}
        if question.step == "judge":
            self.compared[-1].append(json.loads(re.findall(r"<row>\n(.*)\n</row>", text)[-1])["number"])
        return self.other(question, text)

    def other(self, question: Question, text: str) -> Mapping[str, Json] | None:
        answers: dict[str, Json] = {
            "expand": {"requirements": ["It is a number."], "fields": [{"name": "said", "form": "a sentence"}]},
            "columns": {"reason": "it is all there is", "inputs": ["number"], "output": ""},
            "plan": {
                "thoughts": "", "rows_language": "English", "language": "English",
                "steps": ['Write the sentence with the column "number".', "Say whether it is even."],
            },
            "program": {"approach": "by quarters", "program": self.first},
        }  # fmt: skip
        if question.step == "judge":
            return judged(text)  # type: ignore[return-value]
        if question.step == "execute":
            number = json.loads(re.findall(r"<row>\n(.*)\n</row>", text)[0])["number"]
            instance: Json = {"said": f"The number is {number}", "label": right(number)}
            return {"reason": "by halves", "irrelevant": False, "instance": instance}
        return answers[question.step]  # type: ignore[return-value]


@contextmanager
def serving(teacher: Teacher) -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as patch, satsuma.testing.serve(script=teacher.answer) as server:
        patch.setenv("OPENAI_API_KEY", "sk-test")
        yield server


def transformed(server: Server, place: Path, rows: int = 400, n: int = 30) -> Run:
    data = place / "numbers.jsonl"
    data.write_text("".join(json.dumps({"number": i}) + "\n" for i in range(rows)))
    return satsuma.transform(
        CARD, n=n, model="openai/t", base_url=server.url, out=place / "run", datasets=(str(data),), execute="auto"
    )


def test_a_program_that_lost_is_improved_and_then_used(tmp_path: Path) -> None:
    teacher = Teacher(WORSE, BETTER)
    with serving(teacher) as server:
        run = transformed(server, tmp_path)
    assert run.state.transformed is not None
    (use,) = run.state.transformed.datasets
    assert use.by == "program"
    assert use.program == BETTER
    assert use.comparison is not None
    assert use.comparison_before is not None
    assert (use.comparison["verdict"], use.comparison_before["verdict"]) == ("program", "model")
    for row in run.table().to_pylist():
        assert row["label"] == right(int(row["said"].rsplit(" ", 1)[1]))


def test_it_is_told_what_it_lost_and_compared_on_other_rows(tmp_path: Path) -> None:
    teacher = Teacher(WORSE, WORSE.replace("% 4", "% 6"))
    with serving(teacher) as server:
        transformed(server, tmp_path)
    (told,) = teacher.told
    lost = [int(number) for number in re.findall(r"The judge: (\d+) is", told)]
    assert 5 < len(lost) <= 12
    assert all(("odd" if number % 4 else "even") != right(number) for number in lost)
    first, second = map(set, teacher.compared)
    assert first >= set(lost)
    assert not first & second


@pytest.mark.parametrize("second", [WORSE, "def transform(row):\n    return 1 / 0"])
def test_where_the_second_is_no_better_the_model_does_it(tmp_path: Path, second: str) -> None:
    with serving(Teacher(WORSE, second)) as server:
        run = transformed(server, tmp_path)
    assert run.state.transformed is not None
    (use,) = run.state.transformed.datasets
    assert (use.by, use.comparison_before) == ("model", None)
    assert {row["label"] == right(int(row["said"].rsplit(" ", 1)[1])) for row in run.table().to_pylist()} == {True}


@pytest.mark.parametrize(("first", "rows"), [(HOPELESS, 400), (WORSE, 130)])
def test_a_hopeless_program_or_a_small_dataset_has_one_verdict(tmp_path: Path, first: str, rows: int) -> None:
    teacher = Teacher(first, BETTER)
    with serving(teacher) as server:
        run = transformed(server, tmp_path, rows)
    assert not teacher.told
    assert run.state.transformed is not None
    assert run.state.transformed.datasets[0].by == "model"
