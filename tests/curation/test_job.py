"""A dataset becomes a new one: nothing disappears silently, the original stays, the same bytes come every time."""

from __future__ import annotations

import hashlib
from pathlib import Path

import orjson
import pyarrow.parquet as pq
import pytest

from satsuma.curation.doors import curate
from satsuma.curation.options import CurateKeywords
from satsuma.errors import DataError, ExtraError, RunError
from satsuma.reading.dataset import open_dataset
from satsuma.run.directory import RunDirectory
from satsuma.run.run import Run
from tests.curation.made import as_file, as_run, review, reviews
from tests.run.small_disk import files_of_at_most


def contents(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_a_run_becomes_a_run_and_what_was_removed_is_in_its_rejects(tmp_path: Path) -> None:
    rows = [*reviews(40), review(3), review(4)]
    source = as_run(tmp_path / "run", rows)
    before = contents(source.path)
    leaked = as_file(tmp_path / "eval.jsonl", [review(11), (review(12)[0].upper(), "good"), review(900)])
    done = curate(source.path, against_eval=[leaked], noise="off")
    assert done.path == tmp_path / "run-curated"
    made = done.run()
    kept = made.table().to_pylist()
    assert [row["id"] for row in kept] == [f"c{n}" for n in range(40) if n not in (11, 12)]
    assert made.table().schema.equals(source.table().schema)
    rejects = made.rejects().to_pylist()
    assert [(r["id"], r["step"], r["reason"]) for r in rejects] == [
        ("x", "seeds", "not an answer"),
        ("c11", "leak", "in an evaluation set: eval.jsonl row 0"),
        ("c12", "leak", "in an evaluation set: eval.jsonl row 1"),
        ("c40", "duplicate", "the same words as an earlier one: c3"),
        ("c41", "duplicate", "the same words as an earlier one: c4"),
    ]
    assert rejects[1]["requests"] == ["k11"]
    assert orjson.loads(rejects[1]["fields"]) == {"review": review(11)[0], "sentiment": "bad"}
    assert [(h["id"], h["set"], h["row"], h["how"]) for h in done.leaks()] == [
        ("c11", "eval.jsonl", 0, "exact"),
        ("c12", "eval.jsonl", 1, "exact"),
    ]
    state = made.state
    assert state.counts.accepted == {"good": 19, "bad": 19}
    assert state.counts.rejects == {
        "seeds": {"not an answer": 1},
        "leak": {"in an evaluation set": 2},
        "duplicate": {"the same words as an earlier one": 2},
    }
    assert state.curated is not None
    assert (state.curated.instances, state.curated.kept) == (42, 38)
    assert state.files == RunDirectory(made.path).hashes()
    assert (made.path / "journal.sqlite").read_bytes() == b"a journal"
    assert "## Curation" in (made.path / "README.md").read_text("utf-8")
    assert contents(source.path) == before


def test_what_only_repeats_a_leaked_instance_stays_in_its_place(tmp_path: Path) -> None:
    leaked, near, repeat = "a b c d e f g h i j", "a b c d e f g h x y", "a b c d e f z w x y"
    source = as_file(tmp_path / "rows.jsonl", [(near, "l"), (repeat, "l")])
    done = curate(source, against_eval=[as_file(tmp_path / "eval.jsonl", [(leaked, "l")])], noise="off")
    assert [(step.name, step.removed) for step in done.record.steps] == [("leak", 1), ("duplicate", 0)]
    assert pq.read_table(done.path / "data" / "train.parquet").to_pylist() == [{"text": repeat, "label": "l"}]
    assert curate(source, out=tmp_path / "b", noise="off").record.steps[0].removed == 1


def test_splits_keep_a_context_on_one_side_and_labels_in_proportion(tmp_path: Path) -> None:
    run = as_run(tmp_path / "run", reviews(400), contexts=60)
    made = curate(run.path, splits={"train": 0.8, "validation": 0.1, "test": 0.1}, noise="off").run()
    assert made.splits == ("train", "validation", "test")
    seen: dict[str, set[str]] = {}
    for split in made.splits:
        rows = made.table(split).to_pylist()
        assert abs(sum(row["sentiment"] == "good" for row in rows) / len(rows) - 0.5) < 0.1
        for row in rows:
            seen.setdefault(row["provenance"]["context"], set()).add(split)
    assert len(seen) == 60
    assert all(len(splits) == 1 for splits in seen.values())
    assert sum(made.table(split).num_rows for split in made.splits) == 400
    assert abs(made.table("test").num_rows - 40) <= 8
    readme = (made.path / "README.md").read_text("utf-8")
    assert "path: data/validation.parquet" in readme


def test_splits_keep_a_source_row_on_one_side(tmp_path: Path) -> None:
    run = as_run(tmp_path / "run", reviews(120), sources=40)
    made = curate(run.path, splits={"train": 0.5, "test": 0.5}, noise="off").run()
    sides = [{row["provenance"]["source"]["row"] for row in made.table(split).to_pylist()} for split in made.splits]
    assert sides[0] | sides[1] == set(range(40))
    assert not sides[0] & sides[1]


def test_a_planted_wrong_label_is_flagged_or_dropped(tmp_path: Path) -> None:
    for package in ("sklearn", "cleanlab"):
        pytest.importorskip(package)
    rows = reviews(200)
    rows[60] = (rows[60][0], "bad")
    run = as_run(tmp_path / "run", rows)
    flagged = curate(run.path, out=tmp_path / "flagged", noise="flag", embedder=None)
    assert "c60" in [flag["id"] for flag in flagged.flags()]
    assert flagged.record.kept == 200
    dropped = curate(run.path, out=tmp_path / "dropped", noise="drop", embedder=None)
    reasons = {row["id"]: row["reason"] for row in dropped.run().rejects().to_pylist() if row["step"] == "noise"}
    assert reasons["c60"].startswith("label looks wrong: bad, rather good (0.")
    assert dropped.record.kept == 200 - len(reasons)
    assert {flag["id"] for flag in dropped.flags() if flag["removed"]} == set(reasons)


def test_the_same_options_give_the_same_bytes_and_a_second_time_changes_nothing(tmp_path: Path) -> None:
    source = as_file(tmp_path / "rows.jsonl", [*reviews(60), review(5)])
    options: CurateKeywords = {"splits": {"train": 0.8, "test": 0.2}, "balance": True, "noise": "off"}
    one, other = (curate(source, out=tmp_path / name, **options) for name in "ab")
    assert contents(one.path) == contents(other.path)
    again = curate(source, out=tmp_path / "a", **options)
    assert again.known
    assert again.record == one.record
    with pytest.raises(RunError, match="another curation"):
        curate(source, out=tmp_path / "a", seed=1)


def test_rows_that_satsuma_did_not_make_keep_their_columns(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    rows: list[dict[str, object]] = [
        {"q": f"question {n} about {n * n}", "more": {"a": n, "b": None if n else "x"}, "tags": ["t"] * (n % 2), "y": n}
        for n in range(9)
    ]  # fmt: skip
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in [*rows, rows[2]]) + b"not json\n")
    done = curate(path, text=("q",), label="y", duplicates="exact", noise="off")
    assert pq.read_table(done.path / "data" / "train.parquet").to_pylist() == rows
    rejects = pq.read_table(done.path / "rejects.parquet").to_pylist()
    assert [(row["step"], row["id"]) for row in rejects] == [("read", ""), ("duplicate", "9")]
    assert orjson.loads(rejects[1]["fields"]) == rows[2]
    assert open_dataset(done.path).name == str(done.path)
    with pytest.raises(RunError, match="not a run"):
        done.run()


