"""A dataset card: what a line says, as far as it has the right form."""

from __future__ import annotations

import json

import orjson
from hypothesis import given
from hypothesis import strategies as st

from satsuma.catalog.entry import MAX_CELL, Column, Entry, Loading, cell, entry_from


def test_a_name_and_a_description_are_enough() -> None:
    entry = entry_from({"name": "a", "description": " About a. "})
    assert entry == Entry("a", "About a.")
    assert json.loads(entry.line()) == {"name": "a", "description": "About a."}


def test_a_card_is_the_same_after_it_was_written_and_read() -> None:
    entry = Entry(
        name="a/b",
        description="Rows of text.",
        tags=("qa", "en"),
        columns=(Column("q", "str"), Column("n")),
        width=3,
        sample=({"q": "why?"},),
        rows=7,
        licence="cc-by-4.0",
        licence_text="CC BY 4.0 (theirs)",
        gated=True,
        disabled=True,
        loading=Loading("hub", "a/b", ("x.parquet",), ("default",), "abc", needs_code=True),
    )
    assert entry_from(orjson.loads(entry.line())) == entry


def test_what_has_another_form_is_left_out() -> None:
    entry = entry_from(
        {
            "id": "a", "description": ["no text"], "tags": {"no": "list"}, "columns": "none", "rows": -3, "sample": [1],
            "licence": 5, "gated": "false", "loading": {"kind": "magic", "place": 3},
        }
    )  # fmt: skip
    assert entry == Entry("a", "")


def test_other_ways_to_say_it_are_taken() -> None:
    entry = entry_from({"id": "a", "license": ["mit", "cc-by-sa-4.0"], "tags": "x, y", "rows": "12", "columns": ["q"]})
    assert (entry.name, entry.licence, entry.tags, entry.rows) == ("a", "cc-by-sa-4.0", ("x", "y"), 12)
    assert entry.columns == (Column("q"),)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.text(), x),
        max_leaves=20,
    )
)
def test_any_cell_is_text_of_a_bounded_length(value: object) -> None:
    assert len(cell(value)) < MAX_CELL + 40


@given(
    st.dictionaries(
        st.sampled_from(["name", "description", "tags", "columns", "sample", "rows", "licence", "gated", "loading"]),
        st.recursive(
            st.none() | st.booleans() | st.text() | st.integers(),
            lambda x: st.lists(x) | st.dictionaries(st.text(), x),
            max_leaves=8,
        ),
    )
)
def test_no_line_crashes_the_reader_and_what_was_read_can_be_written(said: dict[str, object]) -> None:
    entry = entry_from(said)
    assert entry_from(orjson.loads(entry.line())).name == entry.name


def test_a_card_that_is_read_again_says_the_same_of_what_was_cut() -> None:
    long = entry_from({"name": "a", "description": "b", "sample": [{"text": "x" * 1234}]})
    again = entry_from(long.as_json())
    assert again.sample == long.sample
    assert again.sample[0]["text"].endswith("… ‹1,234 characters›")
