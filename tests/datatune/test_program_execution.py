"""A plan, carried out on a row by a program: its questions are asked once, its result is checked like a model's."""

from __future__ import annotations

import asyncio
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

import satsuma.testing
from satsuma.datatune.asking import Asking
from satsuma.datatune.execution import Graft, RowItem, Transformed
from satsuma.datatune.expansion import Expanded
from satsuma.datatune.planning import Plan
from satsuma.datatune.program import Program, Row
from satsuma.datatune.program_execution import DROPPED, ProgramExecution, ask_question
from satsuma.datatune.program_runs import Programs
from satsuma.llm.ask import Unanswered
from satsuma.llm.client import open_client
from satsuma.llm.journal import Journal
from satsuma.llm.request import Json, Message
from satsuma.settings import Settings
from satsuma.task.card import Card
from satsuma.testing.question import Question
from tests.datatune.grafted import Model, Script, graft, items, labelled, paired

pytest.importorskip("pydantic_monty", reason="the sandbox is an extra: pip install 'satsuma[datatune]'")

ROWS: list[Row] = [{"q": f"Question {n}?", "a": f"Answer {n}."} for n in range(6)]


def carried_out(
    task: Card, text: str, rows: Sequence[RowItem], script: Script = lambda *_: "nobody is asked"
) -> tuple[list[Transformed | Unanswered], Model]:
    model = Model({"ask": script})
    fields = graft(model, task).answers.fields

    async def run() -> list[Transformed | Unanswered]:
        async with Programs(1) as programs:
            way = ProgramExecution(graft(model, task), programs, Program(textwrap.dedent(text), fields))
            done = await asyncio.gather(*(way(item) for item in rows), return_exceptions=True)
        for one in done:
            assert isinstance(one, Transformed | Unanswered), one
        return [one for one in done if isinstance(one, Transformed | Unanswered)]

    return asyncio.run(run()), model


def one(task: Card, text: str, script: Script = lambda *_: "nobody is asked") -> tuple[Transformed | Unanswered, Model]:
    done, model = carried_out(task, text, items(ROWS)[:1], script)
    return done[0], model


def answered(path: str, messages: tuple[Message, ...]) -> object:
    return {"answer": "yes" if "yes" in messages[1].content else f"said by {path[-1]}"}


def test_a_dict_becomes_an_instance_and_none_an_irrelevant_row() -> None:
    text = """
        def transform(row):
            if row["q"] == "Question 1?":
                return None
            return {"question": row["q"], "reply": row["a"], "label": "no"}
    """
    (first, second), model = carried_out(labelled(), text, items(ROWS)[:2])
    assert isinstance(first, Transformed)
    assert first.draft is not None
    assert dict(first.draft.fields) == {"question": "Question 0?", "reply": "Answer 0."}
    assert first.raw == '{"question":"Question 0?","reply":"Answer 0.","label":"no"}'
    assert second == Transformed(None, DROPPED)
    assert not model.asked


def test_values_of_other_rows_and_the_seed_make_the_same_instance_every_time() -> None:
    text = """
        import random
        def transform(row):
            return {"code": row["q"] + str(random.random()), "correct": row["a"], "wrong": sample("a")}
    """
    once, _ = carried_out(paired(), text, items(ROWS))
    again, _ = carried_out(paired(), text, items(ROWS))
    assert once == again
    drafts = [one.draft for one in once if isinstance(one, Transformed) and one.draft is not None]
    assert len({draft.fields["code"] for draft in drafts}) == len(ROWS)


def test_a_row_that_asks_is_answered_once_and_run_again() -> None:
    text = """
        def transform(row):
            first, second = ask_all(["Say this: " + row["q"], "Say that: " + row["q"]])
            label = ask(f"{first}, {second}: yes or no?", options=["yes", "no"])
            again = ask("Say this: " + row["q"])
            return {"question": first, "reply": second + again, "label": label}
    """
    done, model = one(labelled(), text, answered)
    assert isinstance(done, Transformed)
    assert done.draft is not None
    assert dict(done.draft.fields) == {"question": "said by 0", "reply": "said by 1said by 0"}
    assert (done.draft.output, done.keys, done.model) == ("yes", ("ask-1", "ask-2", "ask-3"), "test")
    assert model.paths("ask") == ["source / 0 / ask 0", "source / 0 / ask 1", "source / 0 / ask 2"]


