"""The run directory: what is a run, what is refused, and that nothing is written before it may be."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from satsuma.errors import RunError
from satsuma.run.directory import RunDirectory, sha256
from satsuma.run.state import RunState
from tests.run.small_disk import files_of_at_most


def test_opening_a_new_place_writes_nothing(tmp_path: Path) -> None:
    RunDirectory.create_or_open(tmp_path / "runs" / "copa")
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    place = tmp_path / "copa"
    place.write_text("mine")
    with pytest.raises(RunError, match=r"copa is a file, but a run needs a directory") as caught:
        RunDirectory.create_or_open(place)
    assert "-o" in caught.value.hint
    assert place.read_text() == "mine"


def test_a_place_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(RunError, match="file is a file"):
        RunDirectory.create_or_open(tmp_path / "file" / "run")


def test_a_link_to_nowhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    with pytest.raises(RunError):
        RunDirectory.create_or_open(tmp_path / "link")


def test_a_directory_that_holds_something_else_is_refused_and_what_it_holds_is_named(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(RunError, match=r"holds something that is not a run: thesis\.tex"):
        RunDirectory.create_or_open(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize("left", [[], [".lock"], [".lock", "journal.sqlite", "journal.sqlite-wal"], [".run.json.part"]])
def test_what_a_run_killed_at_its_beginning_leaves_is_no_obstacle(tmp_path: Path, left: list[str]) -> None:
    for name in left:
        (tmp_path / name).touch()
    assert RunDirectory.create_or_open(tmp_path).load_state() is None


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_directory_without_write_permission_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(RunError, match="no permission to write"):
            RunDirectory.create_or_open(tmp_path / "run")
    finally:
        tmp_path.chmod(0o700)


def test_a_place_that_cannot_be_made_is_an_error_without_a_traceback() -> None:
    with pytest.raises(RunError, match=r"/proc/satsuma"), RunDirectory.create_or_open("/proc/satsuma/run").lock():
        pass


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"\xff\xfe\x00", b'{"format": "one"}', b'{"format": 1, "name": 3}']
)
def test_a_run_json_that_is_not_one_is_named_in_the_error(directory: RunDirectory, content: bytes) -> None:
    directory.state_path.write_bytes(content)
    with pytest.raises(RunError, match=r"run\.json"):
        directory.load_state()


def test_a_run_json_from_a_newer_version_says_what_to_install(directory: RunDirectory) -> None:
    directory.state_path.write_text('{"format": 2, "and": "more"}')
    with pytest.raises(RunError, match="format 2, but this satsuma knows formats up to 1") as caught:
        directory.load_state()
    assert "newer satsuma" in caught.value.hint


def test_a_state_comes_back_as_it_was_saved(directory: RunDirectory, state: Callable[..., RunState]) -> None:
    saved = state(matrix={"bug": {"billing": 2}}, state="budget", reason="5.00 USD are spent")
    directory.save_state(saved)
    assert directory.load_state() == saved
    assert [p.name for p in directory.path.iterdir()] == ["run.json"]


def test_a_state_that_cannot_be_saved_leaves_the_old_one(
    directory: RunDirectory, state: Callable[..., RunState]
) -> None:
    directory.save_state(state())
    (directory.path / ".run.json.part").mkdir()
    with pytest.raises(RunError, match=r"run\.json could not be written"):
        directory.save_state(state(n=9))
    (directory.path / ".run.json.part").rmdir()
    kept = directory.load_state()
    assert kept is not None
    assert kept.n == 4


def test_no_key_gets_into_run_json(
    directory: RunDirectory, state: Callable[..., RunState], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOO_API_KEY", "planted-Secret-123")
    directory.save_state(
        state(
            operational={
                "base_url": "https://me:hunter2@host.example/v1?api_key=abcdef",
                "log": "planted-Secret-123.log",
            },
            reason="401 for Bearer abcdefghijklmnop and sk-abcdefghijklmnopqrstuvwx",
        )
    )
    written = directory.state_path.read_text()
    for secret in ("planted-Secret-123", "hunter2", "abcdef"):
        assert secret not in written
    assert "host.example/v1" in written


def test_hashes_name_the_files_of_the_dataset(directory: RunDirectory) -> None:
    directory.data_path().parent.mkdir()
    directory.data_path().write_bytes(b"rows")
    directory.rejects_path.write_bytes(b"")
    assert directory.hashes() == {
        "data/train.parquet": sha256(directory.data_path()),
        "rejects.parquet": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    }


def test_opening_what_is_not_a_run_to_read_it_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"is not a run: it has no run\.json"):
        RunDirectory.open(tmp_path)
    with pytest.raises(RunError, match="there is no such run"):
        RunDirectory.open(tmp_path / "gone")


def test_a_journal_is_copied_with_what_is_not_in_it_yet_but_without_shared_memory(tmp_path: Path) -> None:
    run, copy = RunDirectory(tmp_path / "run"), RunDirectory(tmp_path / "copy")
    for directory in (run, copy):
        directory.path.mkdir()
    for name in ("journal.sqlite", "journal.sqlite-wal", "journal.sqlite-shm", "run.json"):
        (run.path / name).write_text(name)
    run.copy_journal(copy)
    there = {path.name: path.read_text() for path in copy.path.iterdir()}
    assert there == {name: name for name in ("journal.sqlite", "journal.sqlite-wal")}


def test_a_journal_for_which_there_is_no_room_is_an_error_that_names_it(tmp_path: Path) -> None:
    run, copy = RunDirectory(tmp_path / "run"), RunDirectory(tmp_path / "copy")
    for directory in (run, copy):
        directory.path.mkdir()
    run.journal_path.write_bytes(bytes(10_000))
    with files_of_at_most(4096), pytest.raises(RunError, match=r"sqlite could not be written: File too large"):
        run.copy_journal(copy)
