"""Each form is what its readers read, in every kind of file, split by split; the wording depends on the seed alone."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import cast

import pyarrow.parquet as pq
import pytest

import satsuma
from satsuma.curation.doors import curate
from satsuma.errors import RunError, SettingsError
from satsuma.exporting import FORMS, INSTRUCTED
from satsuma.exporting.files import Kind
from satsuma.run.run import Run
from tests.curation.made import CARD, as_run, review, reviews

SPLITS = {"train": 0.8, "validation": 0.1, "test": 0.1}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return as_run(tmp_path / "run", reviews(30))


@pytest.fixture
def divided(run: Run) -> Run:
    return curate(run.path, noise="off", splits=SPLITS).run()


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_messages_are_a_question_with_the_task_and_its_answer(run: Run) -> None:
    rows = lines(satsuma.export(run, "chat"))
    assert len(rows) == 30
    for number, row in enumerate(rows):
        assert set(row) == {"messages"}
        asked, answered = cast("list[dict[str, str]]", row["messages"])
        text, label = review(number)
        assert (asked["role"], answered["role"]) == ("user", "assistant")
        assert CARD.task in asked["content"]
        assert f"review: {text}" in asked["content"]
        assert "good" in asked["content"]
        assert "bad" in asked["content"]
        assert answered["content"] == label


def test_there_are_several_wordings_and_they_depend_on_the_seed_alone(run: Run, tmp_path: Path) -> None:
    def wordings(name: str, **options: int) -> list[str]:
        path = satsuma.export(run, "prompt-completion", tmp_path / name, **options)  # type: ignore[arg-type]
        texts = [f"review: {review(n)[0]}" for n in range(30)]
        return [str(row["prompt"]).replace(text, "…") for row, text in zip(lines(path), texts, strict=True)]

    first = wordings("a")
    assert first == wordings("b")
    assert len(set(first)) > 6
    assert first != wordings("c", seed=1)
    assert len(set(wordings("d", templates=1))) == 1
    assert len(set(wordings("e", templates=2))) == 4


def test_without_the_instruction_the_text_stands_alone(run: Run) -> None:
    text, label = review(0)
    shown = f"review: {text}"
    assert lines(satsuma.export(run, "prompt-completion", instruction=False))[0] == {
        "prompt": f"{shown}\n",
        "completion": label,
    }
    assert lines(satsuma.export(run, "alpaca", instruction=False))[0] == {
        "instruction": shown,
        "input": "",
        "output": label,
    }


def test_alpaca_and_sharegpt_have_the_keys_that_their_readers_know(run: Run) -> None:
    alpaca = lines(satsuma.export(run, "alpaca"))[1]
    assert set(alpaca) == {"instruction", "input", "output"}
    assert CARD.task in str(alpaca["instruction"])
    assert alpaca["input"] == f"review: {review(1)[0]}"
    turns = cast("list[dict[str, str]]", lines(satsuma.export(run, "sharegpt"))[1]["conversations"])
    assert [turn["from"] for turn in turns] == ["human", "gpt"]
    assert turns[1]["value"] == "bad"


@pytest.mark.parametrize("form", sorted({*FORMS, *INSTRUCTED} - {"superglue"}))
def test_every_form_is_the_same_in_every_kind_of_file(run: Run, tmp_path: Path, form: str) -> None:
    wanted = lines(satsuma.export(run, form, tmp_path / "x.jsonl"))
    assert pq.read_table(satsuma.export(run, form, tmp_path / "x.parquet", kind="parquet")).to_pylist() == wanted
    with satsuma.export(run, form, tmp_path / "x.csv", kind="csv").open(encoding="utf-8", newline="") as file:
        read = list(csv.DictReader(file))
    for row, known in zip(read, wanted, strict=True):
        assert {k: v if isinstance(known[k], str) else json.loads(v) for k, v in row.items()} == known


@pytest.mark.parametrize(("kind", "builder"), [("jsonl", "json"), ("csv", "csv"), ("parquet", "parquet")])
def test_datasets_loads_what_is_written_with_its_splits(divided: Run, tmp_path: Path, kind: Kind, builder: str) -> None:
    datasets = pytest.importorskip("datasets")
    folder = satsuma.export(divided, "chat", kind=kind)
    files = {split: str(folder / f"{split}.{kind}") for split in SPLITS}
    loaded = datasets.load_dataset(builder, data_files=files, cache_dir=str(tmp_path / "cache"))
    assert {split: len(loaded[split]) for split in SPLITS} == {s: divided.table(s).num_rows for s in SPLITS}
    if kind != "csv":
        assert [m["role"] for m in loaded["test"][0]["messages"]] == ["user", "assistant"]


def test_a_folder_of_datasets_is_loaded_from_the_disk(run: Run, divided: Run, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    one = datasets.load_from_disk(str(satsuma.export(run, "pairs", tmp_path / "one", kind="datasets")))
    assert one[3] == {"text": f"review: {review(3)[0]}", "target": "bad"}
    path = satsuma.export(divided, "fields", kind="datasets")
    assert path == divided.path / "exports" / "fields"
    assert set(datasets.load_from_disk(str(path))) == set(SPLITS)
    assert satsuma.export(divided, "fields", kind="datasets") == path
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("mine")
    with pytest.raises(RunError, match="did not save"):
        satsuma.export(run, "pairs", tmp_path / "other", kind="datasets")
    assert (tmp_path / "other" / "thesis.txt").read_text() == "mine"


def test_a_curated_dataset_is_loaded_as_the_hub_would(divided: Run, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    loaded = datasets.load_dataset(str(divided.path), cache_dir=str(tmp_path / "cache"))
    assert {split: len(loaded[split]) for split in loaded} == {s: divided.table(s).num_rows for s in SPLITS}


def test_what_cannot_be_exported_is_told(run: Run, divided: Run, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no form 'xml'") as wrong:
        satsuma.export(run, "xml")
    assert "alpaca" in wrong.value.hint
    with pytest.raises(SettingsError, match="no kind"):
        satsuma.export(run, "pairs", kind="xlsx")  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="5 templates"):
        satsuma.export(run, "chat", templates=5)
    (tmp_path / "a.jsonl").write_text("")
    with pytest.raises(RunError, match="several splits"):
        satsuma.export(divided, "pairs", tmp_path / "a.jsonl")
