"""What satsuma did not make is exported with its card, in every form; what cannot be used is told, not lost."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

import satsuma
from satsuma.errors import DataError, SettingsError
from satsuma.exporting import INSTRUCTED
from satsuma.llm.request import Json
from satsuma.progress import Silent
from tests.conftest import Call
from tests.curation.made import CARD, as_run, review, reviews

COPA = [
    {"premise": f"It rained {i}.", "choice1": "It was dry.", "choice2": "It got wet.", "question": "effect",
     "label": 1, "idx": i}
    for i in range(4)
]  # fmt: skip
WSC: list[Json] = [
    {"text": "Mark told Pete. He was sad.", "idx": 7, "label": True,
     "target": {"span1_index": 0, "span1_text": "Mark", "span2_index": 3, "span2_text": "He"}}
]  # fmt: skip


class Notes(Silent):
    """Keeps what is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def note(self, text: str) -> None:
        self.told.append(text)


def file_of(path: Path, rows: Sequence[object]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def lines(path: Path) -> list[dict[str, Json]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def foreign(count: int) -> list[dict[str, str]]:
    return [{"review": text, "sentiment": label, "id": f"r{n}"} for n, (text, label) in enumerate(reviews(count))]


@pytest.mark.parametrize("form", ["pairs", *sorted(INSTRUCTED)])
def test_a_file_gives_what_a_run_of_the_same_rows_gives(form: str, tmp_path: Path) -> None:
    run = as_run(tmp_path / "run", reviews(12))
    rows = [{**row, "id": f"c{n}"} for n, row in enumerate(foreign(12))]
    path = file_of(tmp_path / "gold.jsonl", rows)
    assert lines(satsuma.export(path, form, card=CARD)) == lines(satsuma.export(run, form))
    assert (tmp_path / "gold-exports" / f"{form}.jsonl").is_file()


def test_superglue_files_go_out_as_they_came_in(tmp_path: Path) -> None:
    for card, rows in (("copa", COPA), ("wsc", WSC)):
        path = file_of(tmp_path / card / "val.jsonl", rows)
        out = lines(satsuma.export(path, "superglue", card=card))
        assert [{**row, "idx": 0} for row in out] == [{**row, "idx": 0} for row in lines(path)]
    with pytest.raises(SettingsError, match="none of SuperGLUE's tasks"):
        satsuma.export(file_of(tmp_path / "r.jsonl", foreign(3)), "superglue", card=CARD)


def test_splits_of_a_folder_stay_apart_and_ids_are_the_rows_own(tmp_path: Path) -> None:
    file_of(tmp_path / "gold" / "train.jsonl", foreign(6))
    file_of(tmp_path / "gold" / "validation.jsonl", foreign(2))
    out = satsuma.export(tmp_path / "gold", card=CARD)
    assert out == tmp_path / "gold-exports" / "fields"
    assert [row["id"] for row in lines(out / "train.jsonl")] == [f"r{n}" for n in range(6)]
    assert lines(out / "validation.jsonl") == [
        {"review": review(n)[0], "sentiment": review(n)[1], "id": f"r{n}"} for n in range(2)
    ]


def test_rows_that_are_no_instances_are_told_and_the_others_are_there(tmp_path: Path) -> None:
    bad: list[object] = [{"review": "It was.", "sentiment": "purple"}, {"review": "", "sentiment": "good"}]
    path = file_of(tmp_path / "mixed.jsonl", [*foreign(3), *bad])
    notes = Notes()
    assert len(lines(satsuma.export(path, card=CARD, progress=notes))) == 3
    (told,) = notes.told
    assert told.startswith("train: 2 rows are no instances of the card and are left out, the first: mixed / row 3")
    assert "purple" in told
    with pytest.raises(DataError, match="has no instance of the card reviews"):
        satsuma.export(file_of(tmp_path / "bad.jsonl", bad), card=CARD)
    with pytest.raises(DataError, match="has no column review"):
        satsuma.export(file_of(tmp_path / "other.jsonl", [{"a": "b"}]), card=CARD)


def test_what_cannot_be_exported_says_why(tmp_path: Path) -> None:
    path = file_of(tmp_path / "gold.jsonl", foreign(3))
    with pytest.raises(SettingsError, match="nothing says what its card is"):
        satsuma.export(path)
    with pytest.raises(SettingsError, match="is a run, which brings its own card"):
        satsuma.export(as_run(tmp_path / "run", reviews(2)).path, card=CARD)
    for out in (path, tmp_path / "x" / ".." / "gold.jsonl"):
        with pytest.raises(SettingsError, match="lies in, what is exported"):
            satsuma.export(path, out=out, card=CARD)
    task = {"name": "t", "examples": [{"input": "a", "target": "b"}]}
    (tmp_path / "task.json").write_text(json.dumps(task))
    with pytest.raises(DataError, match="for evaluation only"):
        satsuma.export(tmp_path / "task.json", card=CARD)
    assert lines(path) == foreign(3)


def test_the_command_takes_a_file_and_its_card(call: Call, tmp_path: Path) -> None:
    file_of(tmp_path / "gold.jsonl", [*COPA, {"premise": "", "label": 0}])
    done = call("export", "gold.jsonl", "--card", "copa", "--format", "chat", "--as", "csv", "-o", "chat.csv")
    assert (done.returncode, done.stdout) == (0, "chat.csv\n")
    assert "1 rows are no instances of the card" in done.stderr
    missing = call("export", "gold.jsonl")
    assert missing.returncode == 2
    assert "--card CARD" in missing.stderr
    nowhere = call("export", "nowhere", "--card", "copa")
    assert nowhere.returncode == 2
    assert "nowhere: there is no such run" in nowhere.stderr
