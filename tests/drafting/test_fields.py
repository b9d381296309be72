"""Fields from rows: the same rows always show the same inputs, output and labels."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from satsuma.drafting.fields import Fields, fields_of
from satsuma.drafting.rows import Rows
from satsuma.drafting.shown import MOST_SHOWN, chosen, shown_rows
from satsuma.errors import DataError
from satsuma.llm.request import Json
from satsuma.sources.rows import as_json


def rows(**values: Sequence[object]) -> Rows:
    count = max(map(len, values.values()))
    made = tuple({name: as_json(column[i]) for name, column in values.items()} for i in range(count))
    return Rows("rows.csv", tuple(values), made)


def summary(fields: Fields) -> tuple[object, ...]:
    return [one.name for one in fields.inputs], fields.name, fields.kind, fields.labels


TEXTS: list[Json] = [f"some text number {i}, which is longer than a label would be, by far" for i in range(12)]
NUMBERS: list[Json] = list(range(12))
TWO: list[Json] = ["b", "a"] * 6


def test_the_label_is_found_by_its_name() -> None:
    found = fields_of(rows(idx=NUMBERS, text=TEXTS, group=["x", "y", "z"] * 4, label=TWO))
    assert summary(found) == (["input_text", "group"], "label", "labels", ("b", "a"))
    assert found.left_out == {"idx": "names the row"}


def test_the_label_is_found_as_the_only_closed_set() -> None:
    assert summary(fields_of(rows(review=TEXTS, opinion=TWO))) == (["review"], "opinion", "labels", ("b", "a"))


def test_the_user_names_the_label() -> None:
    table = rows(review=TEXTS, label=TWO, topic=["x", "y", "z"] * 4)
    assert summary(fields_of(table, "topic"))[1:] == ("topic", "labels", ("x", "y", "z"))
    with pytest.raises(DataError, match=r"no column 'topics'; did you mean topic\?"):
        fields_of(table, "topics")


def test_what_is_unclear_is_asked_and_the_columns_are_named() -> None:
    with pytest.raises(DataError, match="several columns could be the output") as caught:
        fields_of(rows(review=TEXTS, mood=TWO, tone=["x", "y", "z"] * 4))
    assert caught.value.hint == ("Name it: --label COLUMN. The columns are review (text), mood (text), tone (text).")
    with pytest.raises(DataError, match="no column is surely the output"):
        fields_of(rows(question=TEXTS, comment=TEXTS[::-1]))


def test_one_column_is_no_task() -> None:
    with pytest.raises(DataError, match="no column besides 'label'"):
        fields_of(rows(label=TWO, id=NUMBERS))


def test_truth_values_and_numbers_are_labels() -> None:
    assert fields_of(rows(note=TEXTS, label=[True, False] * 6)).labels == ("true", "false")
    assert fields_of(rows(note=TEXTS, label=[2, 10, 1] * 4)).labels == ("1", "2", "10")
    assert fields_of(rows(note=TEXTS, label=["1", "0"] * 6)).labels == ("0", "1")


def test_steps_of_a_scale_are_a_scale() -> None:
    assert fields_of(rows(review=TEXTS, stars=[5, 1, 3, 2] * 3)).kind == "scale"
    assert fields_of(rows(review=TEXTS, label=[5, 1, 3, 2] * 3)).kind == "labels"


def test_several_labels_at_once_are_several_labels() -> None:
    labels: list[Json] = [["a"], ["a", "b"], [], ["c"]] * 3
    found = fields_of(rows(note=TEXTS, labels=labels))
    assert (found.kind, found.labels, found.together) == ("multiple", ("a", "b", "c"), (0, 2))


def test_a_list_of_one_label_each_is_one_label() -> None:
    assert fields_of(rows(note=TEXTS, labels=[["a"], ["b"]] * 6)).kind == "labels"


def test_an_answer_that_stands_in_a_text_is_a_span() -> None:
    found = fields_of(rows(passage=TEXTS, question=["who?"] * 12, answer=[f"text number {i}" for i in range(12)]))
    assert (found.kind, found.within, found.none) == ("span", "passage", False)


def test_answers_of_squad_are_spans_and_may_be_missing() -> None:
    answers: list[Json] = [{"text": [f"number {i}"], "answer_start": [10]} for i in range(11)]
    found = fields_of(rows(passage=TEXTS, answers=[*answers, {"text": [], "answer_start": []}]))
    assert (found.kind, found.within, found.none) == ("span", "passage", True)


def test_other_answers_are_text() -> None:
    assert fields_of(rows(article=TEXTS, summary=[f"in short: {i}" for i in range(12)])).kind == "text"


def test_options_in_columns_are_a_choice_by_position_letter_name_or_text() -> None:
    first, second = [f"one {i}" for i in range(12)], [f"two {i}" for i in range(12)]
    for right in ([0, 1] * 6, [1, 2] * 6, ["A", "b"] * 6, [first[i] if i % 2 == 0 else second[i] for i in range(12)]):
        found = fields_of(rows(premise=TEXTS, choice1=list(first), choice2=list(second), label=list(right)))
        assert (found.kind, found.options, found.positions) == ("choice", ("choice1", "choice2"), (0, 1) * 6), right


def test_two_sentences_with_a_label_of_0_or_1_are_no_choice() -> None:
    found = fields_of(rows(sentence1=TEXTS, sentence2=TEXTS[::-1], label=[0, 1] * 6))
    assert (found.kind, found.labels) == ("labels", ("0", "1"))


def test_options_in_a_list_are_a_choice() -> None:
    lists = [[f"a{i}", f"b{i}", f"c{i}"][: 2 + i % 2] for i in range(12)]
    found = fields_of(rows(question=TEXTS, choices=lists, answer=[0, 1] * 6))
    assert (found.kind, found.options, found.together) == ("choice", ("choices",), (2, 3))
    keyed: list[Json] = [{"text": [f"a{i}", f"b{i}"], "label": ["1", "2"]} for i in range(12)]
    found = fields_of(rows(question=TEXTS, choices=keyed, answerKey=["2", "1"] * 6))
    assert (found.kind, found.options, found.positions) == ("choice", ("choices",), (1, 0) * 6)


def test_lists_that_are_not_called_options_are_none_because_a_label_is_0_or_1() -> None:
    lists: list[Json] = [["this", "is", f"token{i}"] for i in range(12)]
    found = fields_of(rows(text=TEXTS, tokens=lists, label=[0, 1] * 6))
    assert (found.kind, found.left_out) == ("labels", {"tokens": "holds lists or objects"})


def test_an_input_of_few_values_that_come_again_and_again_is_drawn() -> None:
    found = fields_of(rows(premise=TEXTS, question=["cause", "effect"] * 6, label=["x", "y", "z", "x"] * 3))
    assert found.inputs[1].values == ("cause", "effect")


def test_a_few_rows_are_enough_where_the_name_says_what_it_is() -> None:
    few = rows(message=TEXTS[:3], intent=["pay", "cancel", "ask"])
    assert summary(fields_of(few)) == (["message"], "intent", "labels", ("pay", "cancel", "ask"))


def test_a_column_that_is_called_a_label_but_holds_sentences_is_none() -> None:
    with pytest.raises(DataError, match="no column is surely the output"):
        fields_of(rows(intent=TEXTS, snippet=TEXTS[::-1]))


def test_what_no_card_can_hold_is_left_out_with_its_reason() -> None:
    found = fields_of(
        rows(
            id=NUMBERS, text=TEXTS, tokens=[["c", "d"]] * 12, meta=[{"a": 1}] * 12, empty=[None] * 12,
            answer_start=NUMBERS, source=["news"] * 12, label=TWO,
        )
    )  # fmt: skip
    assert found.left_out == {
        "id": "names the row", "tokens": "holds lists or objects", "meta": "holds lists or objects",
        "empty": "is empty", "answer_start": "is a place in another column", "source": "is the same in every row",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("values", "said"),
    [([None] * 12, "is empty"), ([{"a": 1}] * 12, "objects"), ([[f"x{i}", "y"] for i in range(12)], "no closed set")],
)
def test_what_cannot_be_an_output_is_said(values: list[Json], said: str) -> None:
    with pytest.raises(DataError, match=said):
        fields_of(rows(note=TEXTS, thing=values), "thing")


def test_rows_are_shown_so_that_every_label_comes_up() -> None:
    rare = ["common"] * 98 + ["rare", "odd"]
    found = fields_of(rows(note=[f"note {i}" for i in range(100)], label=rare))
    shown = chosen(found)
    assert len(shown) <= MOST_SHOWN
    assert {98, 99} <= set(shown)
    assert shown_rows(found)[-1] == '{"note":"note 99","label":"odd"}'


def test_a_long_value_is_cut_and_the_right_option_is_named() -> None:
    found = fields_of(rows(premise=["x" * 5000], choice1=["a"], choice2=["b"], label=[1]))
    (shown,) = shown_rows(found)
    assert len(shown) < 800
    assert shown.endswith('"choice1":"a","choice2":"b","label":"choice2"}')


def test_many_wide_rows_do_not_fill_a_prompt() -> None:
    wide = {f"c{i}": [f"{at}" + "x" * 9000 for at in range(40)] for i in range(30)}
    shown = shown_rows(fields_of(rows(**wide, label=["a", "b"] * 20)))
    assert sum(map(len, shown)) < 60_000