def test_passages_with_several_questions_stay_together_and_a_column_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "qa.jsonl"
    rows = [{"passage": f"a long passage number {n // 4} of the book", "question": f"who {n}?", "label": n % 2, "who": n % 5} for n in range(40)]  # fmt: skip  # noqa: E501
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    halves = {"train": 0.5, "test": 0.5}
    for column, group in (("passage", ""), ("who", "who")):
        done = curate(path, out=tmp_path / f"out-{column}", duplicates="off", splits=halves, group=group, noise="off")
        sides = [set(pq.read_table(done.path / "data" / f"{s}.parquet").column(column).to_pylist()) for s in halves]
        assert not sides[0] & sides[1]
    with pytest.raises(DataError, match="no column nothing"):
        curate(path, out=tmp_path / "n", group="nothing", noise="off")


def test_labels_of_duplicates_that_differ_are_told(tmp_path: Path) -> None:
    source = as_file(tmp_path / "rows.jsonl", [("a b c", "x"), ("d e f", "x"), ("A, b c", "y"), ("g h i", "y")])
    done = curate(source, noise="off")
    (row,) = pq.read_table(done.path / "rejects.parquet").to_pylist()
    assert row["reason"] == "the same words as an earlier one: 0, which has the label x and not y"


def test_balance_removes_the_surplus_and_counts_it(tmp_path: Path) -> None:
    rows = [row for row in reviews(60) if row[1] == "good"] + [review(n) for n in (1, 3, 5)]
    done = curate(as_run(tmp_path / "run", rows).path, balance=True, noise="off")
    assert done.run().state.counts.accepted == {"good": 3, "bad": 3}
    step = done.record.steps[-1]
    assert (step.name, step.removed, step.reasons) == ("balance", 27, {"surplus": 27})


