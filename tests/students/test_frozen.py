"""The frozen student: embeddings in numpy under a linear head, with everything that holds for all students."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

for package in ("numpy", "sklearn", "tokenizers"):
    pytest.importorskip(package, reason="needs the extra train")

import pyarrow.parquet as pq  # noqa: E402 - needs the extra

import satsuma  # noqa: E402 - needs the extra
from satsuma.errors import DataError, ExtraError, Interrupted, RunError, SettingsError  # noqa: E402 - needs the extra
from satsuma.progress import Silent  # noqa: E402 - needs the extra
from tests.students.conftest import LABELS, THINGS, TICKETS, Rows, message, tickets  # noqa: E402 - needs the extra
from tests.tiny_checkpoint import write_checkpoint  # noqa: E402 - needs the extra

Write = Callable[[str, Rows], Path]


@pytest.fixture(scope="session")
def embedder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_checkpoint(tmp_path_factory.mktemp("embedder") / "bert"))


def rows(start: int, end: int) -> Rows:
    """The label is a word of the text that the embedder knows."""
    words = ("spam", "health")
    return [
        {"message": f"{words[n % 2]} " * 4 + str(n), "label": LABELS[n % 2], "id": f"r{n}"} for n in range(start, end)
    ]


@pytest.fixture
def student(embedder: str, write: Write, tmp_path: Path) -> satsuma.Student:
    return satsuma.train(
        write("train.jsonl", rows(0, 60)), out=tmp_path / "s", card=TICKETS, student=embedder, frozen=True
    )


def test_it_learns_and_predicts_the_same_when_it_is_opened_again(student: satsuma.Student, write: Write) -> None:
    found = satsuma.evaluate(student, write("test.jsonl", rows(60, 100)))
    assert found.score.value == 1.0
    assert found.metric == "accuracy"
    again = satsuma.evaluate(student.path, write("test.jsonl", rows(60, 100)))
    assert again.predictions.read_bytes() == found.predictions.read_bytes()
    said = list(
        satsuma.predict(student, [{"message": "spam spam spam 3"}, {"a": 1}, {"message": "health health health 4"}])
    )
    assert [getattr(p, "output", None) for p in said] == ["billing", None, "bug"]
    assert isinstance(said[1], DataError)
    assert "it has no message" in said[1].message


class Interrupting(Silent):
    """Interrupts the training when it has fitted."""

    def note(self, text: str) -> None:
        if text.startswith("fitted"):
            raise KeyboardInterrupt


def test_interrupted_it_says_so_and_the_same_call_ends_it(
    student: satsuma.Student, embedder: str, write: Write, tmp_path: Path
) -> None:
    data = write("again.jsonl", rows(0, 60))
    with pytest.raises(Interrupted, match="stopped"):
        satsuma.train(data, out=tmp_path / "t", card=TICKETS, student=embedder, frozen=True, progress=Interrupting())
    again = satsuma.train(data, out=tmp_path / "t", card=TICKETS, student=embedder, frozen=True)
    asked = [{"message": f"spam {n} health {n % 3}"} for n in range(20)]
    assert [getattr(p, "scores", p) for p in again.predict(asked)] == [
        getattr(p, "scores", p) for p in student.predict(asked)
    ]


def test_rows_that_were_trained_on_are_refused_and_listed(student: satsuma.Student, write: Write) -> None:
    mixed = write(
        "mixed.jsonl", [*rows(58, 70), {"message": "SPAM,  spam spam-spam 4!", "label": "billing", "id": "again"}]
    )
    with pytest.raises(DataError, match="3 of 13 rows are in the training data") as refused:
        satsuma.evaluate(student, mixed)
    assert "row r58 is training row r58" in refused.value.message
    assert "row again is training row r4" in refused.value.message
    assert "--overlap drop" in refused.value.hint
    dropped = satsuma.evaluate(student, mixed, overlap="drop")
    assert dropped.instances == 10
    assert dropped.notes == ("3 rows are in the training data and are left out",)
    assert satsuma.evaluate(student, mixed, overlap="keep").instances == 13


def test_labels_that_training_never_saw_are_counted_and_told(student: satsuma.Student, write: Write) -> None:
    test = write("test.jsonl", [*rows(60, 68), {"message": "news 1", "label": "sales"}, {"message": "news 2"}])
    found = satsuma.evaluate(student, test)
    assert found.instances == 9
    assert found.right == pytest.approx(8 / 9)
    assert found.notes == (
        "1 rows have no label and are left out",
        "labels that training never saw: sales (1); they are counted",
    )


def test_a_test_without_a_label_and_an_empty_file_are_told(student: satsuma.Student, write: Write) -> None:
    with pytest.raises(DataError, match="has no row to measure on"):
        satsuma.evaluate(student, write("none.jsonl", [{"message": "spam 99"}]))
    with pytest.raises(DataError, match="is empty"):
        satsuma.evaluate(student, write("empty.jsonl", []))
    with pytest.raises(RunError, match="holds no student"):
        satsuma.evaluate(student.path / "model", write("x.jsonl", rows(60, 62)))


def test_little_data_is_trained_on_whole_and_too_little_is_refused(embedder: str, write: Write, tmp_path: Path) -> None:
    few = satsuma.train(write("few.jsonl", rows(0, 6)), out=tmp_path / "f", card=TICKETS, student=embedder, frozen=True)
    assert few.record.data.dev == 0
    assert few.record.notes == ["6 instances: nothing is set aside, and no epoch is left out"]
    with pytest.raises(DataError, match="has 1 instance with a label, and a student needs two"):
        satsuma.train(write("one.jsonl", rows(0, 1)), out=tmp_path / "o", card=TICKETS, student=embedder, frozen=True)
    same = [{**row, "label": "bug"} for row in rows(0, 20)]
    with pytest.raises(DataError, match="all 17 instances have the label 'bug'"):
        satsuma.train(write("same.jsonl", same), out=tmp_path / "b", card=TICKETS, student=embedder, frozen=True)


def test_choices_and_pairs_are_learned_from_vectors(embedder: str, write: Write, tmp_path: Path) -> None:
    choice = {"name": "pick", "task": "Pick.", "inputs": {"premise": "a text", "one": "an option", "two": "an option"},
              "output": {"choice": ["one", "two"]}}  # fmt: skip
    made: Rows = [
        {"premise": f"code {n}", "one": ("python", "news")[n % 2], "two": ("news", "python")[n % 2], "label": n % 2}
        for n in range(40)
    ]
    student = satsuma.train(write("c.jsonl", made), out=tmp_path / "c", card=choice, student=embedder, frozen=True)
    assert [p.output for p in student.predict([{"premise": "code", "one": "news", "two": "python"}])] == [1]
    pair = {"name": "same", "task": "Same?", "inputs": {"first": "a text", "second": "a text"},
            "output": {"labels": {"same": "the same", "other": "another"}}}  # fmt: skip
    words = ("spam", "health", "maths", "russian")
    pairs: Rows = [
        {"first": words[n % 4], "second": words[(n + n // 4) % 4], "label": "other" if (n // 4) % 4 else "same"}
        for n in range(64)
    ]
    both = satsuma.train(write("p.jsonl", pairs), out=tmp_path / "p", card=pair, student=embedder, frozen=True)
    found = satsuma.evaluate(both, write("q.jsonl", pairs[:32]), overlap="keep")
    assert found.right >= 0.9


def test_a_card_is_inferred_from_columns(embedder: str, write: Write, tmp_path: Path) -> None:
    made: Rows = [{"text": row["message"], "target": row["label"]} for row in rows(0, 40)]
    student = satsuma.train(write("pairs.jsonl", made), out=tmp_path / "s", student=embedder, frozen=True)
    assert student.card.output.labels is not None
    assert sorted(student.card.output.labels) == ["billing", "bug"]
    test: Rows = [{"text": row["message"], "target": row["label"]} for row in rows(60, 70)]
    assert satsuma.evaluate(student, write("test.jsonl", test)).right == 1.0
    with pytest.raises(DataError, match="no column that looks like a label") as unknown:
        satsuma.train(write("bare.jsonl", [{"text": "a"}, {"text": "b"}]), out=tmp_path / "n", frozen=True)
    assert "--card" in unknown.value.hint


def test_a_span_needs_another_student(embedder: str, write: Write, tmp_path: Path) -> None:
    card = {"name": "find", "task": "Find.", "inputs": {"message": "a text"}, "output": {"span": "message"}}
    data = write("s.jsonl", [{"message": message(n), "label": THINGS[n % 8]} for n in range(4)])
    with pytest.raises(SettingsError, match="a frozen student learns labels and choices"):
        satsuma.train(data, out=tmp_path / "s", card=card, student=embedder, frozen=True)


def test_without_torch_the_command_is_told(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from satsuma import extras

    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == "torch" else object())
    with pytest.raises(ExtraError, match="needs torch, which is not installed") as missing:
        satsuma.train(write("t.jsonl", tickets(range(20))), out=tmp_path / "s", card=TICKETS)
    assert missing.value.hint == "Install it: pip install 'satsuma[train]'"


def test_students_are_compared_and_nothing_is_trained_twice(
    embedder: str, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = [
        {**row, "label": LABELS[1 - LABELS.index(str(row["label"]))], "id": f"w{n}"}
        for n, row in enumerate(rows(100, 140))
    ]
    given = {
        "train": {"original": write("gold.jsonl", rows(0, 40)), "flipped": write("wrong.jsonl", wrong),
                  "both": [tmp_path / "gold.jsonl", tmp_path / "wrong.jsonl"]},
        "test": write("test.jsonl", rows(60, 100)),
        "out": tmp_path / "results", "students": [f"frozen:{embedder}"], "seeds": 2, "sizes": [10, 20],
    }  # fmt: skip
    made = satsuma.compare_students(TICKETS, **given)  # type: ignore[arg-type]
    found = {row.training: row for row in made.rows}
    assert found["original"].score.value == 1.0
    assert found["original"].difference is None
    gap = found["flipped"].difference
    assert gap is not None
    assert gap.value < -0.9
    assert gap.high < 0
    assert gap.p < 0.01
    assert [(c.training, [row.instances for row in c.points]) for c in made.curves] == [
        ("original", [10, 20, 40]), ("flipped", [10, 20, 40]), ("both", [10, 20, 80]),
    ]  # fmt: skip
    results = pq.read_table(made.out / "results.parquet").to_pylist()
    assert len(results) == 18
    assert {(r["training"], r["seed"], r["size"]) for r in results} >= {("both", 1, 80), ("original", 0, 10)}
    assert pq.read_table(made.out / "predictions.parquet").num_rows == 18 * 40
    page = (made.out / "comparison.md").read_text()
    assert "| student | original (n = 40) | flipped (n = 40) | both (n = 80) |" in page
    assert "100.0 ± 0.0 [100.0, 100.0]" in page
    assert "<svg" in (made.out / "comparison.html").read_text()
    before = {path.name: path.read_bytes() for path in made.out.glob("*.*")}
    monkeypatch.setattr("satsuma.students.cells.train_student", None)
    satsuma.compare_students(TICKETS, **given)  # type: ignore[arg-type]
    assert {path.name: path.read_bytes() for path in made.out.glob("*.*")} == before


def test_equal_sets_are_cut_to_the_smallest_and_drawn_evenly_from_their_parts(
    embedder: str, write: Write, tmp_path: Path
) -> None:
    large, small = write("large.jsonl", rows(0, 50)), write("small.jsonl", rows(100, 120))
    made = satsuma.compare_students(
        TICKETS, train={"large": large, "small": small, "both": [large, small]}, test=write("t.jsonl", rows(60, 90)),
        out=tmp_path / "r", students=[f"frozen:{embedder}"], seeds=2, equal=True, keep=True,
    )  # fmt: skip
    assert made.trainings == {"large": 20, "small": 20, "both": 20}
    assert {row.instances for row in made.rows} == {20}
    drawn = {
        folder.name: {json.loads(line)["id"] for line in (folder / "trained_on.jsonl").read_text().splitlines()}
        for folder in (tmp_path / "r" / "students").iterdir()
    }
    joint = [ids for name, ids in drawn.items() if name.startswith("both")]
    assert [sum(int(one[1:]) < 100 for one in ids) for ids in joint] == [10, 10]
    first, second = [ids for name, ids in drawn.items() if name.startswith("large")]
    assert first != second


def test_a_comparison_on_rows_that_a_set_holds_is_refused(embedder: str, write: Write, tmp_path: Path) -> None:
    said = {
        "train": {"a": write("a.jsonl", rows(0, 20))},
        "test": write("b.jsonl", rows(18, 30)),
        "out": tmp_path / "r",
    }
    with pytest.raises(DataError, match="row r18 is training row a:r18"):
        satsuma.compare_students(TICKETS, students=[f"frozen:{embedder}"], **said)  # type: ignore[arg-type]
    made = satsuma.compare_students(TICKETS, students=[f"frozen:{embedder}"], overlap="drop", seeds=1, **said)  # type: ignore[arg-type]
    assert made.instances == 10
    with pytest.raises(SettingsError, match="the baseline gold is no training set"):
        satsuma.compare_students(TICKETS, baseline="gold", **said)  # type: ignore[arg-type]


def test_the_record_says_what_was_learned_from(student: satsuma.Student) -> None:
    record = json.loads((student.path / "student.json").read_text())
    assert record["data"]["labels"] == {"billing": 30, "bug": 30}
    assert record["data"]["hash"].startswith("d1-")
    assert record["kind"] == "frozen"
    assert {"satsuma", "python", "numpy"} <= record["versions"].keys()
    sides = [json.loads(line)["side"] for line in (student.path / "trained_on.jsonl").read_text().splitlines()]
    assert sides.count("dev") == record["data"]["dev"] == 9
