"""Columns are inferred from rows of JSON so that what is written is what was there."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from satsuma.run.inferring import as_typed, schema_of

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.sampled_from("abc"), VALUES), max_size=6))
def test_every_row_fits_the_columns(rows: list[dict[str, object]]) -> None:
    columns = schema_of(rows)
    made = [as_typed(row, columns) for row in rows]
    assert all(set(row) == set(columns.names) for row in made)
    for one in columns:
        assert len(pa.array([row[one.name] for row in made], one.type)) == len(rows)


def test_objects_of_many_keys_are_text() -> None:
    rows = [{"scores": {f"choice {n}": 1}} for n in range(100)]
    columns = schema_of(rows)
    assert columns.field("scores").type == pa.string()
    assert as_typed(rows[7], columns) == {"scores": '{"choice 7":1}'}


def test_types_are_merged_and_what_has_none_in_common_is_text() -> None:
    rows = [
        {"number": 1, "mixed": 1, "list": [], "object": {"a": None}, "empty": {}},
        {"number": 0.5, "mixed": "x", "list": [{"b": 1}], "object": {"c": True}, "null": None},
    ]
    columns = schema_of(rows)
    assert {one.name: str(one.type) for one in columns} == {
        "number": "double",
        "mixed": "string",
        "list": str(pa.list_(pa.struct([("b", pa.int64())]))),
        "object": str(pa.struct([("a", pa.string()), ("c", pa.bool_())])),
        "empty": "string",
        "null": "string",
    }
    assert as_typed(rows[0], columns)["mixed"] == "1"
