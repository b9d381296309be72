"""Labelled rows in the card's form and in the original files' forms, and what stays together."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from satsuma.curation.doors import curate
from satsuma.errors import DataError
from satsuma.students.labelled import Labelled, read_labelled, read_training
from satsuma.students.overlap import fingerprint
from satsuma.students.splitting import split_by_group
from satsuma.task.loader import load_card
from tests.curation.made import CARD, as_run, reviews

Write = Callable[[str, "list[dict[str, object]]"], Path]


def test_of_a_run_with_splits_only_the_train_rows_are_trained_on(tmp_path: Path) -> None:
    whole = as_run(tmp_path / "run", reviews(40))
    told = read_training(whole.path, CARD)
    assert (len(told.instances), told.notes) == (40, ())
    shares = {"train": 0.5, "validation": 0.25, "test": 0.25}
    divided = curate(whole.path, noise="off", duplicates="off", splits=shares).run()
    train = set(divided.table().column("id").to_pylist())
    found = read_training(divided.path, CARD)
    assert {one.id for one in found.instances} == train
    assert [note.rpartition(": ")[2] for note in found.notes] == [
        "its validation and test rows are set aside to measure with"
    ]
    assert len(read_training(divided.path, CARD, "test").instances) == divided.table("test").num_rows
    assert len(read_labelled(divided.path, CARD).instances) == 40


def test_superglue_files_are_read_as_they_are(write: Write) -> None:
    wsc = {"text": "Mark told Pete. He was sad.", "idx": 3, "label": True,
           "target": {"span1_index": 0, "span1_text": "Mark", "span2_index": 3, "span2_text": "He"}}  # fmt: skip
    (one,) = read_labelled(write("wsc.jsonl", [wsc]), load_card("wsc")).instances
    assert (one.id, one.output, one.target) == ("3", "true", "true")
    assert one.text == 'Mark told Pete. He was sad.\nDoes "He" stand for "Mark"?'
    copa = {"premise": "It rained.", "choice1": "I got wet.", "choice2": "I slept.", "question": "effect", "label": 0}
    (two,) = read_labelled(write("copa.jsonl", [copa]), load_card("copa")).instances
    assert two.output == 0
    assert two.options == ("I got wet.", "I slept.")
    assert two.shown == ("It rained.", "effect")


def test_lines_that_hold_several_questions_are_several_instances(write: Write) -> None:
    answers = [
        {"text": "tea", "label": 1},
        {"text": "rain", "label": 0},
        {"text": "milk", "label": 1},
        {"text": "oil", "label": 0},
    ]
    multirc = {"idx": 5, "passage": {"text": "She drank tea with milk.", "questions": [
        {"question": "What did she drink?", "idx": 0, "answers": answers},
        {"question": "Why?", "idx": 1, "answers": answers},
    ]}}  # fmt: skip
    first, second = read_labelled(write("m.jsonl", [multirc]), load_card("multirc")).instances
    assert (first.id, second.id) == ("5/0", "5/1")
    assert first.output == (0, 2)
    assert first.group == second.group
    text = "Ada met Bob in Rome."
    spans = [{"start": 0, "end": 2}, {"start": 8, "end": 10}, {"start": 15, "end": 18}, {"start": 0, "end": 2}]
    record = {"passage": {"text": text, "entities": spans}, "idx": 0, "qas": [
        {"query": "@placeholder met Ada.", "idx": 9, "answers": [{"start": 8, "end": 10, "text": "Bob"}]}
    ]}  # fmt: skip
    (gap,) = read_labelled(write("r.jsonl", [record]), load_card("record")).instances
    assert gap.options == ("Ada", "Bob", "Rome")
    assert gap.output == 1
    assert gap.also == ("Bob",)


def test_a_bigbench_task_is_read_with_the_card_that_says_what_it_asks(tmp_path: Path) -> None:
    task = {"name": "t", "examples": [{"input": "Which is wet?", "target_scores": {"sand": 0, "rain": 1, "wood": 0}}]}
    (tmp_path / "task.json").write_text(json.dumps(task))
    card = load_card({"name": "c", "task": "Choose.", "inputs": {"question": "a question", "options": "an option"},
                      "output": {"choice": {"field": "options", "count": [2, 4]}}})  # fmt: skip
    (one,) = read_labelled(tmp_path / "task.json", card).instances
    assert (one.shown, one.options, one.output) == (("Which is wet?",), ("sand", "rain", "wood"), 1)


def test_rows_that_cannot_be_used_are_told(write: Write) -> None:
    rows: list[dict[str, object]] = [
        {"premise": "a", "choice1": "b", "choice2": "c", "question": "cause", "label": 5}, {"premise": "a"},
        {"premise": "a", "choice1": "b", "choice2": "c", "question": "cause", "label": 1},
    ]  # fmt: skip
    found = read_labelled(write("copa.jsonl", rows), load_card("copa"))
    assert len(found.instances) == 1
    assert (
        "2 rows cannot be used and are left out, the first: row 0: its label '5' is none of the card copa"
        in found.notes[0]
    )
    with pytest.raises(DataError, match="has no instance of the card copa; row 0: it has no choice1"):
        read_labelled(write("none.jsonl", rows[1:2]), load_card("copa"))


def instance(number: int, group: str) -> Labelled:
    return Labelled(str(number), {}, (f"text {number}",), (), "a", f"text {number}", "a", group)


def test_what_belongs_together_stays_on_one_side() -> None:
    data = [instance(n, f"context {n // 7}") for n in range(140)]
    split = split_by_group(data, 0.2, seed=1)
    assert 14 <= len(split.dev) <= 28
    assert sorted((*split.train, *split.dev)) == list(range(140))
    assert not {data[at].group for at in split.dev} & {data[at].group for at in split.train}
    assert split == split_by_group(data, 0.2, seed=1)
    assert split.dev != split_by_group(data, 0.2, seed=2).dev
    whole = split_by_group([instance(n, "one") for n in range(50)], 0.2, seed=1)
    assert (len(whole.train), whole.dev) == (50, ())
    assert whole.note.startswith("one group")


def test_a_row_is_the_same_in_other_case_and_with_its_options_in_another_order() -> None:
    one = Labelled("1", {}, ("The man, tired.",), ("Slept!", "ran"), 0, "", "", "")
    other = Labelled("2", {}, ("the man tired",), ("ran", "slept"), 1, "", "", "")
    assert fingerprint(one) == fingerprint(other)
    assert fingerprint(one) != fingerprint(Labelled("3", {}, ("the man",), ("ran", "slept"), 1, "", "", ""))
