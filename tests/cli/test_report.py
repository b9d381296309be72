"""`satsuma report` and `satsuma compare`: a page where it belongs, and forms for CI."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Call

for package in ("numpy", "babel", "sklearn", "vaderSentiment", "vl_convert"):
    pytest.importorskip(package)

import satsuma  # noqa: E402 - needs the extra
from satsuma.measures import entities  # noqa: E402 - needs the extra
from satsuma.reporting import making  # noqa: E402 - needs the extra
from tests.reporting.made import a_run, some_rows  # noqa: E402 - needs the extra


@pytest.fixture(autouse=True)
def no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entities, "_pipeline", {}.get)


def test_a_runs_report_lies_in_the_run_and_is_told_with_the_verdict(call: Call, tmp_path: Path) -> None:
    a_run(tmp_path / "run")
    done = call("report", "run", "--embedder", "none", "--against", some_rows(tmp_path / "gold.jsonl"))
    assert done.returncode == 0
    assert done.stdout.endswith("report: run/report.html\n")
    assert "note: Self-correction changed 10.0% of the labels, most often billing → bug." in done.stdout
    page = (tmp_path / "run" / "report.html").read_text("utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert str(tmp_path) not in page
    assert call("show", "run").returncode == 0


def test_a_file_is_reported_beside_where_one_stands_or_where_one_says(call: Call, tmp_path: Path) -> None:
    some_rows(tmp_path / "some rows.jsonl", 12)
    assert call("report", "some rows.jsonl", "--embedder", "none").stdout.endswith("report: some-rows-report.html\n")
    assert call("report", "some rows.jsonl", "--embedder", "none", "-o", "x.html").returncode == 0
    assert (tmp_path / "x.html").read_bytes() == (tmp_path / "some-rows-report.html").read_bytes()


def test_for_ci_there_is_json_and_nothing_else_and_markdown(call: Call, tmp_path: Path) -> None:
    a_run(tmp_path / "run", 12)
    done = call("report", "run", "--embedder", "none", "--format", "json")
    told = json.loads(done.stdout)
    assert told["runs"]["run"]["state"] == "complete"
    assert {finding["level"] for finding in told["verdict"]} <= {"problem", "note", "good"}
    assert done.stderr == ""
    out = call("report", "run", "--embedder", "none", "--format", "md").stdout
    assert out.startswith("# run\n")
    assert "### Cost and time by step" in out
    assert call("report", "run", "--embedder", "none", "--format", "md", "-o", "r.md").stdout == "report: r.md\n"
    assert (tmp_path / "r.md").read_text("utf-8") == out
    assert not (tmp_path / "run" / "report.html").exists()


def test_two_datasets_are_compared(call: Call, tmp_path: Path) -> None:
    a_run(tmp_path / "one", 14)
    some_rows(tmp_path / "gold.jsonl", 14)
    done = call("compare", "one", "gold.jsonl", "--embedder", "none")
    assert done.returncode == 0
    assert done.stdout.endswith("report: compare-one-gold.html\n")
    told = json.loads(call("compare", "one", "gold.jsonl", "--embedder", "none", "--format", "json").stdout)
    assert [other["name"] for other in told["against"]] == ["gold.jsonl"]


def test_what_cannot_be_reported_is_told_with_what_to_do(call: Call, tmp_path: Path) -> None:
    wrong = call("report", "nothing")
    assert wrong.returncode == 2
    assert "there is no such file or directory" in wrong.stderr
    some_rows(tmp_path / "rows.jsonl", 5)
    nowhere = call("report", "rows.jsonl", "--embedder", "none", "-o", "no/such/place.html")
    assert nowhere.returncode == 2
    assert "could not be written" in nowhere.stderr


def test_a_missing_extra_is_named_with_its_command(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "NEEDS", ("no_such_package",))
    some_rows(tmp_path / "rows.jsonl", 5)
    wrong = call("report", "rows.jsonl", "--embedder", "none")
    assert wrong.returncode == 2
    assert "pip install 'satsuma[report]'" in wrong.stderr
    assert call("report", "rows.jsonl", "--embedder", "none", "--format", "md").returncode == 0


def test_python_has_the_same(tmp_path: Path) -> None:
    run = a_run(tmp_path / "run", 12)
    report = satsuma.report(run.path, embedder=None, only=("labels",))
    assert isinstance(report, satsuma.Report)
    assert report.save() == run.path / "report.html"
    both = satsuma.compare(run.path, run.path, embedder=None, only=("labels",))
    assert len(both.instances) == 24
