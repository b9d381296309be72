"""A BIG-bench task is read as its input and its target."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from satsuma.reading.bigbench import read_task
from satsuma.reading.dataset import Selection, open_dataset
from satsuma.reading.example import Example


def task(place: Path, examples: list[object], **more: object) -> Path:
    path = place / "task.json"
    path.write_text(json.dumps({"name": "t", "metrics": ["m"], "examples": examples, **more}), "utf-8")
    return path


def examples(path: Path) -> list[Example]:
    return list(open_dataset(path).examples())


def test_the_text_is_the_input_and_the_label_the_best_target(tmp_path: Path) -> None:
    rows = [
        {"input": "one", "target_scores": {"no": 0, "yes": 1}},
        {"input": "two", "target": ["first", "second"]},
        {"input": "three", "target": "only"},
    ]
    found = examples(task(tmp_path, list(rows), example_input_prefix="\n\nQ: "))
    assert [(example.text, example.label) for example in found] == [("one", "yes"), ("two", "first"), ("three", "only")]
    assert open_dataset(task(tmp_path, list(rows))).kind == "BIG-bench task"


def test_a_prefix_that_says_what_the_input_is_stands_before_it(tmp_path: Path) -> None:
    path = task(tmp_path, [{"input": "x = 1", "target": "a"}], example_input_prefix="\nPython code:\n")
    (example,) = examples(path)
    assert example.text == "\nPython code:\nx = 1"
    assert example.fields == {"input": "x = 1"}


@pytest.mark.parametrize("prefix", ["\n", "\nQ: ", "\nКонтекст: ", None, 5])
def test_a_prefix_that_only_marks_the_place_does_not(tmp_path: Path, prefix: object) -> None:
    (example,) = examples(task(tmp_path, [{"input": "x", "target": "a"}], example_input_prefix=prefix))
    assert example.text == "x"


def test_where_all_inputs_are_empty_the_choices_are_the_text(tmp_path: Path) -> None:
    rows = [{"input": "", "target_scores": {"It rained.": 1, "It was wet.": 0}}]
    (example,) = examples(task(tmp_path, list(rows), example_input_prefix="\nexample:"))
    assert example.text == "It rained.\nIt was wet."


def test_other_json_is_no_task(tmp_path: Path) -> None:
    assert read_task(task(tmp_path, [{"text": "a"}])) is None
    assert read_task(task(tmp_path, [])) is None
    path = tmp_path / "other.json"
    path.write_text("[1]", "utf-8")
    assert read_task(path) is None
    path.write_text("{", "utf-8")
    assert read_task(path) is None
    assert read_task(tmp_path / "missing.json") is None


def test_columns_can_be_named_all_the_same(tmp_path: Path) -> None:
    path = task(tmp_path, [{"input": "x", "comment": "c", "target": "a"}])
    (example,) = open_dataset(path, Selection(text=("comment",))).examples()
    assert example.text == "c"
