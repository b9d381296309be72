"""On which kind of file system a path is, where that decides whether a journal is safe there.

SQLite's write-ahead log keeps its index in memory that all who use the file have to share, and trusts the file system's
locks and flushes; network file systems give neither, and a journal on one can be damaged by a second machine or by a
server that forgets a lock. So runs are refused there. Sources: https://www.sqlite.org/wal.html (the disadvantages),
https://www.sqlite.org/howtocorrupt.html (2.1, broken locks).

The kernel's list of mounts says what a path is on: of the mount points above it the longest, of equal ones the last.
Not covered: systems without that list (macOS, BSD), where nothing is refused, and a network disk that looks like a
local one (a block device, which is safe as long as one machine has it mounted; a virtual machine's shared folder).
"""

from __future__ import annotations

import re
from pathlib import Path, PurePath, PurePosixPath

from satsuma.errors import RunError

MOUNTS = Path("/proc/self/mounts")
AWAY = (
    "Put the run on a local disk with -o (a job's scratch directory, /tmp), and copy the directory when the run has "
    "ended: a run that is not at work can lie, and be read, anywhere."
)
"""What to do instead."""
NETWORK = frozenset({
    "nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "ncpfs", "afs", "9p", "ceph", "lustre", "gpfs", "beegfs",
    "glusterfs", "gfs2", "ocfs2", "orangefs", "pvfs2", "panfs", "wekafs", "davfs", "davfs2",
})  # fmt: skip
"""Kinds as the kernel names them; 9p is also how Windows' own disks appear in WSL."""
FUSE = frozenset({
    "sshfs", "s3fs", "goofys", "gcsfuse", "rclone", "glusterfs", "ceph", "ceph-fuse", "blobfuse", "blobfuse2",
    "juicefs", "mount-s3", "mountpoint-s3", "davfs", "davfs2", "curlftpfs", "seaweedfs", "google-drive-ocamlfuse",
})  # fmt: skip
"""Programs whose file systems are `fuse.NAME`."""

_ESCAPED = re.compile(r"\\([0-7]{3})")


def network_of(path: Path) -> str:
    """The kind of network file system that a path is on, or would be; empty for any other, or where it is not known."""
    try:
        mounts = MOUNTS.read_text("utf-8", "surrogateescape")
    except OSError:
        return ""
    kind = kind_of(path.absolute().resolve(), mounts)
    return kind if kind in NETWORK or (kind.startswith("fuse.") and kind[5:] in FUSE) else ""


def check_local(place: Path) -> None:
    """Refuse a directory in which a journal would not be safe.

    Raises:
        RunError: it is, or would be, on a network file system.
    """
    if kind := network_of(place):
        raise RunError(f"{place} is on a network file system ({kind}), where a journal is not safe", AWAY)


def kind_of(path: PurePath, mounts: str) -> str:
    """The kind of file system of an absolute path by a list of mounts (fstab(5)); empty if none is above it."""
    best, kind = -1, ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = PurePosixPath(_ESCAPED.sub(lambda match: chr(int(match[1], 8)), fields[1]))
        if len(point.parts) >= best and path.is_relative_to(point):
            best, kind = len(point.parts), fields[2]
    return kind
