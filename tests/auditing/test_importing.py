"""Verdicts from a file: what is taken, what is told, and that a second time changes nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import satsuma
from satsuma.auditing.importing import take
from satsuma.auditing.verdicts import Book, standing
from satsuma.errors import DataError
from satsuma.run.run import Run
from tests.auditing.runs import answered, messages, seated, written


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return written(tmp_path / "run", messages(6))


def file_of(run: Run, *lines: object) -> Path:
    path = run.path.parent / "verdicts.jsonl"
    path.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines))
    return path


def counting(run: Run) -> dict[str, dict[str, tuple[str, object]]]:
    standing_now = standing(Book(run.path).read()[0])
    return {who: {one: (v.verdict, v.label) for one, v in own.items()} for who, own in standing_now.items()}


def test_every_form_of_a_line_is_taken(run: Run) -> None:
    file = file_of(
        run,
        {"id": "context 0", "verdict": "right"},
        {"id": "context 1", "verdict": "n", "label": "billing", "auditor": "ben"},
        {"id": "context 2", "label": "BUG"},
        {"id": "context 3", "label": 2},
        {"id": "context 4", "verdict": "s"},
        {"id": "context 5", "verdict": "wrong", "extra": [1]},
        "",
    )
    told: list[str] = []
    with seated(run, auditor="ada") as at:
        assert take(at, file, told.append) == 6
    assert counting(run) == {
        "ada": {
            "context 0": ("right", "billing"),
            "context 2": ("wrong", "bug"),
            "context 3": ("right", "bug"),
            "context 4": ("skip", None),
            "context 5": ("wrong", None),
        },
        "ben": {"context 1": ("wrong", "billing")},
    }
    assert told == [f"6 new verdicts from {file}."]


def test_what_cannot_be_used_is_told_with_its_lines_and_the_rest_is_taken(run: Run) -> None:
    file = file_of(
        run,
        "not json",
        {"id": "context 99", "verdict": "right"},
        {"id": "context 1", "verdict": "wrong", "label": "another"},
        {"id": "context 1", "verdict": "wrong", "label": "bug"},
        {"id": "context 1"},
        {"id": "context 1", "verdict": "right", "content": "a1-another"},
        {"id": "context 2", "verdict": "perhaps"},
        {"id": "context 0", "verdict": "right"},
    )
    told: list[str] = []
    with seated(run) as at:
        assert take(at, file, told.append) == 1
    text = "\n".join(told)
    for reason in (
        "no verdict: lines 1, 7", "no such instance: line 2", "no label of the instance: line 3",
        "said to be wrong, and the right one is the same: line 4",
        "neither a verdict nor a label that could be named: line 5",
        "the instance has changed since: line 6",
    ):  # fmt: skip
        assert reason in text


@pytest.mark.parametrize("lines", [[], ["nonsense"], [{"id": "gone", "verdict": "right"}]])
def test_a_file_without_a_verdict_is_an_error(run: Run, lines: list[object]) -> None:
    with pytest.raises(DataError), seated(run) as at:
        take(at, file_of(run, *lines), print)
    assert not (run.path / "audit.jsonl").exists()


def test_a_file_that_is_not_there_is_an_error(run: Run) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        satsuma.audit(run.path, verdicts="gone.jsonl")


def test_another_runs_verdicts_are_imported_and_a_second_time_changes_nothing(run: Run, tmp_path: Path) -> None:
    answered(run, *["y"] * 6)
    other = written(tmp_path / "other", messages(6))
    first = satsuma.audit(other.path, verdicts=run.path / "audit.jsonl", auditor="ben")
    assert (first.judged, first.accuracy, first.auditors) == (6, 1.0, {"ada": 6})
    before = (other.path / "audit.jsonl").read_bytes()
    assert satsuma.audit(other.path, verdicts=run.path / "audit.jsonl") == first
    assert (other.path / "audit.jsonl").read_bytes() == before


def test_verdicts_outside_of_the_sample_are_kept_and_do_not_count_in_it(run: Run) -> None:
    with seated(run, 3) as at:
        outside = next(one for one in ("context 0", "context 1", "context 2", "context 3") if one not in at.ids)
        inside = at.ids[0]
    told: list[str] = []
    file = file_of(run, {"id": outside, "verdict": "wrong"}, {"id": inside, "verdict": "right"})
    with seated(run, 3) as at:
        take(at, file, told.append)
        assert at.result().judged == 1
    assert "1 instance is not in the sample" in told[0]
    assert outside in counting(run)["ada"]
