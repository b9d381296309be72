"""Rows of every kind of file: read alike, and what is broken says where."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from satsuma.drafting.fields import fields_of
from satsuma.drafting.rows import MOST, read_dataset, read_examples
from satsuma.errors import DataError, ExtraError, SatsumaError, SourceError

ROWS = [{"note": f"note {i}, with a comma", "mood": ["good", "bad"][i % 2]} for i in range(6)]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS)
CSV = "note,mood\n" + "".join(f'"{row["note"]}",{row["mood"]}\n' for row in ROWS)


def parquet() -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(ROWS), sink)
    return bytes(sink.getvalue().to_pybytes())


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.jsonl", LINES.encode()),
        ("a.ndjson", LINES.encode()),
        ("bom.jsonl", b"\xef\xbb\xbf" + LINES.encode()),
        ("crlf.jsonl", LINES.replace("\n", "\r\n").encode() + b"\r\n"),
        ("lines.json", LINES.encode()),
        ("a.json", json.dumps(ROWS).encode()),
        ("inside.json", json.dumps({"version": 1, "data": ROWS}).encode()),
        ("a.csv", CSV.encode()),
        ("excel.csv", b"\xef\xbb\xbf" + CSV.replace("\n", "\r\n").encode()),
        ("a.tsv", CSV.replace('"', "").replace(",with", " with").replace(", ", " ").replace(",", "\t").encode()),
        ("a.parquet", parquet()),
        ("a.jsonl.gz", gzip.compress(LINES.encode())),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_kind_of_file_shows_the_same_fields(tmp_path: Path, name: str, data: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    rows = read_examples(path)
    assert (rows.name, rows.columns, len(rows.rows)) == (str(path), ("note", "mood"), 6)
    fields = fields_of(rows)
    assert ([one.name for one in fields.inputs], fields.name, fields.labels) == (["note"], "mood", ("good", "bad"))


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("broken.jsonl", LINES.encode() + b'{"note": "x", "mo', "broken.jsonl, line 7"),
        ("list.jsonl", LINES.encode() + b"[1, 2]\n", "list.jsonl, line 7"),
        ("wide.csv", CSV.encode() + b"a,b,c\n", "wide.csv, line 8"),
        ("open.csv", CSV.encode() + b'"a,b\n', "open.csv, line 8"),
        ("empty.jsonl", b"", "empty.jsonl"),
        ("blank.csv", b"note,mood\n", "blank.csv"),
        ("cut.json", b'[{"note": ', "cut.json"),
        ("cut.parquet", parquet()[:-20], "cut.parquet"),
        ("no.parquet", LINES.encode(), "no.parquet"),
        ("notes.txt", LINES.encode(), "notes.txt"),
    ],
)
def test_a_broken_file_says_which_and_where(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises((DataError, SourceError)) as caught:
        read_examples(path)
    assert said in caught.value.message


def test_examples_are_one_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a folder, but examples are one file"):
        read_examples(tmp_path)
    with pytest.raises(DataError, match="there is no such file"):
        read_examples(tmp_path / "none.jsonl")


def test_a_broken_row_of_a_dataset_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "data.jsonl").write_text(LINES + "not json\n" + LINES)
    assert len(read_dataset(str(tmp_path / "data.jsonl")).rows) == 12


def test_a_folder_is_read_by_its_training_file_with_what_it_says_of_itself(tmp_path: Path) -> None:
    (tmp_path / "test.jsonl").write_text('{"note": "of the test", "mood": "bad"}\n')
    (tmp_path / "train.jsonl").write_text(LINES)
    (tmp_path / "README.md").write_text("---\nlicense: mit\n---\n# Moods\n\nNotes of neighbours, and how they feel.\n")
    rows = read_dataset(str(tmp_path))
    assert len(rows.rows) == 6
    assert rows.about == "Notes of neighbours, and how they feel."


def test_no_more_is_read_than_it_takes(tmp_path: Path) -> None:
    path = tmp_path / "many.jsonl"
    path.write_text(LINES * 500)
    assert len(read_examples(path).rows) == MOST


def test_numbers_of_classes_have_the_names_that_the_file_gives_them(tmp_path: Path) -> None:
    table = pa.table({"note": ["a b", "c d", "e f", "g h"], "label": [0, 1, 1, 0]})
    told = {"info": {"features": {"label": {"names": ["neg", "pos"], "_type": "ClassLabel"}}}}
    path = tmp_path / "train.parquet"
    pq.write_table(table.replace_schema_metadata({"huggingface": json.dumps(told)}), path)
    fields = fields_of(read_dataset(str(tmp_path)))
    assert fields.labels == ("neg", "pos")
    assert fields.column.values == ("neg", "pos", "pos", "neg")


@pytest.mark.parametrize("name", ["./here", "a/b/c", "rows.csv", "~/nowhere"])
def test_a_path_that_is_not_there_is_not_looked_for_on_the_hub(name: str) -> None:
    with pytest.raises(DataError, match="there is no such file or folder"):
        read_dataset(name)


def test_a_name_that_is_no_file_says_so_before_it_speaks_of_the_hub() -> None:
    with pytest.raises(SatsumaError) as caught:
        read_dataset("somebody/some-dataset-that-is-not-there")
    assert isinstance(caught.value, ExtraError | SourceError)
    assert "some-dataset-that-is-not-there" in caught.value.message
