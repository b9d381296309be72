"""A run on a network file system is refused with the reason, before anything is written; copies of runs can be read."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path, PurePosixPath

import pytest

from satsuma import filesystem
from satsuma.errors import JournalError, RunError
from satsuma.filesystem import kind_of, network_of
from satsuma.llm.journal import Entry, Journal
from satsuma.llm.request import Message, Reply, Request
from satsuma.run.directory import RunDirectory

MOUNTS = r"""/dev/vda / ext4 rw 0 0
proc /proc proc rw 0 0
server:/people /people nfs4 rw,vers=4.2 0 0
/dev/vdb /people/me/scratch xfs rw 0 0
//office/share /mnt/our\040share cifs rw 0 0
me@far: /mnt/far fuse.sshfs rw 0 0
/dev/fuse /mnt/near fuse.ext2 rw 0 0
systemd-1 /auto autofs rw 0 0
server:/auto /auto nfs rw 0 0
C:\134 /mnt/c 9p rw,aname=drvfs 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/runs", "ext4"),
        ("/people/me/runs/copa", "nfs4"),
        ("/people/me/scratch/copa", "xfs"),
        ("/peoples/me", "ext4"),
        ("/mnt/our share/runs", "cifs"),
        ("/mnt/far/runs", "fuse.sshfs"),
        ("/auto/runs", "nfs"),
        ("/mnt/c/runs", "9p"),
    ],
)
def test_the_longest_mount_point_above_a_path_says_what_it_is_on(path: str, kind: str) -> None:
    assert kind_of(PurePosixPath(path), MOUNTS) == kind


def test_without_a_list_of_mounts_nothing_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filesystem, "MOUNTS", tmp_path / "none")
    assert network_of(tmp_path) == ""


@pytest.fixture
def share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that the list of mounts says is a network share."""
    place = tmp_path / "the share"
    place.mkdir()
    mounts = tmp_path / "mounts"
    mounts.write_text("/dev/vda / ext4 rw 0 0\nserver:/x " + str(place).replace(" ", r"\040") + " nfs4 rw 0 0\n")
    monkeypatch.setattr(filesystem, "MOUNTS", mounts)
    return place


def test_a_run_is_refused_on_a_network_share_and_nothing_is_written(share: Path) -> None:
    with pytest.raises(RunError, match=r"is on a network file system \(nfs4\)") as refused:
        RunDirectory.create_or_open(share / "runs" / "copa")
    assert "local disk with -o" in refused.value.hint
    assert list(share.iterdir()) == []


def test_a_link_to_a_share_is_a_share(share: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(share)
    assert network_of(tmp_path / "link" / "run") == "nfs4"


def test_a_journal_on_a_share_is_read_if_nobody_writes_it_and_never_written(share: Path, tmp_path: Path) -> None:
    request = Request("m", (Message("user", "?"),))
    with Journal.open(tmp_path / "journal.sqlite") as journal:
        asyncio.run(journal.put(Entry(request.key(), request, Reply("!"))))
        for name in ("journal.sqlite", "journal.sqlite-wal"):
            shutil.copy(tmp_path / name, share / name)
        with pytest.raises(JournalError, match="network file system"):
            Journal.open(share / "journal.sqlite", readonly=True)
    (share / "journal.sqlite-wal").unlink()
    shutil.copy(tmp_path / "journal.sqlite", share / "journal.sqlite")
    with Journal.open(share / "journal.sqlite", readonly=True) as copy:
        assert copy.get(request.key()) == Reply("!")
    with pytest.raises(JournalError, match="network file system"):
        Journal.open(share / "journal.sqlite")
    assert [p.name for p in share.iterdir()] == ["journal.sqlite"]
