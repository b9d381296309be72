"""Comparisons of several tasks in one table; students as they come, and training sets as they are."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

for package in ("numpy", "sklearn", "tokenizers"):
    pytest.importorskip(package, reason="needs the extra train")

import pyarrow.parquet as pq  # noqa: E402 - needs the extra

import satsuma  # noqa: E402 - needs the extra
from satsuma.errors import DataError, SettingsError  # noqa: E402 - needs the extra
from tests.students.conftest import LABELS, TICKETS, Rows, message, tickets  # noqa: E402 - needs the extra
from tests.tiny_checkpoint import write_checkpoint  # noqa: E402 - needs the extra

Write = Callable[[str, Rows], Path]


@pytest.fixture(scope="session")
def embedder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_checkpoint(tmp_path_factory.mktemp("embedder") / "bert"))


def rows(start: int, end: int, wrong: int = 0) -> Rows:
    """Rows that an embedder can tell apart; one of each `wrong` has the wrong label."""
    return [
        {"message": f"{('spam', 'health')[n % 2]} " * 4 + str(n), "id": f"r{n}",
         "label": LABELS[(n % 2) ^ bool(wrong and n % wrong == 0)]}
        for n in range(start, end)
    ]  # fmt: skip


@pytest.fixture
def compared(embedder: str, write: Write, tmp_path: Path) -> Callable[..., Path]:
    """Compares original with synthetic on a task of that name."""

    def made(name: str, metric: str = "accuracy", **more: Any) -> Path:  # noqa: ANN401
        train = {
            "original": write(f"{name}-o.jsonl", rows(0, 40)),
            "synthetic": write(f"{name}-s.jsonl", rows(40, 80, 3)),
        }
        given: dict[str, Any] = {"train": train, "students": [f"frozen:{embedder}"], "seeds": 2, **more}
        test = write(f"{name}-t.jsonl", rows(100, 130))
        out = tmp_path / "results" / name
        satsuma.compare_students({**TICKETS, "name": name, "metric": metric}, test=test, out=out, **given)
        return out

    return made


def test_tasks_are_columns_and_their_average_the_last(compared: Callable[..., Path], tmp_path: Path) -> None:
    places = [compared("one"), compared("two", "macro-f1", equal=True)]
    made = satsuma.join_comparisons(places, out=tmp_path / "all")
    student = made.keys[0][0]
    assert made.keys == ((student, "original"), (student, "synthetic"))
    assert made.name == "average of 2 tasks"
    scores = {key: [task.row(key).score.value for task in made.tasks] for key in made.keys}  # type: ignore[union-attr]
    for key, one in made.averages.items():
        assert one.score.value == pytest.approx(sum(scores[key]) / 2)
        assert one.score.low <= one.score.value <= one.score.high
    gap = made.averages[student, "synthetic"].difference
    assert gap is not None
    assert gap.value == pytest.approx(sum(scores[made.keys[1]]) / 2 - sum(scores[made.keys[0]]) / 2)
    assert gap.low <= gap.value <= gap.high
    assert made.averages[student, "original"].difference is None
    page = (made.out / "comparison.md").read_text()
    assert "| student | trained on | one | two | average of 2 tasks |" in page
    assert "**difference to original**" in page
    assert "<h2>scores</h2>" in (made.out / "comparison.html").read_text()
    found = pq.read_table(made.out / "results.parquet").to_pylist()
    assert [(row["task"], row["training"]) for row in found] == [
        (task, training) for task in ("one", "two", "average of 2 tasks") for training in ("original", "synthetic")
    ]
    before = (made.out / "comparison.md").read_bytes()
    satsuma.join_comparisons(places, out=tmp_path / "all")
    assert (made.out / "comparison.md").read_bytes() == before


def test_a_set_that_a_task_lacks_has_no_average(
    compared: Callable[..., Path], embedder: str, write: Write, tmp_path: Path
) -> None:
    first = compared("one")
    second = tmp_path / "results" / "two"
    satsuma.compare_students(
        {**TICKETS, "name": "two"}, train={"original": write("o.jsonl", rows(0, 40))},
        test=write("t.jsonl", rows(100, 130)), out=second, students=[f"frozen:{embedder}"], seeds=1,
    )  # fmt: skip
    made = satsuma.join_comparisons([first, second], out=tmp_path / "all")
    assert [training for _, training in made.averages] == ["original"]
    assert "| synthetic |" in (made.out / "comparison.md").read_text()
    assert "–" in (made.out / "comparison.md").read_text()


def test_what_cannot_be_joined_is_told(compared: Callable[..., Path], tmp_path: Path) -> None:
    one = compared("one")
    with pytest.raises(SettingsError, match="fewer than two comparisons"):
        satsuma.join_comparisons([one], out=tmp_path / "all")
    with pytest.raises(SettingsError, match="two comparisons are of the card one"):
        satsuma.join_comparisons([one, one], out=tmp_path / "all")
    with pytest.raises(DataError, match="holds no comparison") as none:
        satsuma.join_comparisons([one, tmp_path], out=tmp_path / "all")
    assert "nothing is trained for that" in none.value.hint
    other = compared("two", baseline="synthetic")
    with pytest.raises(SettingsError, match="different baselines: original, synthetic"):
        satsuma.join_comparisons([one, other], out=tmp_path / "all")
    (other / "comparison.json").write_text("{")
    with pytest.raises(DataError, match="cannot be read"):
        satsuma.join_comparisons([one, other], out=tmp_path / "all")
    assert not (tmp_path / "all").exists()


SHOWN = {**TICKETS, "examples": [{"message": "refund my card", "label": "billing"},
                                 {"message": "crash on login", "label": "bug"}]}  # fmt: skip


def test_methods_of_the_second_paper_are_rows(models: dict[str, Path], write: Write, tmp_path: Path) -> None:
    """Few-shot, retrieved as is, generated, transformed, and both of these."""
    foreign: Rows = [{"sentence": message(n), "topic": ("money", "fault")[n % 8 >= 4]} for n in range(200, 240)]
    write("g.jsonl", tickets(range(16)))
    write("t.jsonl", tickets(range(16, 32)))
    made = satsuma.compare_students(
        SHOWN,
        train={"retrieved as is": write("foreign.jsonl", foreign), "generated": tmp_path / "g.jsonl",
               "transformed": tmp_path / "t.jsonl", "both": [tmp_path / "g.jsonl", tmp_path / "t.jsonl"]},
        test=write("test.jsonl", tickets(range(64, 84))), out=tmp_path / "r", students=[str(models["decoder"])],
        seeds=2, few_shot=2, as_is=["retrieved as is=sentence:topic"], baseline="few-shot", epochs=1, batch=8,
        lora=0, device="cpu",
    )  # fmt: skip
    assert list(made.trainings.items()) == [
        ("few-shot", 2), ("retrieved as is", 40), ("generated", 16), ("transformed", 16), ("both", 32),
    ]  # fmt: skip
    assert all(row.difference is not None for row in made.rows[1:])
    said = pq.read_table(made.out / "predictions.parquet").to_pylist()
    assert {row["predicted"] for row in said} <= {"billing", "bug"}
    assert len(said) == 5 * 2 * 20
    cells = {path.stem: json.loads(path.read_bytes())["key"] for path in (made.out / "cells").iterdir()}
    assert len(set(cells.values())) == len(cells) == 10


def test_an_encoder_is_not_asked_what_it_has_no_head_for(embedder: str, write: Write, tmp_path: Path) -> None:
    given: dict[str, Any] = {
        "train": {"a": write("a.jsonl", rows(0, 20))}, "test": write("t.jsonl", rows(40, 50)), "out": tmp_path / "r",
        "students": [f"frozen:{embedder}"], "seeds": 1,
    }  # fmt: skip
    with pytest.raises(SettingsError, match="cannot answer another when it is shown examples alone"):
        satsuma.compare_students(SHOWN, few_shot=2, **given)
    with pytest.raises(SettingsError, match="cannot answer another when it is trained on a as it is"):
        satsuma.compare_students(TICKETS, as_is=["a"], **given)
    with pytest.raises(SettingsError, match="b is to be taken as it is, and is no training set"):
        satsuma.compare_students(TICKETS, as_is=["b"], **given)
    with pytest.raises(SettingsError, match="a=label names no columns"):
        satsuma.compare_students(TICKETS, as_is=["a=label"], **given)
    with pytest.raises(SettingsError, match="3 examples are wanted, and the card tickets has 2"):
        satsuma.compare_students(SHOWN, few_shot=3, **given)
