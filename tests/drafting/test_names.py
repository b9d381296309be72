"""Names for fields: whatever a column is called, its name is one that a card can have."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from satsuma.drafting.names import all_legal, known_as, legal
from satsuma.task.card import RESERVED
from satsuma.task.loader import load_card


def test_names_stay_near_to_what_they_are_made_of() -> None:
    assert legal("clause") == "clause"
    assert legal("Review Text") == "Review_Text"
    assert legal("  question?! ") == "question"
    assert legal("Größe") == "Groe"
    assert legal("文本") == "input"
    assert legal("2nd choice") == "input_2nd_choice"


def test_a_name_that_means_something_else_gets_a_prefix() -> None:
    assert legal("text") == "input_text"
    assert legal("ID") == "input_ID"
    assert legal("target", prefix="output") == "output_target"
    assert legal("correct", prefix="output") == "output_correct"
    assert legal("model_dump") == "input_model_dump"


def test_no_two_names_are_alike() -> None:
    assert all_legal(["a b", "a_b", "a-b"], {"c"}) == {"a b": "a_b", "a_b": "a_b_2", "a-b": "a_b_3"}
    assert legal("c", {"c"}) == "c_2"


def test_a_field_is_known_by_its_old_name_and_by_its_new_one() -> None:
    names = {"text": "input_text"}
    assert (known_as(names, "text"), known_as(names, "input_text"), known_as(names, "x")) == (
        "input_text", "input_text", "",
    )  # fmt: skip


@given(st.text(max_size=100))
def test_any_name_makes_a_card_that_loads(raw: str) -> None:
    name = legal(raw)
    assert name not in RESERVED
    load_card({"task": "a b c", "inputs": {name: "x"}, "output": {"name": legal(raw, {name}), "labels": ["a", "b"]}})
