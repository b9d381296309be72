"""A new directory is at its place whole or not at all, and what was there stays, whatever happens in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from satsuma.errors import RunError
from satsuma.run.placing import beside, check_place, made, neighbour

FILL = """
import signal
import sys
from pathlib import Path
from satsuma.run.placing import made
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have it ignored
with made(Path(sys.argv[1])) as part:
    (part / "data").mkdir()
    (part / "data" / "half").write_text("x")
    (part / "away").symlink_to(part.parent)
    print("filled", flush=True)
    sys.stdin.read()
"""


def filler(place: Path) -> subprocess.Popen[str]:
    """A process that is in the middle of making a directory."""
    process = subprocess.Popen(
        [sys.executable, "-c", FILL, str(place)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "filled\n"
    return process


def end(process: subprocess.Popen[str], by: signal.Signals) -> None:
    os.kill(process.pid, by)
    process.communicate()


def names(folder: Path) -> list[str]:
    """Everything below a folder, but for locks."""
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.name != ".lock")


def test_nothing_is_at_the_place_before_all_of_it(tmp_path: Path) -> None:
    place = tmp_path / "deep" / "new"
    with made(place) as part:
        (part / "one").write_text("1")
        assert not place.exists()
        assert part.name.startswith(".")
        (part / "two").write_text("2")
    assert names(tmp_path) == ["deep", "deep/new", "deep/new/one", "deep/new/two"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_failure_and_an_interrupt_leave_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    (tmp_path / "new").mkdir()
    with pytest.raises(error), made(tmp_path / "new") as part:
        (part / "data").mkdir()
        (part / "data" / "half").write_text("x")
        raise error
    assert names(tmp_path) == ["new"]


def test_an_interrupted_process_leaves_nothing(tmp_path: Path) -> None:
    end(filler(tmp_path / "new"), signal.SIGINT)
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_not_in_the_next_one(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("x")
    end(filler(tmp_path / "new"), signal.SIGKILL)
    assert names(tmp_path) == [".new.part", ".new.part/away", ".new.part/data", ".new.part/data/half", "mine"]
    with made(tmp_path / "new") as part:
        assert names(part) == []
    assert names(tmp_path) == ["mine", "new"]


def test_two_processes_never_make_the_same_one(tmp_path: Path) -> None:
    process = filler(tmp_path / "new")
    try:
        with pytest.raises(RunError, match=rf"is in use by process {process.pid}"), made(tmp_path / "new"):
            pytest.fail("two processes make it")
        assert (tmp_path / ".new.part" / "data" / "half").exists()
    finally:
        end(process, signal.SIGKILL)


def test_what_came_to_be_at_the_place_meanwhile_stays(tmp_path: Path) -> None:
    place = tmp_path / "new"
    with pytest.raises(RunError, match="new could not be written: Directory not empty"), made(place) as part:
        (part / "ours").write_text("x")
        place.mkdir()
        (place / "theirs").write_text("x")
    assert names(tmp_path) == ["new", "new/theirs"]


def test_one_that_is_not_put_in_place_is_gone(tmp_path: Path) -> None:
    with beside(tmp_path / "new") as part:
        (part / "data").mkdir()
    assert list(tmp_path.iterdir()) == []
    with beside(tmp_path / "new") as part:
        (part / "data").mkdir()
        part.replace(tmp_path / "new")
    assert names(tmp_path) == ["new", "new/data"]


def test_a_place_has_to_be_free_and_outside_of_what_it_is_made_from(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (tmp_path / "empty").mkdir()
    source.mkdir()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("x")
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    for place, why in (
        ("source", f"is in {source}, which is left as it is"),
        ("source/copy", f"is in {source}, which is left as it is"),
        ("full", "is not empty"),
        ("file", "is a file, but a directory is needed"),
        ("link", "is a file, but a directory is needed"),
    ):
        with pytest.raises(RunError) as refused:
            check_place(tmp_path / place, source)
        assert (refused.value.message, refused.value.hint) == (
            f"{tmp_path / place} {why}", "Name a directory that is not there yet with -o.",
        )  # fmt: skip
    for place in ("empty", "new", "source-2"):
        check_place(tmp_path / place, source)
    with pytest.raises(RunError, match="file is a file, but a run needs a directory"):
        check_place(tmp_path / "file", source, needs="a run needs a directory")
    with pytest.raises(RunError, match="is in the run that was audited, which"):
        check_place(source, source, called="the run that was audited")


def test_a_place_without_a_name_and_the_current_directory_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, here = tmp_path / "source", tmp_path / "here"
    source.mkdir()
    here.mkdir()
    monkeypatch.chdir(here)
    current = "is the current directory, which no new one can take the place of"
    for place, why in (
        (".", current),
        (str(here), current),
        ("..", "is not empty"),
        ("/", "is not empty"),
        ("gone/..", "names no new file or directory"),
    ):
        with pytest.raises(RunError) as refused:
            check_place(Path(place), source)
        assert refused.value.message == f"{place} {why}"
    for place in ("..", "/", "gone/.."):
        with pytest.raises(RunError, match="names no new file or directory"), beside(Path(place)):
            pytest.fail("there is no name to put it beside of")
    with made(Path("new/.")) as part:
        (part / "one").write_text("1")
    assert names(tmp_path) == ["here", "here/new", "here/new/one", "source"]


@pytest.mark.parametrize("path", [".", "..", "one", "one/two", "/one/two", "./."])
def test_a_neighbour_lies_in_the_directory_in_which_the_path_lies(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")
    assert neighbour(Path(path), "new").resolve() == Path(path).resolve().parent / "new"
