"""One process at a time per run directory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from satsuma.errors import RunError
from satsuma.run.directory import RunDirectory

HOLD = """
import sys
from satsuma.run.directory import RunDirectory
with RunDirectory.create_or_open(sys.argv[1]).lock():
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(path: Path) -> subprocess.Popen[str]:
    """A process that holds the lock until its standard input is closed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_a_second_process_is_refused_with_the_pid_of_the_first(tmp_path: Path) -> None:
    process = holder(tmp_path)
    try:
        with (
            pytest.raises(RunError, match=rf"is in use by process {process.pid} on \S+"),
            RunDirectory.create_or_open(tmp_path).lock(),
        ):
            pytest.fail("two processes hold the run")
    finally:
        end(process)


def test_the_lock_of_a_killed_process_is_no_obstacle(tmp_path: Path) -> None:
    process = holder(tmp_path)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert str(process.pid) in (tmp_path / ".lock").read_text()
    with RunDirectory.create_or_open(tmp_path).lock():
        assert str(os.getpid()) in (tmp_path / ".lock").read_text()


def test_the_same_process_cannot_hold_it_twice(tmp_path: Path) -> None:
    directory = RunDirectory.create_or_open(tmp_path)
    with directory.lock(), pytest.raises(RunError, match=f"process {os.getpid()}"), directory.lock():
        pass


def test_it_can_be_held_again_after_an_error(tmp_path: Path) -> None:
    directory = RunDirectory.create_or_open(tmp_path / "run")
    with pytest.raises(ZeroDivisionError), directory.lock():
        _ = 1 / 0
    with directory.lock():
        assert directory.path.is_dir()


def test_a_directory_in_which_nothing_came_to_be_is_removed_again(tmp_path: Path) -> None:
    with RunDirectory.create_or_open(tmp_path / "run").lock():
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_lock_file_with_anything_in_it_still_refuses(tmp_path: Path) -> None:
    directory = RunDirectory.create_or_open(tmp_path)
    with directory.lock():
        (tmp_path / ".lock").write_text("not json")
        with pytest.raises(RunError, match="in use by another process"), directory.lock():
            pass


def test_looking_at_a_run_needs_no_lock(tmp_path: Path) -> None:
    directory = RunDirectory.create_or_open(tmp_path)
    with directory.lock():
        directory.state_path.write_text("{}")
        assert RunDirectory.open(tmp_path).path == tmp_path
