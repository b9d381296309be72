"""`satsuma audit` as it is called: what it prints, its errors, and its answers over a pipe."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from satsuma.run.run import Run
from tests.auditing.runs import messages, written
from tests.conftest import Call


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return written(tmp_path / "run", messages(12))


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts text on standard input, which is no terminal."""
    return lambda text: monkeypatch.setattr(sys, "stdin", io.StringIO(text))


def test_answers_come_over_a_pipe_and_the_figures_are_printed(
    call: Call, run: Run, answers: Callable[[str], None]
) -> None:
    answers("y\ny\n\nn\n-\ny\n")
    done = call("audit", "run", "-n", 4)
    assert done.returncode == 0
    assert "4 judged of a sample of 4 from 12 instances\n" in done.stdout
    assert "75.0% of the labels are right (95% interval: " in done.stdout
    assert "another" in done.stdout
    assert "To apply the verdicts: satsuma audit run --apply relabel -o run-audited" in done.stdout
    assert Run(run.path).state.audit is not None
    shown = call("show", "run", "--instances", 0).stdout
    assert "Audit of 4 instances: 75.0% of the labels are right" in shown


def test_a_run_is_audited_from_inside_and_its_copy_goes_elsewhere(
    call: Call, run: Run, answers: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(run.path)
    answers("n\n-\nn\n-\n")
    done = call("audit", ".", "-n", 2)
    assert "satsuma audit . --apply relabel -o ../run-audited" in done.stdout
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    refused = call("audit", run.path, "--apply", "drop", "-o", ".")
    assert refused.returncode == 2
    assert refused.stderr.startswith("error: . is the current directory, which no new one can take the place of\n")
    assert list((tmp_path / "here").iterdir()) == []
    monkeypatch.chdir(run.path)
    assert call("audit", ".", "--apply", "drop", "-o", "../run-audited").returncode == 0
    assert Run(tmp_path / "run-audited").table().num_rows == 10


def test_json_asks_nothing_and_tells_what_run_json_tells(call: Call, run: Run, answers: Callable[[str], None]) -> None:
    answers("y\ny\ns\nq\n")
    call("audit", "run", "-n", 4)
    answers("y\ny\n")
    told = json.loads(call("audit", "run", "--format", "json").stdout)
    assert (told["judged"], told["skipped"], told["sample"]) == (2, 1, 4)
    state = Run(run.path).state
    assert state.audit is not None
    assert told == state.audit.model_dump(mode="json")


def test_everything_is_judged_where_n_is_more_than_there_is(
    call: Call, run: Run, answers: Callable[[str], None]
) -> None:
    answers("y\n" * 12)
    out = call("audit", run.path, "-n", 500).stdout
    assert "12 judged of a sample of 12 from 12 instances" in out
    assert "100.0% of the labels are right; all were judged" in out
    assert "To apply" not in out


def test_two_auditors_are_compared(call: Call, run: Run, answers: Callable[[str], None]) -> None:
    answers("1\n1\n2\n2\n")
    call("audit", run.path, "-n", 4, "--as", "ada")
    answers("1\n2\n2\n2\n")
    out = call("audit", run.path, "--as", "ben", "--blind").stdout
    assert "ada and ben agree on 75.0% of 4 instances, Cohen's kappa 0.50" in out


def test_nobody_to_ask_is_an_error_that_says_what_to_do(call: Call, run: Run, answers: Callable[[str], None]) -> None:
    answers("")
    done = call("audit", run.path)
    assert done.returncode == 2
    assert "standard input is no terminal, and is empty" in done.stderr
    assert "--from FILE" in done.stderr
    assert not (run.path / "audit.jsonl").exists()


def test_a_closed_standard_input_is_an_empty_one(call: Call, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert call("audit", run.path).returncode == 2


def test_figures_are_printed_without_input_once_something_was_judged(
    call: Call, run: Run, answers: Callable[[str], None]
) -> None:
    answers("y\n")
    call("audit", run.path, "-n", 3)
    answers("")
    done = call("audit", run.path)
    assert done.returncode == 0
    assert "1 judged of a sample of 3" in done.stdout
    assert "The same command goes on with the others." in done.stdout


def test_verdicts_are_imported_and_applied_at_once(call: Call, run: Run) -> None:
    Path("said.jsonl").write_text('{"id": "context 0", "verdict": "wrong", "label": "bug"}\n?\n')
    done = call("audit", "run", "--from", "said.jsonl", "--apply", "relabel", "-o", "copy", "--as", "ada")
    assert done.returncode == 0
    assert "said.jsonl: no verdict: line 2; left out." in done.stderr
    assert "made a copy" not in done.stdout
    assert "A copy of run to which its audit was applied: 1 relabelled, 0 dropped" in done.stdout
    assert "dataset: copy/data/train.parquet" in done.stdout
    assert next(row["label"] for row in Run("copy").table().to_pylist() if row["id"] == "context 0") == "bug"
    told = json.loads(call("audit", "run", "--apply", "drop", "-o", "other", "--format", "json").stdout)
    assert (told["how"], told["dropped"]) == ("drop", 1)
    assert Run(run.path).state.applied is None


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["-o", "copy"], "-o has no meaning without --apply"),
        (["--apply", "drop"], "the copy has no place to go"),
        (["--apply", "drop", "-o", "copy"], "no verdicts that could be applied"),
        (["--as", " "], "is no name for an auditor"),
        (["-n", "0"], "less than 1"),
        (["--apply", "forget", "-o", "copy"], "'forget' is not one of"),
        (["--from", "gone.jsonl"], "gone.jsonl cannot be read"),
    ],
)
def test_what_cannot_be_done_is_told(call: Call, run: Run, arguments: list[str], told: str) -> None:
    done = call("audit", run.path, *arguments)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_an_audit_of_no_run_says_so(call: Call, tmp_path: Path) -> None:
    assert "there is no such run" in call("audit", "gone").stderr
    assert "is not a run" in call("audit", tmp_path).stderr
