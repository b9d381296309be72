"""Joining a Ray cluster, or starting one on this machine, and leaving it again.

Addresses: `local` starts Ray on this machine for as long as the run lasts, `auto` joins the one that runs on this
machine or that RAY_ADDRESS names, HOST:PORT joins a cluster by its head's port (6379 unless it was changed). A process
that has already called `ray.init` keeps what it has.

Mechanism: Ray is joined in a thread, because it takes seconds (8 to start it) and because in the main thread it would
put its own handler of SIGTERM in the place of satsuma's. An address is knocked at first: Ray itself tries for a minute
before it says that nobody is there.

Not covered: Ray Client (`ray://`). It kills its actors when the connection drops, which a run of hours would not
survive; the driver belongs on a machine of the cluster.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

from satsuma.errors import ClusterError, SettingsError
from satsuma.extras import require

LOCAL, AUTO = "local", "auto"
"""Addresses that are no address."""
KNOCK_SECONDS = 5.0
"""How long a head may take to answer the door."""

_lock = threading.Lock()
_users = 0
_ours = False


def checked_address(address: str) -> str:
    """An address as it can be joined.

    Raises:
        SettingsError: it is none, or one of Ray Client's.
    """
    if address in (LOCAL, AUTO):
        return address
    if address.startswith("ray://"):
        raise SettingsError(
            f"--ray {address} is an address of Ray Client, which ends its workers when the connection drops",
            "Start satsuma on a machine of the cluster (or with `ray job submit`): --ray auto, or --ray HOST:6379",
        )
    parts = urlsplit(f"//{address}")
    try:
        usable = bool(parts.hostname and parts.port) and not (parts.path or parts.username)
    except ValueError:
        usable = False
    if not usable:
        raise SettingsError(
            f"--ray {address} is no address of a Ray cluster",
            "Write HOST:PORT as `ray start --head` shows it, auto for the one on this machine, or no address to "
            "start Ray here.",
        )
    return address


def join(address: str) -> None:
    """Be part of the cluster; blocks for seconds. Each `join` has its `leave`.

    Raises:
        ExtraError: ray is not installed.
        ClusterError: nobody is there, or it is of another version.
    """
    global _users, _ours
    require("ray", "ray", needed_by="--ray")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # Ray reports home unless it is told not to
    import ray

    with _lock:
        if not ray.is_initialized():
            _connect(address)
            _ours = True
        _users += 1


@contextmanager
def joined(address: str) -> Iterator[None]:
    """Be part of the cluster for a while, so that whatever joins it in between finds it there.

    Raises:
        ExtraError: ray is not installed.
        SettingsError: the address cannot be used.
        ClusterError: nobody is there, or it is of another version.
    """
    join(checked_address(address))
    try:
        yield
    finally:
        leave()


def leave() -> None:
    """Be no part of it any more once nobody needs it; ends the Ray that was started here."""
    global _users, _ours
    import ray

    with _lock:
        _users -= 1
        if not _users and _ours:
            ray.shutdown()
            _ours = False


def _connect(address: str) -> None:
    """Ray's own way in, with its errors in words that say what to do.

    Raises:
        ClusterError: as from `join`.
    """
    import ray

    if address not in (LOCAL, AUTO):
        _knock(address)
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
    here = {"include_dashboard": False} if address == LOCAL else {}
    try:
        ray.init(address=address, **quiet, **here)
    except ConnectionError as error:
        if address == AUTO:
            raise ClusterError(
                "no Ray runs on this machine, and RAY_ADDRESS names none that does",
                "Start one with `ray start --head`, name its address (--ray HOST:6379), or leave the address out.",
            ) from error
        raise ClusterError(f"the Ray cluster at {address} cannot be joined: {_first(error)}", _STATUS) from error
    except (RuntimeError, ValueError, OSError) as error:
        raise _refused(address, error) from error


def _knock(address: str) -> None:
    """Look whether anybody listens.

    Raises:
        ClusterError: nobody does.
    """
    parts = urlsplit(f"//{address}")
    try:
        with closing(socket.create_connection((parts.hostname or "", parts.port or 0), KNOCK_SECONDS)):
            return
    except OSError as error:
        raise ClusterError(
            f"no Ray cluster answers at {address}: {error}",
            "Check the address and the port of its head (`ray start --head` shows them; 6379 unless it was changed).",
        ) from error


def _refused(address: str, error: Exception) -> ClusterError:
    said = " ".join(str(error).split())
    if "ersion mismatch" in said:
        return ClusterError(
            f"the Ray cluster at {address} is of another version than this process: {said[:300]}",
            "Install the cluster's version of Ray, and of Python, here: pip install 'ray==VERSION'",
        )
    return ClusterError(f"Ray cannot be used at {address}: {said[:300]}", _STATUS)


_STATUS = "`ray status` on the head tells whether it is well."


def _first(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
