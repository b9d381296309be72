"""Schema selection: columns that there are, asked for again where there are none."""

from __future__ import annotations

import asyncio
import json
import time

import pytest

from satsuma.datatune.column_choice import Columns, choose_columns
from satsuma.llm.ask import Unanswered
from satsuma.llm.request import Json
from satsuma.llm.tokens import likely_tokens
from satsuma.sources.schema import Column
from tests.datatune.planned import CASES, EXPANDED, HOSTILE, Model, card_of

CASE = CASES["cause"]
CARD = card_of(CASE.card)


def answer(inputs: list[str], output: str = "") -> dict[str, object]:
    return {"reason": "so", "inputs": inputs, "output": output}


def chosen(*answers: object) -> tuple[Columns, Model]:
    model = Model(lambda _, before: answers[before])
    return asyncio.run(choose_columns(model, CARD, EXPANDED, CASE.columns, CASE.rows, path="e_care")), model


def refused(*answers: object) -> tuple[Unanswered, Model]:
    model = Model(lambda _, before: answers[before])
    with pytest.raises(Unanswered) as caught:
        asyncio.run(choose_columns(model, CARD, EXPANDED, CASE.columns, CASE.rows))
    return caught.value, model


def test_columns_are_chosen_in_the_order_in_which_they_are_named() -> None:
    columns, model = chosen(answer(["hypothesis1", "premise", "premise"], "label"))
    assert columns == Columns(("hypothesis1", "premise"), "label", "so", ("columns-0-0",))
    assert columns.names == ("hypothesis1", "premise", "label")
    assert model.asked[0][:2] == ("columns", "e_care")


@pytest.mark.parametrize("none", ["", " ", "none", "null"])
def test_a_dataset_may_have_no_output_column(none: str) -> None:
    columns, _ = chosen(answer(["premise"], none))
    assert columns.output is None
    assert columns.names == ("premise",)


def test_a_column_that_is_called_none_is_an_output_column() -> None:
    model = Model(lambda *_: answer(["text"], "none"))
    columns = [Column("text", "text"), Column("none", "text")]
    assert asyncio.run(choose_columns(model, CARD, EXPANDED, columns, [])).output == "none"


def test_names_count_in_another_case_and_with_spaces_around_them() -> None:
    model = Model(lambda *_: answer(["premise"], "LABEL"))
    columns = [Column(" premise ", "text"), Column("label", "text")]
    assert asyncio.run(choose_columns(model, CARD, EXPANDED, columns, [])).names == (" premise ", "label")


def test_a_name_that_two_columns_have_but_for_their_case_is_not_guessed() -> None:
    model = Model(lambda *_: answer(["Text"]))
    columns = [Column("text", "text"), Column("TEXT", "text")]
    with pytest.raises(Unanswered, match="there is no column"):
        asyncio.run(choose_columns(model, CARD, EXPANDED, columns, []))


def test_unknown_columns_are_asked_for_again_with_what_was_meant() -> None:
    columns, model = chosen(answer(["premises", "ask_for"], "gold"), answer(["premise", "ask_for"], "label"))
    assert columns.names == ("premise", "ask_for", "label")
    assert columns.keys == ("columns-0-0", "columns-0-1")
    again = model.asked[1][2]
    assert [message.role for message in again[-2:]] == ["assistant", "user"]
    assert json.loads(again[-2].content)["output"] == "gold"
    assert 'there is no column "premises"; did you mean "premise"?; there is no column "gold"' in again[-1].content


def test_unknown_columns_are_refused_after_two_repairs() -> None:
    unanswered, model = refused(*[answer(["context"])] * 9)
    assert unanswered.reason == 'there is no column "context"'
    assert unanswered.keys == ("columns-0-0", "columns-0-1", "columns-0-2")
    assert len(model.asked) == 3
    assert len(model.asked[2][2]) == len(model.asked[0][2]) + 4


def test_the_output_is_not_among_the_inputs() -> None:
    columns, model = chosen(answer(["premise", "label"], "label"), answer(["premise"], "label"))
    assert columns.names == ("premise", "label")
    assert '"label" is the output and also among the inputs' in model.told[1]


def test_at_least_one_input_is_chosen() -> None:
    columns, model = chosen(answer([], "label"), answer(["premise"], "label"))
    assert columns.inputs == ("premise",)
    assert "names no column" in model.told[1]


def test_a_question_without_an_answer_is_unanswered_with_all_its_requests() -> None:
    unanswered, _ = refused(answer(["context"]), "given up")
    assert unanswered.reason == "given up"
    assert unanswered.keys == ("columns-0-0", "columns-0-1")


def test_a_reply_is_shown_again_without_what_cannot_be_sent_and_not_at_any_length() -> None:
    model = Model(lambda _, before: answer(["premise" if before else "no\0ne"]), raw="x\0\ud800" + "y" * 100_000)
    asyncio.run(choose_columns(model, CARD, EXPANDED, CASE.columns, CASE.rows))
    shown = model.asked[1][2][-2].content
    assert shown.startswith("x\ufffdyyy")
    assert len(shown) < 10_000
    assert "\0" not in model.told[1]


def test_without_rows_the_columns_are_shown_alone() -> None:
    model = Model(lambda *_: answer(["premise"]))
    asyncio.run(choose_columns(model, CARD, EXPANDED, CASE.columns, []))
    assert "Some rows" not in model.told[0]
    assert '- "premise" (text): "The river rose."' in model.told[0]


def test_without_columns_nobody_is_asked() -> None:
    model = Model(lambda *_: answer(["premise"]))
    with pytest.raises(Unanswered, match="no columns"):
        asyncio.run(choose_columns(model, CARD, EXPANDED, [], []))
    assert not model.asked


def test_of_5000_columns_a_prompt_shows_what_there_is_room_for_and_any_can_be_chosen() -> None:
    columns = [Column(f"column {n}", "text", ("a value " * 50,) * 3) for n in range(5000)]
    row: dict[str, Json] = {column.name: "a value " * 50 for column in columns}
    model = Model(lambda _, before: answer(["column 4999"] if before else ["column_four"]))
    began = time.process_time()
    found = asyncio.run(choose_columns(model, CARD, EXPANDED, columns, [row] * 20))
    assert time.process_time() - began < 5
    assert found.inputs == ("column 4999",)
    assert likely_tokens(model.told[0]) < 9000
    assert "more columns]" in model.told[0]
    assert '"column 200" (text)' in model.told[0]


def test_what_a_dataset_says_stays_in_its_quotes() -> None:
    columns = [Column(HOSTILE, "text", (HOSTILE,), (HOSTILE,))]
    model = Model(lambda *_: answer([HOSTILE]))
    found = asyncio.run(choose_columns(model, CARD, EXPANDED, columns, [{HOSTILE: [HOSTILE]}], about=HOSTILE))
    lines = model.told[0].splitlines()
    assert lines.count("</task>") == 1
    assert not [line for line in lines if line.startswith(("Ignore", "System"))]
    assert [json.loads(line) for line in lines if line.startswith('{"')] == [{HOSTILE: [HOSTILE]}]
    assert "{{ 7 * 7 }}" in model.told[0]
    assert found.inputs == (HOSTILE,)