def test_curating_what_was_split_keeps_its_splits(tmp_path: Path) -> None:
    first = curate(as_run(tmp_path / "run", reviews(80)).path, splits={"train": 0.5, "test": 0.5}, noise="off")
    leaked = as_file(tmp_path / "eval.jsonl", [(first.run().table("test").to_pylist()[0]["review"], "good")])
    second = curate(first.path, against_eval=[leaked], noise="off")
    assert second.record.number == 2
    assert second.run().table("train").equals(first.run().table("train"))
    assert second.run().table("test").num_rows == first.run().table("test").num_rows - 1


def test_a_curated_run_does_not_grow(tmp_path: Path) -> None:
    from satsuma.run.identity import begin, check_same_run
    from tests.curation.made import CARD

    made = curate(as_run(tmp_path / "run", reviews(10)).path, noise="off").run()
    with pytest.raises(RunError, match="curated copy"):
        check_same_run(RunDirectory(made.path), made.state, begin(CARD, {}, {}, n=20, seed=0, lag=0))


def test_what_cannot_be_done_is_told_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = as_file(tmp_path / "rows.jsonl", reviews(10))
    with pytest.raises(DataError, match="nothing of"):
        curate(source, against_eval=[source], noise="off")
    with pytest.raises(RunError, match="left as it is"):
        curate(as_run(tmp_path / "run", reviews(4)).path, out=tmp_path / "run" / "inside", noise="off")
    with pytest.raises(DataError, match="no such file"):
        curate(tmp_path / "none.jsonl", noise="off")
    with pytest.raises(DataError, match="no such file"):
        curate(source, against_eval=[tmp_path / "none.jsonl"], noise="off")
    from satsuma.curation import mislabelled

    monkeypatch.setattr(mislabelled, "NEEDS", ("no_such_package",))
    with pytest.raises(ExtraError) as missing:
        curate(source)
    assert "satsuma[curate]" in missing.value.hint
    assert "--noise off" in missing.value.hint
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rows.jsonl", "run"]
    assert Run(tmp_path / "run").table().num_rows == 4


def test_a_disk_without_room_for_the_journal_is_told_and_nothing_stays(tmp_path: Path) -> None:
    run = as_run(tmp_path / "run", reviews(4))
    (run.path / "journal.sqlite").write_bytes(bytes(200_000))
    with files_of_at_most(100_000), pytest.raises(RunError, match=r"sqlite could not be written: File too large"):
        curate(run.path, noise="off")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
