"""CSV and TSV as people write them: a broken row costs itself and no other."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satsuma.errors import SourceError
from satsuma.sources.delimited import ROW_LINES, read_csv, read_tsv
from satsuma.sources.rows import ROW_BYTES, BadRow, Record, Report


def rows(tmp_path: Path, text: str | bytes, name: str = "data.csv") -> list[Record]:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list((read_tsv if ".tsv" in name else read_csv)(path, Report()))


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_the_first_line_uses(tmp_path: Path, sign: str) -> None:
    text = f'"a, b; c"{sign}d\n1{sign}"x{sign}y"\n'
    assert rows(tmp_path, text) == [{"a, b; c": "1", "d": f"x{sign}y"}]


def test_quotes_hold_delimiters_quotes_and_line_ends(tmp_path: Path) -> None:
    text = '\ufeffname,text\r\nA,"one, ""two""\r\nthree"\r\n\r\nB,5" pipe\r\n007,\r\n'
    assert rows(tmp_path, text) == [
        {"name": "A", "text": 'one, "two"\r\nthree'},
        {"name": "B", "text": '5" pipe'},
        {"name": "007", "text": ""},
    ]


def test_a_quote_that_is_never_closed_costs_its_row_alone(tmp_path: Path) -> None:
    found = rows(tmp_path, 'a,b\n1,2\n3,"open\n5,6\n7,8\n')
    reason = "a quote opens and is not closed, or only much later: '3,\"open'"
    assert found == [
        {"a": "1", "b": "2"},
        BadRow("data.csv, line 3", reason),
        {"a": "5", "b": "6"},
        {"a": "7", "b": "8"},
    ]


def test_a_quote_that_closes_in_a_later_row_costs_its_row_alone(tmp_path: Path) -> None:
    found = rows(tmp_path, 'a,b\n3,"open\n5,"six"\n7,8\n')
    assert [isinstance(row, BadRow) for row in found] == [True, False, False]
    found = rows(tmp_path, 'a,b\n3,"open\n5,x",y\n7,8\n')
    assert [isinstance(row, BadRow) for row in found] == [True, True, False]


def test_a_quote_is_not_looked_for_without_end(tmp_path: Path) -> None:
    text = 'a,b\n1,"open\n' + "2,3\n" * (2 * ROW_LINES)
    found = rows(tmp_path, text)
    assert isinstance(found[0], BadRow)
    assert found[1:] == [{"a": "2", "b": "3"}] * (2 * ROW_LINES)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1", "it has 1 fields, the first line has 2: '1'"),
        ("1,2,3", "it has 3 fields, the first line has 2: '1'"),
        ('1,"2"3', "text follows a closing quote in field 2: '3'"),
    ],
)
def test_a_row_of_another_shape_is_a_bad_row(tmp_path: Path, line: str, reason: str) -> None:
    assert rows(tmp_path, f"a,b\n{line}\n3,4\n") == [BadRow("data.csv, line 2", reason), {"a": "3", "b": "4"}]


def test_a_comma_at_the_end_of_every_row_is_no_field(tmp_path: Path) -> None:
    assert rows(tmp_path, "a,b\n1,2,\n") == [{"a": "1", "b": "2"}]


def test_columns_without_a_name_or_with_the_same_one_get_names(tmp_path: Path) -> None:
    assert rows(tmp_path, "a,,a,a_3\n1,2,3,4\n") == [{"a": "1", "column_2": "2", "a_3_3": "3", "a_3": "4"}]


def test_five_thousand_columns_are_columns(tmp_path: Path) -> None:
    text = ",".join(f"c{i}" for i in range(5000)) + "\n" + ",".join(map(str, range(5000))) + "\n"
    (row,) = rows(tmp_path, text)
    assert isinstance(row, dict)
    assert row["c4999"] == "4999"


def test_a_cell_of_50_mb_costs_its_row_alone(tmp_path: Path) -> None:
    text = "a,b\n1,2\n3," + "x" * 50_000_000 + '\n5,6\n7,"' + ("y" * 1000 + "\n") * 10_000 + '"\n8,9\n'
    found = rows(tmp_path, text)
    assert found[:3] == [
        {"a": "1", "b": "2"},
        BadRow("data.csv, line 3", f"it has more than {ROW_BYTES >> 20} MB"),
        {"a": "5", "b": "6"},
    ]
    assert found[-1] == {"a": "8", "b": "9"}
    assert all(isinstance(row, BadRow) for row in found[3:-1])


def test_in_tsv_a_line_is_a_row_whatever_quotes_it_holds(tmp_path: Path) -> None:
    text = 'a\tb\r\n"open\t2\r\n"a ""b"""\t"x\r\n'
    assert rows(tmp_path, text, "data.tsv") == [{"a": '"open', "b": "2"}, {"a": 'a "b"', "b": '"x'}]


@pytest.mark.parametrize("text", [b"", b"\xef\xbb\xbf", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b'"a,b\n1,2'])
def test_what_is_no_table_is_an_error_that_names_the_file(tmp_path: Path, text: bytes) -> None:
    with pytest.raises(SourceError, match=r"data\.csv"):
        rows(tmp_path, text)


CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=20)


@given(st.lists(st.lists(CELL, min_size=2, max_size=2), min_size=1, max_size=8))
def test_what_the_standard_library_writes_is_read_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, table: list[list[str]]
) -> None:
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL).writerows([["a", "b"], *table])
    found = rows(tmp_path_factory.mktemp("csv"), written.getvalue())
    assert found == [{"a": a, "b": b} for a, b in table]


@given(
    st.lists(st.sampled_from(["a,b", '"', '""', ",", "x", "\n", "1,2\n", '"x"', "\r\n", "é"])), st.binary(max_size=40)
)
def test_no_text_breaks_the_reader(tmp_path_factory: pytest.TempPathFactory, pieces: list[str], noise: bytes) -> None:
    try:
        found = rows(tmp_path_factory.mktemp("csv"), "".join(pieces).encode() + noise)
    except SourceError:
        return
    assert all(isinstance(row, dict | BadRow) for row in found)
