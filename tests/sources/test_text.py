"""Every line in the encoding that it has."""

from __future__ import annotations

from pathlib import Path

import pytest

from satsuma.sources.rows import ROW_BYTES, Report
from satsuma.sources.text import lines

TEXT = "naïve “quotes” Привет 😀\nsecond\u2028line\nlast"


def read(tmp_path: Path, raw: bytes) -> tuple[list[str | None], list[str]]:
    path = tmp_path / "data.txt"
    path.write_bytes(raw)
    report = Report()
    return [line.text for line in lines(path, report)], report.notes


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_mark_decides_and_without_one_it_is_utf_8(tmp_path: Path, encoding: str) -> None:
    assert read(tmp_path, TEXT.encode(encoding)) == (TEXT.split("\n"), [])


def test_big_endian_is_known_by_its_mark(tmp_path: Path) -> None:
    assert read(tmp_path, b"\xfe\xff" + TEXT.encode("utf-16-be"))[0] == TEXT.split("\n")


def test_lines_that_are_not_utf_8_are_windows_1252_and_told(tmp_path: Path) -> None:
    raw = "naïve".encode() + b"\n" + "naïve “x”".encode("cp1252") + b"\n\x81\n"
    assert read(tmp_path, raw) == (
        ["naïve", "naïve “x”", "\x81"],
        ["2 lines of data.txt are not UTF-8 and were read as Windows-1252"],
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_line_that_is_too_long_is_passed_over(tmp_path: Path, encoding: str) -> None:
    found, _ = read(tmp_path, ("a\n" + "x" * (3 * ROW_BYTES) + "\nb").encode(encoding))
    assert found == ["a", None, "b"]


def test_half_a_character_at_the_end_of_utf_16_is_not_the_end_of_reading(tmp_path: Path) -> None:
    found, _ = read(tmp_path, "a\nb".encode("utf-16") + b"\x00")
    assert found[0] == "a"
    assert found[1] is not None
    assert found[1].startswith("b")
