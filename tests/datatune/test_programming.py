"""A plan, written as a program: tried on rows, repaired with what failed, given up."""

from __future__ import annotations

import asyncio
import textwrap
from collections.abc import Sequence

import pytest

from satsuma.datatune.program import Row
from satsuma.datatune.program_runs import Programs
from satsuma.datatune.programming import REPAIRS, Written, write_program
from satsuma.llm.request import Message
from satsuma.sources.schema import Column
from satsuma.task.card import Card
from tests.datatune.grafted import Model, graft, items, labelled, paired, written

pytest.importorskip("pydantic_monty", reason="the sandbox is an extra: pip install 'satsuma[datatune]'")

ROWS: list[Row] = [{"q": f"Question {n}?", "a": f"Answer {n}." if n % 3 else None, "n": n} for n in range(12)]
COLUMNS = (Column("q", "text", ("Question 0?",)), Column("a", "text or null", ("Answer 1.",)), Column("n", "integer"))
FINE = """
    def transform(row):
        if row["a"] is None:
            return None
        return {"question": row["q"], "reply": row["a"], "label": "no"}
"""
CARELESS = """
    def transform(row):
        return {"question": row["q"], "reply": row["a"].strip(), "label": "no"}
"""


def wrote(*texts: str, task: Card | None = None, rows: Sequence[Row] = ROWS) -> tuple[Written, Model]:
    """What comes of these programs, one after the other."""
    given = [written(textwrap.dedent(text)) for text in texts]

    def program(_: str, messages: tuple[Message, ...]) -> object:
        turn = len(messages) // 2 - 1
        return given[turn] if turn < len(given) else "the model has no more"

    model = Model({"program": program, "ask": lambda *_: {"answer": "an answer"}})

    async def run() -> Written:
        async with Programs(1) as programs:
            chosen = graft(model, task or labelled(), "1. Keep the row.")
            return await write_program(chosen, programs, COLUMNS, items(rows), "source / program")

    return asyncio.run(run()), model


def again(model: Model, turn: int = 1) -> str:
    """What the model was told of its program number `turn`."""
    return model.asked[turn][2][-1].content


def test_a_program_that_fails_on_no_row_is_taken_as_it_is() -> None:
    done, model = wrote(FINE)
    assert done.program is not None
    assert done.program.text == textwrap.dedent(FINE)
    assert done.program.fields == ("question", "reply", "label")
    assert (done.repairs, done.tried, done.failed, done.failures) == (0, 12, 0, ())
    assert done.keys == ("program-1",)
    assert model.paths("program") == ["source / program"]


def test_the_question_has_the_plan_the_columns_rows_the_form_and_the_doors() -> None:
    _, model = wrote(FINE)
    text = model.asked[0][2][1].content
    for part in ("1. Keep the row.", '- "q" (text): "Question 0?"', '{"q": "Question 5?"', '"label": "<yes or no>"',
                 "sample(column)", "ask_all(questions", "base64, binascii", "yield, del"):  # fmt: skip
        assert part in text
    assert "Question 6?" not in text


def test_what_fails_is_told_with_its_rows_and_repaired() -> None:
    done, model = wrote(CARELESS, FINE)
    assert done.program is not None
    assert (done.repairs, done.failed) == (1, 0)
    told = again(model)
    assert "failed on 4 of them" in told
    assert "raised: line 3: AttributeError: 'NoneType' object has no attribute 'strip'" in told
    assert '{"q": "Question 0?", "a": null, "n": 0}' in told
    assert '{"q": "Question 3?", "a": null, "n": 3}' in told
    assert "Question 6?" not in told
    assert '"reply":"Answer 1."' in told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("def transform(row):\n    yield 1", "syntax: "),
        ("def convert(row):\n    return None", "undefined: it defines no function transform(row)"),
        ("import os\ndef transform(row):\n    return None", "forbidden: import of 'os'"),
        ("def transform(row):\n    return None", "it returned None for all of 12 rows"),
        ("def transform(row):\n    return {'question': 'q', 'reply': 'r', 'label': 'no'}", "it made the same instance"),
        (
            "def transform(row):\n    return {'question': row['q'], 'reply': 'r', 'label': 'maybe'}",
            "'maybe' is not one",
        ),
        ("def transform(row):\n    if row['n'] == 2:\n        while True: pass\n    return None", "time: "),
    ],
)
def test_every_kind_of_failure_is_told(text: str, told: str) -> None:
    done, model = wrote(text, FINE)
    assert done.repairs == 1
    assert done.program is not None
    assert told in again(model)


def test_failures_that_differ_in_names_only_are_told_once() -> None:
    _, model = wrote("def transform(row):\n    return row['missing ' + row['q']]", FINE)
    assert again(model).count("KeyError") == 1
    assert "(12 of the rows, such as)" in again(model)


def test_it_is_given_up_after_three_repairs() -> None:
    broken = [f"def transform(row):\n    return row['{n}']" for n in range(9)]
    done, model = wrote(*broken)
    assert done.program is None
    assert (done.repairs, done.failed) == (REPAIRS, 12)
    assert len(model.asked) == 1 + REPAIRS
    assert done.failures == ("raised: line 2: KeyError: '0' (12 rows)",)


def test_the_best_attempt_counts_and_may_fail_on_a_third_of_the_rows() -> None:
    done, _ = wrote("def transform(row):\n    return row['x']", CARELESS, "syntax error", "syntax error")
    assert done.program is not None
    assert done.program.text == textwrap.dedent(CARELESS)
    assert (done.repairs, done.failed) == (3, 4)
    rows = [row for row in ROWS if row["a"] is None or row["n"] in (1, 2)]
    assert wrote(CARELESS, CARELESS, CARELESS, CARELESS, rows=rows)[0].program is None


def test_a_model_that_gives_no_program_is_no_error() -> None:
    done, _ = wrote()
    assert done == Written(None, failures=("the model has no more",), keys=("program-1",))
    assert wrote(CARELESS)[0].failed == 4


def test_a_fence_around_the_program_is_taken_off() -> None:
    done, _ = wrote(f"```python\n{textwrap.dedent(FINE).strip()}\n```")
    assert done.program is not None
    assert done.program.text == textwrap.dedent(FINE).strip()


def test_a_program_whose_lines_were_escaped_twice_is_read_all_the_same() -> None:
    once = textwrap.dedent(FINE).strip()
    done, _ = wrote(once.replace('"', '\\"').replace("\n", "\\n"))
    assert done.program is not None
    assert done.program.text == once
    plain = "def transform(row): return {'question': row['q'] + '\\n', 'reply': 'r', 'label': 'no'}"
    assert wrote(plain)[0].text == plain


def test_questions_of_the_trial_are_paid_by_path_and_counted() -> None:
    text = "def transform(row):\n    return {'code': row['q'], 'correct': ask(row['q']), 'wrong': 'w'}"
    done, model = wrote(text, task=paired(), rows=ROWS[:3])
    assert done.program is not None
    assert model.paths("ask") == [f"source / {n} / ask 0" for n in range(3)]
    assert len(done.keys) == 4
