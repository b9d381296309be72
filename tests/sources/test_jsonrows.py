"""JSON and JSON Lines, as they are found in the wild."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from satsuma.errors import SourceError
from satsuma.sources import jsonrows
from satsuma.sources.jsonrows import read_json, read_jsonl
from satsuma.sources.rows import BadRow, Record, Report


def rows(tmp_path: Path, text: str | bytes, name: str = "data.jsonl") -> list[Record]:
    path = tmp_path / name
    raw = text if isinstance(text, bytes) else text.encode()
    path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    return list((read_jsonl if "jsonl" in name else read_json)(path, Report()))


def test_a_line_that_is_no_object_is_a_bad_row_with_its_reason(tmp_path: Path) -> None:
    found = rows(tmp_path, '{"a": 1}\n\n[1]\n"x"\n{"a": 1\n{"a": NaN, "b": [Infinity]}\n{"a": "\\ud800"}\n{"a": 2}')
    assert [row for row in found if isinstance(row, dict)] == [{"a": 1}, {"a": None, "b": [None]}, {"a": 2}]
    bad = [row for row in found if isinstance(row, BadRow)]
    assert [row.where for row in bad] == [f"data.jsonl, line {n}" for n in (3, 4, 5, 7)]
    assert [row.reason.split(":")[0].split(" (")[0] for row in bad] == [
        "it is a list, not an object", "it is text, not an object", "it is not JSON", "it is not JSON",
    ]  # fmt: skip


def test_a_million_brackets_are_a_bad_row(tmp_path: Path) -> None:
    (first, second) = rows(tmp_path, '{"a": ' + "[" * 1_000_000 + "\n" + '{"a": {"b": [{"c": 1}]}}')
    assert isinstance(first, BadRow)
    assert second == {"a": {"b": [{"c": 1}]}}


def test_a_line_of_50_mb_costs_itself_alone(tmp_path: Path) -> None:
    for name in ("data.jsonl", "data.jsonl.gz"):
        found = rows(tmp_path, '{"a": "' + "x" * 50_000_000 + '"}\n{"a": 1}', name)
        assert found == [BadRow(f"{name}, line 1", "it has more than 8 MB"), {"a": 1}]


def test_a_file_cut_off_in_the_middle_gives_what_was_before(tmp_path: Path) -> None:
    import random

    lines = "".join(f'{{"a": {random.Random(n).random()}}}\n' for n in range(5000))
    whole = gzip.compress(lines.encode())
    path = tmp_path / "data.jsonl.gz"
    path.write_bytes(whole[: len(whole) // 2])
    found = list(read_jsonl(path, Report()))
    assert len(found) > 1000
    last = found[-1]
    assert isinstance(last, BadRow)
    assert "cannot be read beyond this point" in last.reason
    path.write_bytes(b"no gzip")
    with pytest.raises(SourceError, match="cannot be unpacked"):
        list(read_jsonl(path, Report()))


@pytest.mark.parametrize(
    "text",
    [
        '[{"a": 1}, {"a": 2}]',
        '{"name": "x", "keywords": ["k"], "examples": [{"a": 1}, {"a": 2}]}',
        '{"a": [1, 2]}',
        '{"a": 1}\n{"a": 2}\n',
        '\ufeff[{"a": 1},\n{"a": 2}]',
    ],
)
def test_a_json_file_is_a_list_an_object_with_one_columns_or_lines(tmp_path: Path, text: str) -> None:
    assert rows(tmp_path, text, "data.json") == [{"a": 1}, {"a": 2}]


def test_a_json_file_may_be_one_long_line_in_another_encoding(tmp_path: Path) -> None:
    text = '[{"a": "é"}' + ', {"a": "xxxxxxxx"}' * 600_000 + "]"
    found = rows(tmp_path, text.encode("utf-16"), "data.json")
    assert len(found) == 600_001
    assert found[0] == {"a": "é"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is empty"),
        ("{", "is not JSON"),
        ("3", "holds no list"),
        ('{"a": 1}', "holds no list"),
        ("[[[", "is not JSON"),
    ],
)
def test_a_json_file_without_rows_is_an_error_that_names_it(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(SourceError, match=rf"data\.json.*{reason}"):
        rows(tmp_path, text, "data.json")


def test_a_json_file_that_is_too_large_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonrows, "WHOLE", 1 << 20)
    with pytest.raises(SourceError) as raised:
        rows(tmp_path, "[" + " " * (1 << 20) + "]", "data.json")
    assert raised.value.hint == "write it as JSON Lines, an object per line"


def test_a_row_of_a_json_file_that_is_no_object_is_a_bad_row(tmp_path: Path) -> None:
    assert rows(tmp_path, '[{"a": 1}, 2, null]', "data.json") == [
        {"a": 1}, BadRow("data.json, row 1", "it is a number, not an object"),
        BadRow("data.json, row 2", "it is null, not an object"),
    ]  # fmt: skip
