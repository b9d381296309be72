"""Data files, most of them hostile: a typed error or a sample cut short, never a crash."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from satsuma.catalog.entry import MAX_CELL, MAX_COLUMNS
from satsuma.catalog.tables import Table, read_table
from satsuma.errors import DataError


def csv(tmp_path: Path, content: bytes, name: str = "data.csv") -> Table:
    (tmp_path / name).write_bytes(content)
    return read_table(tmp_path / name)


def names(table: Table) -> list[str]:
    return [column.name for column in table.columns]


def test_a_csv_gives_its_columns_rows_and_number_of_rows(tmp_path: Path) -> None:
    table = csv(tmp_path, b'a,b\n1,x\n2,"y, z\nand more"\n3,\n4,w\n')
    assert names(table) == ["a", "b"]
    assert list(table.sample) == [{"a": "1", "b": "x"}, {"a": "2", "b": "y, z\nand more"}, {"a": "3", "b": ""}]
    assert table.rows == 4


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    assert names(csv(tmp_path, b"\xef\xbb\xbfname,b\n1,2\n")) == ["name", "b"]
    assert names(csv(tmp_path, "name,b\n1,ü\n".encode("utf-16"))) == ["name", "b"]


def test_a_quotation_that_is_never_closed_costs_the_rows_behind_it(tmp_path: Path) -> None:
    table = csv(tmp_path, b'a,b\n1,x\n2,"never closed\n' + b"3,y\n" * 100_000)
    assert table.sample[0] == {"a": "1", "b": "x"}
    assert table.rows is None


def test_mixed_encodings_are_read_line_by_line(tmp_path: Path) -> None:
    table = csv(tmp_path, "a\nführt\n".encode() + "führt\n".encode("cp1252"))
    assert [row["a"] for row in table.sample] == ["führt", "führt"]


def test_columns_without_a_name_or_with_the_same_one_get_their_own(tmp_path: Path) -> None:
    assert names(csv(tmp_path, b"a,,a\n1,2,3\n")) == ["a", "column 2", "a (3)"]


def test_rows_of_another_width_are_cut_or_left_short(tmp_path: Path) -> None:
    table = csv(tmp_path, b"a,b\n1\n1,2,3\n")
    assert list(table.sample) == [{"a": "1"}, {"a": "1", "b": "2"}]


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl"])
def test_a_cell_of_50_mb_is_cut_with_a_mark(tmp_path: Path, suffix: str) -> None:
    long = "x" * (50 << 20)
    text = json.dumps({"a": long, "b": "y"}) if suffix == "jsonl" else f"a\tb\n{long}\ty\nz\tw\n".replace(
        "\t", "\t" if suffix == "tsv" else ","
    )  # fmt: skip
    cut = csv(tmp_path, text.encode(), f"data.{suffix}").sample[0]["a"]
    assert cut.startswith("x" * MAX_CELL + "… ‹")
    assert len(cut) < MAX_CELL + 40


def test_a_quoted_cell_that_is_cut_takes_no_other_row_with_it(tmp_path: Path) -> None:
    table = csv(tmp_path, b'a,b\n"' + b"x" * 200_000 + b'",y\nz,w\n')
    assert table.sample[1] == {"a": "z", "b": "w"}
    assert table.rows == 2


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_of_5000_columns_the_first_are_named_and_all_are_counted(tmp_path: Path, kind: str) -> None:
    wide = [f"c{i}" for i in range(5000)]
    path = tmp_path / f"data.{kind}"
    if kind == "csv":
        path.write_text(",".join(wide) + "\n" + ",".join("1" for _ in wide) + "\n")
    elif kind == "jsonl":
        path.write_text(json.dumps(dict.fromkeys(wide, 1)) + "\n")
    else:
        pq.write_table(pa.table({name: [1] for name in wide}), path)
    table = read_table(path)
    assert (table.width, len(table.columns), len(table.sample[0])) == (5000, MAX_COLUMNS, MAX_COLUMNS)


@pytest.mark.parametrize("name", ["data.csv", "data.jsonl", "data.json", "data.parquet", "data.tsv"])
@pytest.mark.parametrize("content", [b"", b"\0\1\2\3" * 100], ids=["empty", "binary"])
def test_an_empty_or_binary_file_is_told(tmp_path: Path, name: str, content: bytes) -> None:
    with pytest.raises(DataError, match=name):
        csv(tmp_path, content, name)


def test_json_may_be_lines_or_one_list(tmp_path: Path) -> None:
    rows = [{"q": "a", "n": 1}, {"q": "b", "extra": [1, {"deep": None}]}]
    lines = csv(tmp_path, "\n".join(map(json.dumps, rows)).encode(), "one.jsonl")
    listed = csv(tmp_path, json.dumps(rows).encode(), "two.json")
    assert names(lines) == names(listed) == ["q", "n", "extra"]
    assert (lines.rows, listed.rows) == (2, 2)
    assert [c.type for c in lines.columns] == ["str", "int", "list"]
    assert lines.sample[1]["extra"] == '[1, {"deep": None}]'


def test_deeply_nested_json_is_shown_as_far_as_it_goes(tmp_path: Path) -> None:
    deep: object = "bottom"
    for _ in range(100):
        deep = [deep]
    assert len(csv(tmp_path, json.dumps({"a": deep}).encode(), "d.jsonl").sample[0]["a"]) < MAX_CELL
    with pytest.raises(DataError, match="not JSON"):
        csv(tmp_path, b"[" * 100_000, "e.jsonl")


def test_a_json_line_that_is_no_object_is_a_value(tmp_path: Path) -> None:
    table = csv(tmp_path, b'"just text"\n3\n', "d.jsonl")
    assert names(table) == ["value"]
    assert table.sample[0] == {"value": "just text"}


def test_a_first_line_that_is_no_json_is_told_with_its_number(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"d\.jsonl:2: not JSON"):
        csv(tmp_path, b"\nnot json\n", "d.jsonl")


def test_binary_columns_are_named_and_not_shown(tmp_path: Path) -> None:
    image = pa.array([{"bytes": b"\x89PNG" * 1000, "path": "a.png"}])
    pq.write_table(pa.table({"raw": [b"\0" * 5000], "image": image}), tmp_path / "d.parquet")
    (row,) = read_table(tmp_path / "d.parquet").sample
    assert row["raw"] == "‹binary, 5,000 bytes›"
    assert "‹binary, 4,000 bytes›" in row["image"]


def test_parquet_gives_its_schema_and_number_of_rows(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1, 2, 3, 4], "b": ["x", None, "z", "w"]}), tmp_path / "d.parquet")
    table = read_table(tmp_path / "d.parquet")
    assert [(c.name, c.type) for c in table.columns] == [("a", "int64"), ("b", "string")]
    assert (table.rows, len(table.sample), table.sample[1]) == (4, 3, {"a": "2", "b": ""})


def test_a_parquet_that_lies_about_its_schema_is_refused(tmp_path: Path) -> None:
    pq.write_table(
        pa.table({"text": ["abc" * 50] * 5}), tmp_path / "true.parquet", compression="none", use_dictionary=False
    )
    data = bytearray((tmp_path / "true.parquet").read_bytes())
    footer = int.from_bytes(data[-8:-4], "little")
    pages = len(data) - 8 - footer
    data[40 : pages - 10] = b"\xff" * (pages - 50)
    (tmp_path / "lie.parquet").write_bytes(data)
    with pytest.raises(DataError, match=r"lie\.parquet"):
        read_table(tmp_path / "lie.parquet")


def test_a_parquet_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": list(range(1000))}), tmp_path / "d.parquet")
    whole = (tmp_path / "d.parquet").read_bytes()
    for length in (4, len(whole) // 2, len(whole) - 1):
        with pytest.raises(DataError):
            csv(tmp_path, whole[:length], "cut.parquet")


@given(st.binary(max_size=300), st.sampled_from(["csv", "tsv", "jsonl", "json", "parquet"]))
def test_no_bytes_crash_a_reader(tmp_path_factory: pytest.TempPathFactory, content: bytes, suffix: str) -> None:
    path = tmp_path_factory.getbasetemp() / f"any.{suffix}"
    path.write_bytes(content)
    try:
        table = read_table(path)
    except DataError:
        return
    assert all(len(cell) < MAX_CELL + 40 for row in table.sample for cell in row.values())
