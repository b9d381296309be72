"""Verdicts applied: a copy, whole, with every change recorded, and a run that is as it was."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import yaml

import satsuma
from satsuma.auditing.deciding import decided
from satsuma.auditing.sitting import Wanted, sitting
from satsuma.auditing.verdicts import Verdict
from satsuma.errors import RunError
from satsuma.run.identity import check_same_run
from satsuma.run.run import Run
from tests.auditing.runs import card, messages, written

SAID: list[dict[str, object]] = [
    {"id": "context 0", "label": "billing"},
    {"id": "context 1", "label": "billing"},
    {"id": "context 2", "verdict": "wrong"},
    {"id": "context 3", "verdict": "skip"},
    {"id": "context 4", "label": "bug"},
    {"id": "context 4", "verdict": "right", "auditor": "ben"},
    {"id": "context 5", "label": "billing"},
    {"id": "context 5", "label": "billing", "auditor": "ben"},
]


def judged(place: Path, *, jsonl: bool = False) -> Run:
    """Eight tickets with verdicts: 0 right, 1 and 5 are billing, 2 wrong, 3 skipped, 4 disputed, 6 and 7 nothing."""
    run = written(place, messages(8), jsonl=jsonl)
    file = place.parent / "said.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in SAID))
    satsuma.audit(place, n=8, verdicts=file, auditor="ada")
    return run


def contents(place: Path) -> dict[str, str]:
    return {
        path.relative_to(place).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(place.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


def test_relabel_changes_what_was_named_and_drops_what_was_not(tmp_path: Path) -> None:
    run = judged(tmp_path / "run")
    before = contents(run.path)
    copy = satsuma.apply_verdicts(run.path, "relabel", tmp_path / "copy")
    rows = {row["id"]: row for row in copy.table().to_pylist()}
    assert {one: row["label"] for one, row in rows.items()} == {
        "context 0": "billing", "context 1": "billing", "context 3": "bug", "context 4": "billing",
        "context 5": "billing", "context 6": "billing", "context 7": "bug",
    }  # fmt: skip
    changed = rows["context 5"]
    assert changed["target"] == "billing"
    assert changed["provenance"]["reason"] == "relabelled by ada and ben: bug → billing; it says so"
    assert changed["provenance"]["corrected"] == "bug"
    assert contents(run.path) == before
    assert not list(tmp_path.glob(".*.part"))


def test_what_was_done_is_recorded_and_the_balance_told(tmp_path: Path) -> None:
    run = judged(tmp_path / "run")
    copy = satsuma.apply_verdicts(run.path, "relabel", tmp_path / "copy")
    applied, counts = copy.state.applied, copy.state.counts
    assert applied is not None
    assert (applied.how, applied.relabelled, applied.dropped, applied.disputed) == ("relabel", 2, 1, 1)
    assert applied.source == str(run.path)
    assert applied.audit.judged == 5
    assert counts.accepted == {"billing": 5, "bug": 2}
    assert counts.share == {"billing": 4, "bug": 4}
    assert counts.rejects["audit"] == {"judged wrong by a person": 1}
    assert copy.state.files == {name: sha for name, sha in contents(copy.path).items() if name in copy.state.files}
    assert set(copy.state.files) == {"data/train.parquet", "rejects.parquet"}
    assert copy.state.audit is None
    assert copy.journal_path.read_bytes() == b"a journal"
    dropped = copy.rejects().to_pylist()[-1]
    assert (dropped["id"], dropped["step"]) == ("context 2", "audit")
    assert dropped["reason"] == "judged wrong by a person: ada; its label: billing"
    assert json.loads(dropped["fields"]) == {"message": "Message 2.", "label": "billing"}
    assert copy.rejects().num_rows == 2


def test_the_accuracy_after_is_what_was_judged_and_the_rest_as_the_sample(tmp_path: Path) -> None:
    run = judged(tmp_path / "run")
    relabelled = satsuma.apply_verdicts(run.path, "relabel", tmp_path / "copy").state.applied
    dropped = satsuma.apply_verdicts(run.path, "drop", tmp_path / "dropped").state.applied
    # Billing: 0 right, 2 wrong, 4 half: one half. Bug: 1 and 5 wrong: none.
    rest = 1 * 0.5 + 2 * 0.0
    assert relabelled is not None
    assert dropped is not None
    assert relabelled.after == pytest.approx((1 + 1 + 1 + 0.5 + rest) / 7)
    assert dropped.after == pytest.approx((1 + 0.5 + rest) / 5)


def test_drop_drops_what_everybody_calls_wrong(tmp_path: Path) -> None:
    copy = satsuma.apply_verdicts(judged(tmp_path / "run").path, "drop", tmp_path / "copy")
    assert [row["id"] for row in copy.table().to_pylist()] == [f"context {i}" for i in (0, 3, 4, 6, 7)]
    assert copy.state.size == 5
    assert copy.state.applied is not None
    assert (copy.state.applied.relabelled, copy.state.applied.dropped, copy.state.applied.disputed) == (0, 3, 1)


def test_the_dataset_card_of_a_copy_tells_and_stays_valid(tmp_path: Path) -> None:
    copy = satsuma.apply_verdicts(judged(tmp_path / "run").path, "relabel", tmp_path / "copy")
    readme = (copy.path / "README.md").read_text()
    assert "7 synthetic instances of 8 wanted (after an audit)" in readme
    assert "2 instances got another label and 1 were dropped; 1 on which people differ stayed as they were." in readme
    metadata = yaml.safe_load(readme.split("---\n")[1])
    assert metadata["configs"][0]["data_files"] == [{"split": "train", "path": "data/train.parquet"}]
    assert metadata["task_categories"] == ["text-classification"]


def test_rows_of_json_are_copied_too(tmp_path: Path) -> None:
    copy = satsuma.apply_verdicts(judged(tmp_path / "run", jsonl=True).path, "relabel", tmp_path / "copy")
    lines = [json.loads(line) for line in (copy.path / "data" / "train.jsonl").read_text().splitlines()]
    assert lines == copy.table().to_pylist()


def test_a_copy_has_another_sample_and_does_not_grow(tmp_path: Path) -> None:
    run = written(tmp_path / "run", messages(200))
    satsuma.audit(run.path)
    file = tmp_path / "said.jsonl"
    file.write_text('{"id": "context 0", "verdict": "wrong", "label": "bug"}')
    satsuma.audit(run.path, verdicts=file)
    copy = satsuma.apply_verdicts(run.path, "relabel", tmp_path / "copy")
    from tests.auditing.runs import seated

    with seated(run) as at:
        before = set(at.ids)
    with seated(copy) as at:
        assert not at.own
        assert len(before & set(at.ids)) < 35
    with pytest.raises(RunError, match="it does not grow"):
        check_same_run(copy._directory, copy.state, copy.state, revise=True)
    again = tmp_path / "said-of-the-copy.jsonl"
    again.write_text('{"id": "context 2", "verdict": "wrong"}')
    satsuma.audit(copy.path, verdicts=again)
    twice = satsuma.apply_verdicts(copy.path, "drop", tmp_path / "twice").state.applied
    assert twice is not None
    assert twice.number == 2


def test_a_choice_is_relabelled_by_position(tmp_path: Path) -> None:
    made = card({"choice": ["one", "two"]}, premise="x", one="x", two="x")
    run = written(tmp_path / "run", [({"premise": f"p{i}", "one": f"a{i}", "two": f"b{i}"}, 0) for i in range(2)], made)
    file = tmp_path / "said.jsonl"
    file.write_text('{"id": "context 1", "verdict": "wrong", "label": "two"}')
    satsuma.audit(run.path, verdicts=file)
    copy = satsuma.apply_verdicts(run.path, "relabel", tmp_path / "copy")
    assert [(row["label"], row["target"]) for row in copy.table().to_pylist()] == [(0, "one"), (1, "two")]
    assert copy.state.counts.accepted == {"one": 1, "two": 1}


def test_several_labels_are_relabelled_together(tmp_path: Path) -> None:
    made = card({"labels": ["a", "b", "c"], "multiple": [0, 2]})
    run = written(tmp_path / "run", [({"message": f"m{i}"}, ("a",)) for i in range(2)], made)
    file = tmp_path / "said.jsonl"
    file.write_text('{"id": "context 1", "verdict": "wrong", "label": ["c", "b"]}\n{"id": "context 0", "label": []}')
    satsuma.audit(run.path, verdicts=file)
    copy = satsuma.apply_verdicts(run.path, "relabel", tmp_path / "copy")
    assert [row["label"] for row in copy.table().to_pylist()] == [[], ["b", "c"]]
    assert copy.state.counts.accepted == {"a": 0, "b": 1, "c": 0, "none": 1}


def test_nothing_is_written_where_something_is_or_into_the_run(tmp_path: Path) -> None:
    run = judged(tmp_path / "run")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("x")
    (tmp_path / "file").write_text("x")
    before = contents(tmp_path)
    for place, why in (
        ("full", "is not empty"),
        ("file", "is a file"),
        ("run", "in the run"),
        ("run/copy", "in the run"),
    ):
        with pytest.raises(RunError, match=why):
            satsuma.apply_verdicts(run.path, "drop", tmp_path / place)
    assert contents(tmp_path) == before
    (tmp_path / "empty").mkdir()
    assert satsuma.apply_verdicts(run.path, "drop", tmp_path / "empty").state.size == 5


def test_a_run_that_nobody_judged_has_nothing_to_apply(tmp_path: Path) -> None:
    run = written(tmp_path / "run", messages(4))
    with pytest.raises(RunError, match="no verdicts that could be applied"):
        satsuma.apply_verdicts(run.path, "drop", tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_verdicts_are_applied_before_a_run_is_split(tmp_path: Path) -> None:
    run = judged(tmp_path / "run")
    (run.path / "data" / "test.parquet").write_bytes(run.data_path.read_bytes())
    told: list[str] = []
    with sitting(run.path, Wanted(), told.append):
        assert told == ["The split train is judged, and not test."]
    with pytest.raises(RunError, match="has several splits"):
        satsuma.apply_verdicts(run.path, "drop", tmp_path / "copy")


def test_what_a_killed_copy_left_is_no_obstacle(tmp_path: Path) -> None:
    run = judged(tmp_path / "run")
    left = tmp_path / ".copy.part" / "data"
    left.mkdir(parents=True)
    (left / "train.parquet").write_bytes(b"half")
    (left.parent / "stray").write_text("x")
    copy = satsuma.apply_verdicts(run.path, "drop", tmp_path / "copy")
    assert copy.table().num_rows == 5
    assert not (copy.path / "stray").exists()


@pytest.mark.parametrize(
    ("said", "how", "kind"),
    [
        (["right", "right"], "drop", "keep"),
        (["right", "wrong:a"], "drop", "disputed"),
        (["wrong:a", "wrong:b"], "drop", "drop"),
        (["wrong:a", "wrong:b"], "relabel", "disputed"),
        (["wrong:a", "wrong"], "relabel", "relabel"),
        (["wrong", "wrong"], "relabel", "drop"),
    ],
)
def test_people_who_differ_leave_an_instance_as_it_was(said: list[str], how: str, kind: str) -> None:
    verdicts = []
    for number, text in enumerate(said):
        verdict, _, label = text.partition(":")
        verdicts.append(
            Verdict.model_validate({"id": "1", "verdict": verdict, "label": label or None, "auditor": str(number)})
        )
    assert decided(verdicts, "drop" if how == "drop" else "relabel").kind == kind
