"""`satsuma curate`, `export` and `push`: what they print, and errors that say what to do."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.conftest import Call
from tests.curation.made import as_file, as_run, review, reviews


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    return as_file(tmp_path / "rows.jsonl", [*reviews(50), review(7)])


def test_a_dataset_is_curated_and_what_was_done_is_shown(call: Call, rows: Path, tmp_path: Path) -> None:
    leaked = as_file(tmp_path / "eval.jsonl", [review(3)])
    options = ("--noise", "off", "--against-eval", leaked, "--split", "train=0.8,test=0.2", "-o", tmp_path / "out")
    done = call("curate", rows, *options)
    assert done.returncode == 0, done.stderr
    assert "49 of 51 instances stay" in done.stdout
    assert "leak: 3 is exact in eval.jsonl, row 0 (1.0)" in done.stdout
    assert "49 groups, each in one split" in done.stdout
    assert pq.read_table(tmp_path / "out" / "data" / "train.parquet").num_rows == 39
    again = call("curate", rows, *options)
    assert "already there" in again.stdout
    assert again.returncode == 0


def test_json_is_the_record_and_nothing_else(call: Call, rows: Path) -> None:
    done = call("curate", rows, "--noise", "off", "--balance", "--format", "json")
    record = json.loads(done.stdout)
    assert [(step["name"], step["removed"]) for step in record["steps"]] == [("duplicate", 1), ("balance", 0)]
    assert record["settings"]["threshold"] == 0.7


def test_an_instance_of_any_split_can_be_shown(call: Call, tmp_path: Path) -> None:
    call("demo", "copa", "-o", tmp_path / "run")
    call("curate", tmp_path / "run", "--noise", "off", "--split", "train=0.5,test=0.5", "-o", tmp_path / "out")
    for split in ("train", "test"):
        row = pq.read_table(tmp_path / "out" / "data" / f"{split}.parquet").to_pylist()[0]
        shown = call("show", tmp_path / "out", row["id"])
        assert shown.returncode == 0, shown.stderr
        assert row["premise"] in shown.stdout


def test_wrong_options_are_told(call: Call, rows: Path) -> None:
    for options, said in (
        (("--split", "train=0.8"), "not 1"),
        (("--split", "train=0.8,other=0.2"), "no split 'other'"),
        (("--threshold", "0.1"), "threshold"),
        (("--text", "nothing"), "no column nothing"),
        (("--duplicates", "embedding", "--embedder", "none"), "need an embedder"),
    ):
        wrong = call("curate", rows, "--noise", "off", *options)
        assert wrong.returncode == 2
        assert said in wrong.stderr
        assert wrong.stdout == ""


def test_a_run_is_exported_in_a_form_and_a_kind(call: Call, tmp_path: Path) -> None:
    run = as_run(tmp_path / "run", reviews(10))
    done = call("export", run.path, "--form", "alpaca", "--as", "csv", "-o", tmp_path / "a.csv", "--no-instruction")
    assert done.stdout.strip() == str(tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text("utf-8").startswith("instruction,input,output")
    old = call("export", run.path, "--format", "pairs")
    assert old.stdout.strip() == str(run.path / "exports" / "pairs.jsonl")


def test_a_dry_push_says_what_would_be_pushed(call: Call, tmp_path: Path) -> None:
    run = as_run(tmp_path / "run", reviews(10))
    done = call("push", run.path, "me/reviews", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "data/train.parquet" in done.stdout
    assert "would push 10 instances, private" in done.stdout
    wrong = call("push", run.path, "reviews", "--dry-run")
    assert wrong.returncode == 2
    assert "USER/NAME" in wrong.stderr


def test_the_current_directory_is_no_place_for_a_new_one(
    call: Call, rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    refused = call("curate", rows, "--noise", "off", "-o", ".")
    assert refused.returncode == 2
    assert refused.stderr == (
        "error: . is the current directory, which no new one can take the place of\n"
        "Name a directory that is not there yet with -o.\n"
    )
    assert list((tmp_path / "here").iterdir()) == []


def test_the_dataset_that_one_is_in_is_curated_beside_it(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_run(tmp_path / "run", reviews(8))
    monkeypatch.chdir(tmp_path / "run")
    done = call("curate", ".", "--noise", "off")
    assert done.returncode == 0, done.stderr
    assert pq.read_table(tmp_path / "run-curated" / "data" / "train.parquet").num_rows == 8


def test_an_export_to_a_path_without_a_name_is_refused(call: Call, tmp_path: Path) -> None:
    as_run(tmp_path / "run", reviews(8))
    done = call("export", "run", "-o", ".")
    assert done.returncode == 2
    assert done.stderr.startswith("error: . names no new file or directory\n")
