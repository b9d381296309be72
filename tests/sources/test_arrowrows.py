"""Parquet and Arrow: typed rows, without bytes; a file that lies is bad rows or an error, never a crash."""

from __future__ import annotations

import datetime
import decimal
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from satsuma.errors import SourceError
from satsuma.sources import arrowrows
from satsuma.sources.arrowrows import read_arrow, read_parquet
from satsuma.sources.rows import BadRow, Report

TABLE = pa.table(
    {
        "text": ["a", "b", None],
        "number": [1.5, float("nan"), None],
        "when": [datetime.datetime(2020, 1, 2), None, datetime.datetime(2021, 1, 1)],
        "price": [decimal.Decimal("1.10"), None, None],
        "label": [0, 1, 1],
        "nested": [{"x": [1, 2]}, {"x": None}, None],
        "image": [{"bytes": b"\x89PNG", "path": "a.png"}, None, None],
        "raw": [b"\xff", None, b""],
        "inside": [[b"x"], None, []],
    }
)
FEATURES = {"label": {"_type": "ClassLabel", "names": ["no", "yes"]}, "image": {"_type": "Image"}}
MARKED = TABLE.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": FEATURES}})})
ROWS = [
    {"text": "a", "number": 1.5, "when": "2020-01-02T00:00:00", "price": "1.10", "label": 0, "nested": {"x": [1, 2]}},
    {"text": "b", "number": None, "when": None, "price": None, "label": 1, "nested": {"x": None}},
    {"text": None, "number": None, "when": "2021-01-01T00:00:00", "price": None, "label": 1, "nested": None},
]


def parquet(path: Path, table: pa.Table, **options: object) -> Path:
    pq.write_table(table, path, **options)
    return path


def test_values_become_json_and_columns_of_bytes_are_named_and_left_out(tmp_path: Path) -> None:
    report = Report()
    assert list(read_parquet(parquet(tmp_path / "a.parquet", MARKED), report)) == ROWS
    assert report.dropped == {"image": "image", "raw": "binary", "inside": "binary"}
    assert report.labels == {"label": ("no", "yes")}


@pytest.mark.parametrize("kind", ["stream", "file"])
def test_both_formats_of_arrow_are_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.arrow"
    if kind == "file":
        feather.write_feather(MARKED, path, compression="uncompressed")
    else:
        with pa.ipc.new_stream(path, MARKED.schema) as writer:
            writer.write_table(MARKED, max_chunksize=2)
    assert list(read_arrow(path, Report())) == ROWS


def test_columns_of_the_same_name_and_names_with_dots_are_kept_apart(tmp_path: Path) -> None:
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a.b", "c"])
    assert list(read_parquet(parquet(tmp_path / "a.parquet", table), Report())) == [{"a.b": 1, "c": 2}]


@pytest.mark.parametrize("kept", [0.0, 3.0, 100.0, 0.5, 0.9, 0.999])
def test_a_file_that_ends_early_is_an_error_that_names_it(tmp_path: Path, kept: float) -> None:
    path = parquet(tmp_path / "a.parquet", pa.table({"a": [f"text {n}" for n in range(5000)]}))
    raw = path.read_bytes()
    path.write_bytes(raw[: int(kept * len(raw) if kept < 1 else kept)])
    with pytest.raises(SourceError, match=r"a\.parquet cannot be read as Parquet"):
        list(read_parquet(path, Report()))


def test_pages_that_are_not_what_the_schema_says_are_a_bad_row_and_the_next_group_is_read(tmp_path: Path) -> None:
    table = pa.table({"a": [f"text {n:05}" for n in range(4000)]})
    path = parquet(tmp_path / "a.parquet", table, row_group_size=2000, compression="snappy", use_dictionary=False)
    raw = bytearray(path.read_bytes())
    raw[200:3000] = bytes(n * 37 % 256 for n in range(2800))
    path.write_bytes(raw)
    found = list(read_parquet(path, Report()))
    bad = [row for row in found if isinstance(row, BadRow)]
    assert [row.where for row in bad] == ["a.parquet, row group 0"]
    assert [row for row in found if isinstance(row, dict)][-2000:] == table.slice(2000).to_pylist()


def test_text_that_is_no_text_costs_its_row(tmp_path: Path) -> None:
    lying = pa.Array.from_buffers(pa.string(), 3, pa.array([b"a", b"\xff\xfe", b"c"]).buffers())
    path = parquet(tmp_path / "a.parquet", pa.table({"a": lying}))
    found = list(read_parquet(path, Report()))
    assert [found[0], found[2]] == [{"a": "a"}, {"a": "c"}]
    assert isinstance(found[1], BadRow)
    assert "not what the schema says" in found[1].reason


def test_a_schema_of_another_file_is_a_bad_row_or_an_error(tmp_path: Path) -> None:
    one = parquet(tmp_path / "a.parquet", pa.table({"a": list(range(1000))}), compression="none").read_bytes()
    other = parquet(tmp_path / "b.parquet", pa.table({"a": ["x" * 9] * 1000}), compression="none").read_bytes()
    footer = int.from_bytes(other[-8:-4], "little") + 8
    body = len(one) - int.from_bytes(one[-8:-4], "little") - 8
    (tmp_path / "c.parquet").write_bytes(one[:body] + other[-footer:])
    try:
        found = list(read_parquet(tmp_path / "c.parquet", Report()))
    except SourceError:
        return
    assert any(isinstance(row, BadRow) for row in found)


def test_an_arrow_file_that_was_tampered_with_is_a_bad_row_or_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.arrow"
    with pa.ipc.new_stream(path, pa.schema({"a": pa.string()})) as writer:
        writer.write_table(pa.table({"a": [f"text {n}" for n in range(1000)]}))
    raw = bytearray(path.read_bytes())
    raw[600:1200] = b"\xff" * 600
    path.write_bytes(raw)
    try:
        found = list(read_arrow(path, Report()))
    except SourceError:
        return
    assert any(isinstance(row, BadRow) for row in found)


def test_cells_of_50_mb_cost_their_rows_and_are_not_read_all_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = pa.table({"a": ["x" * 50_000_000, "b", "y" * 50_000_000, "d"]})
    path = parquet(tmp_path / "a.parquet", table, use_dictionary=False)
    widest = 0
    rows = arrowrows._rows

    def watched(where: str, batch: pa.RecordBatch) -> object:
        nonlocal widest
        widest = max(widest, batch.num_rows)
        return rows(where, batch)

    monkeypatch.setattr(arrowrows, "_rows", watched)
    found = list(read_parquet(path, Report()))
    assert [row if isinstance(row, dict) else row.reason for row in found] == [
        "a row has more than 8 MB", {"a": "b"}, "a row has more than 8 MB", {"a": "d"},
    ]  # fmt: skip
    assert widest == 1


def test_five_thousand_columns_are_read(tmp_path: Path) -> None:
    table = pa.table({f"c{n}": [n, n + 1] for n in range(5000)})
    found = list(read_parquet(parquet(tmp_path / "a.parquet", table), Report()))
    assert found[1] == {f"c{n}": n + 1 for n in range(5000)}
