"""`Run`, the run as its user sees it, and its summary."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from satsuma.errors import RunError
from satsuma.run.directory import RunDirectory
from satsuma.run.run import Run
from satsuma.run.state import RunState
from satsuma.run.summary import LabelRow, Move, RejectRow
from satsuma.run.writer import DatasetWriter
from satsuma.task.card import Card
from satsuma.task.instance import Instance, Reject

MakeState = Callable[..., RunState]
INSTALLED = importlib.util.find_spec("datasets") is not None


@pytest.fixture
def run(
    directory: RunDirectory,
    tickets: Card,
    state: MakeState,
    instance: Callable[[int], Instance],
    reject: Callable[[int], Reject],
) -> Run:
    """A finished run of four instances and two rejects."""
    with DatasetWriter(directory, tickets) as writer:
        for i in range(4):
            writer.accept(instance(i))
        for i in range(2):
            writer.reject(reject(i))
        files = writer.commit()
        counts = {
            "accepted": {"bug": 2, "billing": 2},
            "share": {"bug": 2, "billing": 2},
            "rejects": {"duplicate": {"the same words": 2}, "instance": {"no JSON": 5}},
        }
    matrix = {"bug": {"bug": 2, "billing": 1}, "billing": {"billing": 1}}
    directory.save_state(state(state="complete", counts=counts, matrix=matrix, files=files))
    return Run(directory.path)


def test_it_gives_the_dataset_the_rejects_and_the_state(run: Run) -> None:
    assert run.table().num_rows == 4
    assert run.rejects().column("step").to_pylist() == ["duplicate", "duplicate"]
    assert run.state.state == "complete"
    assert run.journal_path == run.path / "journal.sqlite"
    assert repr(run).endswith("tickets, complete, 4 of 4)")


def test_columns_never_come_from_directory_names(run: Run, tmp_path: Path) -> None:
    moved = tmp_path / "seed=7"
    run.path.rename(moved)
    assert "seed" not in Run(moved).table().column_names


@pytest.mark.skipif(not INSTALLED, reason="the extra `datasets` is not installed")
def test_the_dataset_is_a_dataset_where_datasets_is_installed(run: Run) -> None:
    import datasets

    dataset = run.dataset()
    assert isinstance(dataset, datasets.Dataset)
    assert dataset[0]["provenance"]["context"] == "a bank"


@pytest.mark.skipif(not INSTALLED, reason="the extra `datasets` is not installed")
def test_datasets_loads_the_file_unchanged(run: Run, tmp_path: Path) -> None:
    import datasets

    loaded = datasets.load_dataset(
        "parquet", data_files=str(run.data_path), split="train", cache_dir=str(tmp_path / "cache")
    )
    assert loaded.column_names == run.table().column_names
    assert list(loaded) == run.table().to_pylist()


def test_without_datasets_the_dataset_is_the_table(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("satsuma.run.run._is_installed", lambda _: False)
    made = run.dataset()
    assert isinstance(made, pa.Table)
    assert made.equals(run.table())


def test_a_folder_named_datasets_is_not_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from satsuma.run.run import _is_installed

    (tmp_path / "datazets").mkdir()
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert not _is_installed("datazets")
    assert _is_installed("json")


def test_what_is_not_a_run_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="is not a run"):
        Run(tmp_path)
    with pytest.raises(RunError, match="no such run"):
        Run(tmp_path / "gone")


def test_a_run_without_a_dataset_yet_says_how_to_go_on(directory: RunDirectory, state: MakeState) -> None:
    directory.save_state(state())
    with pytest.raises(RunError, match=r"no train\.parquet yet; its state is running"):
        Run(directory.path).table()


def test_a_damaged_file_is_an_error_that_says_it_can_be_rebuilt(run: Run) -> None:
    run.data_path.write_bytes(run.data_path.read_bytes()[:100])
    with pytest.raises(RunError, match="cannot be read") as caught:
        run.table()
    assert "rebuilt from the journal" in caught.value.hint


def test_the_summary_has_every_label_move_and_reject(run: Run) -> None:
    summary = run.summary()
    assert (summary.size, summary.n, summary.state) == (4, 4, "complete")
    assert summary.labels == (LabelRow("bug", 2, 2, 3, 1), LabelRow("billing", 2, 2, 1, 0))
    assert summary.moves == (Move("bug", "billing", 1),)
    assert summary.changed == 1 / 4
    assert summary.rejects[0] == RejectRow("instance", "no JSON", 5)
    assert summary.rejects[1].count == 2


def test_a_run_without_correction_has_no_share_of_changes(directory: RunDirectory, state: MakeState) -> None:
    directory.save_state(state())
    assert Run(directory.path).summary().changed is None