def test_a_question_is_shown_as_data_with_its_options() -> None:
    from satsuma.datatune.program import Ask

    system, user = ask_question(Ask('Is {{ 1 }} "it"?', ("one", "two")), "German")
    assert 'Is {{ 1 }} "it"?' in user.content
    assert '- "one"\n- "two"' in user.content
    assert "German" not in system.content + user.content
    assert "answer in German" in ask_question(Ask("?"), "German")[1].content


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("return {'question': row['x'], 'reply': 'r', 'label': 'no'}", "raised: line 3: KeyError"),
        ("while True: pass", "time: it computes for more than 5 s"),
        ("import os", "forbidden: import of 'os'"),
        ("return {'answer': 1}", "result: it returned the field 'answer'; the fields are question, reply, label"),
        (
            "return {'question': 'q', 'reply': 'r', 'label': 'maybe'}",
            "field `label`: 'maybe' is not one of 'yes', 'no'",
        ),
        ("return {'question': 'q', 'label': 'no'}", "field `reply` is missing"),
        ("return [ask(str(n)) for n in range(10000)]", "asks: more than 20 questions or 8 rounds of them for one row"),
        ("ask_all([str(n) for n in range(50)])", "asks: more than 20 questions or 8 rounds of them for one row"),
    ],
)
def test_what_goes_wrong_is_a_reason(body: str, reason: str) -> None:
    done, _ = one(labelled(), f"\ndef transform(row):\n    {body}", answered)
    assert isinstance(done, Unanswered)
    assert done.reason.startswith(reason)


def test_a_program_that_asks_for_ever_costs_a_few_questions() -> None:
    done, model = one(labelled(), "def transform(row):\n    n = 0\n    while ask(str(n)): n += 1", answered)
    assert isinstance(done, Unanswered)
    assert len(model.asked) == len(done.keys) == 8


def test_a_question_without_answer_fails_its_row_with_the_keys_of_all() -> None:
    def script(path: str, _: tuple[Message, ...]) -> object:
        return "refused by the content filter" if path.endswith("ask 0") else {"answer": "fine"}

    done, _ = one(labelled(), "def transform(row):\n    return ask_all(['1?', '2?'])", script)
    assert isinstance(done, Unanswered)
    assert done.reason == "ask: refused by the content filter"
    assert set(done.keys) == {"ask-1", "ask-2"}


def test_validators_look_at_what_a_program_makes() -> None:
    task = labelled(validators=[{"length": {"field": "reply", "words": [3, 9]}}])
    done, _ = one(task, "def transform(row):\n    return {'question': 'q', 'reply': row['a'], 'label': 'no'}")
    assert isinstance(done, Unanswered)
    assert "reply" in done.reason
    assert "Answer 0." in done.raw


def test_answers_are_in_the_journal_and_a_second_run_asks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a real client and journal: the program, its questions, and the server that answers them."""
    text = """
        def transform(row):
            first = ask("Reword this: " + row["q"])
            label = ask("Which is it? " + first, options=["yes", "no"])
            return {"question": first, "reply": row["a"], "label": label}
    """

    def script(question: Question) -> Mapping[str, Json]:
        said = question.messages[-1][1]
        return {"answer": "yes" if "Which is it? " in said else "Reworded" + said[said.index("Question") :][:11]}

    async def run(url: str) -> list[Transformed]:
        settings = Settings(1, "openai/teacher", base_url=url)
        with Journal.open(tmp_path / "journal.sqlite") as journal:
            async with open_client(settings, journal) as client, Programs(1) as programs:
                task = Graft.of(
                    Asking(client, settings), labelled(), Expanded("", ""), Plan(("",), "1. Reword it.", "English")
                )
                way = ProgramExecution(task, programs, Program(textwrap.dedent(text), task.answers.fields))
                return await asyncio.gather(*(way(item) for item in items(ROWS)))

    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    with satsuma.testing.serve(script=script) as server:
        first = asyncio.run(run(server.url))
        again = asyncio.run(run(server.url))
        assert list(server.requests.values()) == [1] * (2 * len(ROWS))
    assert first == again
    assert {one.draft.output for one in first if one.draft is not None} == {"yes"}
    with Journal.open(tmp_path / "journal.sqlite", readonly=True) as journal:
        entries = {(entry.request.step, entry.request.path) for entry in journal.entries()}
    assert entries == {("ask", f"source / {n} / ask {k}") for n in range(len(ROWS)) for k in (0, 1)}
