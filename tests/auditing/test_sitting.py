"""A sitting: held, recorded in run.json and the dataset card, and true to a dataset that changed."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from satsuma.auditing.sitting import Wanted, sitting
from satsuma.auditing.verdicts import Book
from satsuma.errors import RunError, SettingsError
from satsuma.run.directory import RunDirectory
from satsuma.run.run import Run
from satsuma.run.trust import Audit
from tests.auditing.runs import answered, card, messages, seated, written


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return written(tmp_path / "run", messages(20))


def test_the_figures_are_in_run_json_and_the_dataset_card(run: Run) -> None:
    answered(run, *["y"] * 9, "n", "-", n=10)
    audit = Run(run.path).state.audit
    assert audit is not None
    assert (audit.instances, audit.sample, audit.judged, audit.accuracy) == (20, 10, 10, 0.9)
    assert audit.data == run.state.files["data/train.parquet"]
    readme = (run.path / "README.md").read_text()
    assert "One person judged 10 of 20 instances, drawn at random by label. Label accuracy: 90.0%" in readme
    assert "ada" not in readme
    assert yaml.safe_load(readme.split("---\n")[1])["license"] == "other"


def test_going_on_keeps_the_size_and_the_seed_of_the_last_audit(run: Run) -> None:
    with seated(run, 6, seed=5) as at:
        ids = at.ids
        at.say(ids[0], "right")
        at.settle()
    with seated(run) as at:
        assert (at.ids, at.seed) == (ids, 5)


def test_an_audit_without_a_verdict_changes_nothing(run: Run) -> None:
    before = (run.path / "run.json").read_bytes()
    with seated(run) as at:
        at.settle()
    assert (run.path / "run.json").read_bytes() == before
    assert not (run.path / "README.md").exists()


def test_taking_everything_back_takes_the_figures_back(run: Run) -> None:
    answered(run, "y", n=4)
    assert Run(run.path).state.audit is not None
    answered(run, "u", "q", n=4)
    assert Run(run.path).state.audit is None


def test_a_run_that_is_being_worked_on_cannot_be_audited(run: Run) -> None:
    with RunDirectory(run.path).lock(), pytest.raises(RunError, match="is in use by process"), seated(run):
        pass


def test_a_run_without_a_dataset_or_without_instances_says_so(run: Run, tmp_path: Path) -> None:
    run.data_path.unlink()
    with pytest.raises(RunError, match="nothing to audit"), seated(run):
        pass
    empty = written(tmp_path / "empty", [])
    with pytest.raises(RunError, match="has no instances"), seated(empty):
        pass
    with pytest.raises(RunError, match="no such run"), sitting(tmp_path / "gone", Wanted(), print):
        pass


@pytest.mark.parametrize(
    "wanted", [Wanted(n=0), Wanted(auditor=" "), Wanted(auditor="a\x1b[31m"), Wanted(auditor="x" * 99)]
)
def test_what_cannot_be_wanted_is_told(run: Run, wanted: Wanted) -> None:
    with pytest.raises(SettingsError), sitting(run.path, wanted, print):
        pass


def test_verdicts_hold_for_what_is_the_same_after_the_dataset_changed(run: Run) -> None:
    answered(run, *["y"] * 20, n=20)
    rows = messages(20)
    rows[3] = ({"message": "Another message."}, "bug")
    rows[4] = (rows[4][0], "bug")
    written(run.path, rows + messages(30)[25:])
    state = RunDirectory(run.path).load_state()
    assert state is not None
    RunDirectory(run.path).save_state(state.model_copy(update={"audit": with_other_data(run)}))
    told: list[str] = []
    with sitting(run.path, Wanted(25, auditor="ada"), told.append) as at:
        assert len(at.own) == 18
        judged = set(at.own)
        assert not judged & {"context 3", "context 4"}
        assert len(at.pending()) == 7
    assert told == [
        "The dataset has changed since its last audit, when it had 20 instances.",
        "2 verdicts are of instances that are gone or changed, and not counted.",
    ]


def with_other_data(run: Run) -> Audit:
    """The audit of the dataset before, as run.json keeps it."""
    with seated(run) as at:
        return at.result().model_copy(update={"data": "another", "instances": 20})


def test_figures_that_run_json_lacks_after_a_kill_are_made_up_for(run: Run) -> None:
    with seated(run, 5) as at:
        at.say(at.ids[0], "wrong", None)  # killed before it settles
    assert Run(run.path).state.audit is None
    with seated(run, 5) as at:
        at.settle()
    audit = Run(run.path).state.audit
    assert audit is not None
    assert audit.judged == 1


def test_a_verdict_is_in_the_file_as_soon_as_it_is_given(run: Run) -> None:
    with seated(run) as at:
        at.say(at.ids[0], "right", at.label_of(at.ids[0]))
        ((only,), told) = Book(run.path).read()
        assert (only.id, only.auditor, told) == (at.ids[0], "ada", [])
        assert only.content.startswith("a1-")
        assert only.time.endswith("+00:00")


def test_one_label_and_free_text_can_be_audited(tmp_path: Path) -> None:
    spans = card({"labels": ["person"], "spans": "message"})
    from satsuma.task.instance import Span

    rows = [({"message": f"Ada {i}"}, (Span(0, 3, "person", "Ada"),)) for i in range(4)]
    run = written(tmp_path / "run", rows, spans)
    shown = answered(run, "y", "n", n=2)
    assert "label = person: Ada" in shown.text
    audit = Run(run.path).state.audit
    assert audit is not None
    assert audit.accuracy == 0.5
    assert "## Audit" in (run.path / "README.md").read_text()
