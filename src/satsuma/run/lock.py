"""One process at a time per run directory.

An exclusive `flock` on `.lock`, inside which the process writes its id and host. The kernel lets go of the lock when
the process ends, however it ends, so that what a dead process left behind is no obstacle. The file stays, since
removing it while others may be opening it would let two in; only a directory in which nothing else came to be is
removed again.

Not covered: file systems that cannot lock (some network shares), which are refused, and systems without `flock`
(Windows).
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from satsuma.errors import RunError

LOCK_NAME = ".lock"
_CHOOSE = "Choose another directory with -o."


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Make `directory` if it is not there, and hold it against every other process (and every other call in this one).

    Raises:
        RunError: it is in use, cannot be made, or its file system cannot lock.
    """
    fd = _hold(directory)
    try:
        os.ftruncate(fd, 0)
        os.pwrite(fd, json.dumps({"pid": os.getpid(), "host": socket.gethostname()}).encode(), 0)
        yield
    finally:
        _remove_if_empty(directory)
        os.close(fd)


def _hold(directory: Path) -> int:
    import fcntl

    while True:
        fd = _open(directory)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _holder(fd)
            os.close(fd)
            raise RunError(f"{directory} is in use by {holder}", f"Wait until it has ended. {_CHOOSE}") from None
        except OSError as error:
            os.close(fd)
            hint = "Put the run on a local disk with -o."
            raise RunError(f"{directory} cannot be locked: {error.strerror}", hint) from error
        if _is_current(fd, directory):
            return fd
        os.close(fd)


def _open(directory: Path) -> int:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        return os.open(directory / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise RunError(f"{directory} cannot be written: {error.strerror}", _CHOOSE) from error


def _holder(fd: int) -> str:
    try:
        held = json.loads(os.pread(fd, 1000, 0))
        return f"process {int(held['pid'])} on {held['host']}"
    except (ValueError, KeyError, TypeError):
        return "another process"


def _is_current(fd: int, directory: Path) -> bool:
    """False if the file was removed between opening and locking it."""
    try:
        return os.path.samestat(os.fstat(fd), (directory / LOCK_NAME).stat())
    except FileNotFoundError:
        return False


def _remove_if_empty(directory: Path) -> None:
    with suppress(OSError):
        if [p.name for p in directory.iterdir()] == [LOCK_NAME]:
            (directory / LOCK_NAME).unlink()
            directory.rmdir()
