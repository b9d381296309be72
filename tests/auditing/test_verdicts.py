"""audit.jsonl: durable, only appended to, and readable whatever happened to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from satsuma.auditing.verdicts import Book, Verdict, standing
from satsuma.errors import RunError


def verdict(identifier: str, said: str = "right", auditor: str = "ada", label: object = "bug") -> Verdict:
    return Verdict.model_validate({"id": identifier, "verdict": said, "auditor": auditor, "label": label})


def test_what_is_appended_is_read_in_order(tmp_path: Path) -> None:
    book = Book(tmp_path)
    given = [verdict("1"), verdict("2", "wrong", label=("a", "b")), verdict("3", "skip", label=None)]
    for one in given:
        book.append(one)
    assert book.read() == (given, [])
    assert book.path.read_bytes().count(b"\n") == 3


def test_the_last_verdict_of_an_auditor_counts_and_undone_takes_it_back() -> None:
    said = [verdict("1"), verdict("2"), verdict("1", "wrong"), verdict("2", "undone"), verdict("2", auditor="ben")]
    counting = standing(said)
    assert {who: {i: v.verdict for i, v in own.items()} for who, own in counting.items()} == {
        "ada": {"1": "wrong"},
        "ben": {"2": "right"},
    }


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_line_that_was_cut_off_is_told_and_the_next_one_is_whole(tmp_path: Path, cut: int) -> None:
    book = Book(tmp_path)
    book.append(verdict("1"))
    book.append(verdict("2"))
    book.path.write_bytes(book.path.read_bytes()[:-cut])
    found, told = book.read()
    if cut == 1:  # the line is whole, and only its end is missing
        assert [one.id for one in found] == ["1", "2"]
        assert not told
    else:
        assert [one.id for one in found] == ["1"]
        assert "last line is cut off" in told[0]
    book.append(verdict("3"))
    assert [one.id for one in book.read()[0]] == [one.id for one in found] + ["3"]


def test_lines_that_are_no_verdicts_are_told_with_their_numbers(tmp_path: Path) -> None:
    book = Book(tmp_path)
    book.append(verdict("1"))
    with book.path.open("ab") as file:
        file.write(b'nonsense\n\n{"id": 3}\n\xff\xfe\n{"id":"4","verdict":"maybe","auditor":"ada"}\n')
    book.append(verdict("5"))
    found, told = book.read()
    assert [one.id for one in found] == ["1", "5"]
    assert told == [f"{book.path}: no verdicts in lines 2, 4, 5, 6; left out."]


def test_a_file_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    book = Book(tmp_path)
    book.path.mkdir()
    with pytest.raises(RunError, match=r"audit\.jsonl could not be written"):
        book.append(verdict("1"))
    with pytest.raises(RunError, match=r"audit\.jsonl"):
        book.read()
