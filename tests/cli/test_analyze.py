"""`satsuma analyze`: a verdict for people, JSON and nothing else for programs, and errors that say what to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Call

for package in ("numpy", "babel", "sklearn", "vaderSentiment"):
    pytest.importorskip(package)

from satsuma.errors import ExtraError  # noqa: E402 - needs the extra
from satsuma.extras import require  # noqa: E402 - needs the extra
from satsuma.measures import analysis, entities  # noqa: E402 - needs the extra


@pytest.fixture(autouse=True)
def no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entities, "_pipeline", {}.get)


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    made = [
        {
            "premise": f"A man number {i} sat in Paris, France.",
            "hypothesis": f"He did {'not ' * (i % 2)}sit {i}.",
            "label": i % 2,
        }
        for i in range(40)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in made), "utf-8")
    return path


def test_json_is_json_and_nothing_else(call: Call, rows: Path) -> None:
    done = call("analyze", rows, "--format", "json", "--embedder", "none", "--against", rows)
    assert done.returncode == 0
    assert done.stderr == ""
    found = json.loads(done.stdout)
    assert found["instances"] == 40
    assert found["unique_bigrams_per_example"] > 0
    assert found["tokens_per_example"] > 10
    assert found["measures"]["leaks"]["leaks"][0]["word"] == "not"
    assert len(found["against"]) == 1


def test_the_summary_begins_with_what_to_act_on(call: Call, rows: Path) -> None:
    out = call("analyze", rows, "--embedder", "none").stdout
    head, verdict, figures = out.split("\n\n", 2)
    assert head.endswith("40 instances, jsonl; text: premise, hypothesis (no column was named); label: label")
    assert "problem: 'not' appears in 100% of 1 and in 0% of the others: the label leaks." in verdict
    assert "The field hypothesis alone tells the label" in verdict
    assert "unique bigrams per example" in figures
    assert "GPE: France 40" in figures
    assert "cosine: not defined: no embedder was asked for" in figures


def test_markdown_is_for_ci(call: Call, rows: Path) -> None:
    out = call("analyze", rows, "--format", "md", "--only", "vocabulary", "--only", "leaks").stdout
    assert out.startswith("# ")
    assert "## Verdict" in out
    assert "| tokens\\_per\\_example |" in out
    assert "## uniqueness" not in out


def test_columns_are_named_and_a_missing_one_is_told(call: Call, rows: Path) -> None:
    out = call("analyze", rows, "--text", "premise", "--label", "label", "--only", "vocabulary").stdout
    assert "text: premise; label: label" in out
    wrong = call("analyze", rows, "--text", "sentence")
    assert wrong.returncode == 2
    assert "there is no column sentence" in wrong.stderr
    assert "premise, hypothesis, label" in wrong.stderr
    assert wrong.stdout == ""


def test_what_is_no_dataset_is_told(call: Call, tmp_path: Path) -> None:
    wrong = call("analyze", tmp_path / "nothing.jsonl")
    assert wrong.returncode == 2
    assert "there is no such file or directory" in wrong.stderr
    (tmp_path / "empty.csv").write_text("", "utf-8")
    assert call("analyze", tmp_path / "empty.csv").returncode == 2


def test_an_unknown_measurement_is_told_with_those_that_there_are(call: Call, rows: Path) -> None:
    wrong = call("analyze", rows, "--only", "rouge")
    assert wrong.returncode == 2
    assert "there is no measurement rouge" in wrong.stderr
    assert "uniqueness" in wrong.stderr


def test_a_missing_extra_is_named_with_its_command(call: Call, rows: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysis, "NEEDS", ("no_such_package",))
    wrong = call("analyze", rows)
    assert wrong.returncode == 2
    assert "satsuma analyze needs no_such_package, which is not installed" in wrong.stderr
    assert "pip install 'satsuma[analyze]'" in wrong.stderr
    with pytest.raises(ExtraError):
        require("analyze", "no_such_package", needed_by="x")


def test_text_of_a_dataset_is_shown_and_not_obeyed(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    label = "\x1b[2J\x1b]0;owned\x07\u202e[red]"
    made = [{"text": f"{'secret' if i % 2 else 'plain'} {i}", "label": label if i % 2 else "b"} for i in range(30)]
    path.write_text("".join(json.dumps(row) + "\n" for row in made), "utf-8")
    for form in ("text", "md"):
        out = call("analyze", path, "--embedder", "none", "--format", form).stdout
        assert "secret" in out
        assert not {"\x1b", "\x07", "\u202e"} & set(out)
