"""`satsuma train`, `evaluate`, `predict` and `compare-students`, as they are typed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Call

for package in ("numpy", "sklearn", "tokenizers"):
    pytest.importorskip(package, reason="needs the extra train")

from tests.tiny_checkpoint import write_checkpoint  # noqa: E402 - needs the extra


def rows(start: int, end: int) -> str:
    made = (
        {"message": f"{('spam ', 'health ')[n % 2] * 4}{n}", "label": ("billing", "bug")[n % 2]}
        for n in range(start, end)
    )
    return "".join(json.dumps(row) + "\n" for row in made)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    write_checkpoint(tmp_path / "bert")
    (tmp_path / "train.jsonl").write_text(rows(0, 40))
    (tmp_path / "test.jsonl").write_text(rows(40, 60))
    return tmp_path


def train(call: Call, card: Path) -> subprocess.CompletedProcess[str]:
    return call("train", "train.jsonl", "--card", card, "--frozen", "--student", "./bert", "-o", "student")


def test_a_student_is_trained_measured_and_used(call: Call, card: Path, place: Path) -> None:
    done = train(call, card)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("student: frozen ./bert, trained on 34 of 40 instances\n")
    assert "fitted: dev loss" in done.stderr
    measured = call("evaluate", "student", "--on", "test.jsonl")
    assert measured.returncode == 0
    assert "accuracy  1.0000  1.0000 – 1.0000" in measured.stdout
    told = json.loads(call("evaluate", "student", "--on", "test.jsonl", "--format", "json").stdout)
    assert told["score"] == 1.0
    assert told["instances"] == 20
    lines = b'{"message": "spam spam spam 70"}\nno json\n\n{"a": 1}\n{"message": "health health health", "id": "x"}'
    command = [sys.executable, "-m", "satsuma", "predict", "student"]
    piped = subprocess.run(command, input=lines, cwd=place, capture_output=True, timeout=60, check=True)
    first, second, third, last = map(json.loads, piped.stdout.splitlines())
    assert first["label"] == "billing"
    assert sum(first["probabilities"].values()) == pytest.approx(1)
    assert "it is not JSON" in second["error"]
    assert "it has no message" in third["error"]
    assert (last["id"], last["label"]) == ("x", "bug")
    assert b"2 rows could not be used" in piped.stderr


def test_an_answer_comes_before_the_next_question_is_asked(call: Call, card: Path, place: Path) -> None:
    assert train(call, card).returncode == 0
    command = [sys.executable, "-m", "satsuma", "predict", "student"]
    with subprocess.Popen(command, cwd=place, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as asked:
        assert asked.stdin is not None
        assert asked.stdout is not None
        for number in range(2):
            asked.stdin.write(f'{{"message": "spam", "id": "{number}"}}\n'.encode())
            asked.stdin.flush()
            assert json.loads(asked.stdout.readline())["id"] == str(number)
        asked.stdin.close()
        assert asked.wait(timeout=60) == 0


@pytest.mark.usefixtures("place")
def test_an_overlap_is_an_error_of_two_lines(call: Call, card: Path) -> None:
    assert train(call, card).returncode == 0
    refused = call("evaluate", "student", "--on", "train.jsonl")
    assert refused.returncode == 2
    assert "40 of 40 rows are in the training data: row 0 is training row 0; " in refused.stderr
    assert "--overlap drop" in refused.stderr


def test_training_sets_are_compared(call: Call, card: Path, place: Path) -> None:
    (place / "more.jsonl").write_text(rows(100, 110))
    done = call(
        "compare-students", card, "--train", "original=train.jsonl", "--train", "more=train.jsonl,more.jsonl",
        "--student", "frozen:./bert", "--seeds", "1", "--test", "test.jsonl", "-o", "results",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "original (n = 40)" in done.stdout
    assert "more (n = 50)" in done.stdout
    assert (place / "results" / "results.parquet").is_file()
    wrong = call("compare-students", card, "--train", "train.jsonl", "--test", "test.jsonl", "-o", "r")
    assert wrong.returncode == 2
    assert "--train synthetic=runs/copa" in wrong.stderr


def test_comparisons_of_several_tasks_are_joined(call: Call, card: Path, place: Path) -> None:
    other = place / "other.yaml"
    other.write_text(card.read_text().replace("name: tickets", "name: others"))
    (place / "more.jsonl").write_text(rows(100, 110))
    for task in (card, other):
        done = call(
            "compare-students", task, "--train", "original=train.jsonl", "--train", "more=train.jsonl,more.jsonl",
            "--student", "frozen:./bert", "--seeds", "1", "--test", "test.jsonl", "-o", f"results/{task.stem}", "-q",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    joined = call("compare-students", "--join", "results/tickets", "results/other", "-o", "results/all")
    assert joined.returncode == 0, joined.stderr
    assert "tickets" in joined.stdout
    assert "average of 2 tasks" in joined.stdout
    assert (place / "results" / "all" / "comparison.html").is_file()
    for wrong, why in (
        (("--join", "results/tickets", "--test", "test.jsonl"), "trains nothing"),
        ((card,), "there is nothing to measure on"),
        ((card, other, "--test", "test.jsonl"), "is a second card"),
    ):
        refused = call("compare-students", *wrong, "-o", "results/none")
        assert refused.returncode == 2
        assert why in refused.stderr


def test_several_tasks_are_measured_together(call: Call, card: Path, place: Path) -> None:
    assert train(call, card).returncode == 0
    (place / "more.jsonl").write_text(rows(60, 70))
    refused = call("evaluate", "student", "--on", "test.jsonl", "--on", "more.jsonl")
    assert refused.returncode == 2
    assert "Write --on CARD=test.jsonl" in refused.stderr
    twice = call("evaluate", "student", "--on", "tickets=test.jsonl", "--on", "tickets=more.jsonl")
    assert "--on names a card twice" in twice.stderr
    one = call("evaluate", "student", "--on", f"{card}=test.jsonl")
    assert one.returncode == 0, one.stderr
    assert "tickets  accuracy" in one.stdout
    told = json.loads(call("evaluate", "student", "--on", f"{card}=test.jsonl", "--format", "json").stdout)
    assert told["tasks"]["tickets"]["score"] == 1.0
    assert told["average"] is None
    shots = call("evaluate", "student", "--on", "test.jsonl", "--shots", "2")
    assert shots.returncode == 2
    assert "cannot be shown examples" in shots.stderr
    several = call("train", "train.jsonl", "--multi-task", "-o", "all")
    assert "Name it: CARD=train.jsonl" in several.stderr
