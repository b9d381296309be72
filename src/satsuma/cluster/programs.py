"""Programs of plans on a cluster: the sandbox of `satsuma.datatune.program_sandbox`, run by tasks of Ray.

Rule: what a row becomes depends on the program, the row, its answers, its samples and its seed alone, so that it does
not matter where it is computed, in which block, or how often: a worker or a machine that dies costs the blocks that it
was at, which Ray computes again elsewhere. Answers and values of other rows stay with the driver: a row that needs one
comes back and is sent again with it.

Mechanism: `Programs` as without a cluster, with twice as many blocks under way as there are CPUs. Each worker process
opens a sandbox of one process when its first block comes, and keeps it.

Not covered: the driver's own part of a row (50 µs, of which 30 are Ray's, and then the checks and the ordered stream),
which bounds all of it at some 10,000 rows a second. So a cluster pays where a program computes for longer than that.
"""

from __future__ import annotations

import asyncio
import atexit
import threading
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

from satsuma.cluster.joining import checked_address, join, leave
from satsuma.cluster.maps import at_once, done, got
from satsuma.datatune.program import Attempt, Program
from satsuma.datatune.program_runs import Programs
from satsuma.datatune.program_sandbox import Job, Left, Sandbox
from satsuma.errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from satsuma.datatune.program import Outcome
    from satsuma.datatune.program_sandbox import Wants


@asynccontextmanager
async def programs_on(address: str) -> AsyncIterator[Programs]:
    """`Programs` whose rows are run on a cluster.

    Raises:
        ExtraError: ray is not installed.
        SettingsError: the address cannot be used.
        ClusterError: there is no cluster, or pydantic-monty is missing there.
    """
    await asyncio.to_thread(join, checked_address(address))
    try:
        async with Programs(at_once(), ClusterSandbox) as programs:
            yield programs
    finally:
        await asyncio.to_thread(leave)


class ClusterSandbox:
    """A `Sandbox` whose rows are run by whichever worker is free. workers: threads that call `run`."""

    def __init__(self, workers: int) -> None:
        import ray

        self._task = ray.remote(done).options(num_cpus=1)
        self._lock = threading.Lock()
        self._under_way: set[object] = set()
        self._leaving = False
        self._workers = workers

    def __enter__(self) -> Self:
        """Look whether a worker can run programs.

        Raises:
            ClusterError: it cannot.
        """
        self.run(Program("def transform(row): return None", ()), [Job(Attempt({}), {}, set())])
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Nothing to let go of: workers close their sandboxes when they end."""

    def leave(self) -> None:
        """Wait for no further row; `run` raises instead. Call it from any thread."""
        import ray

        with self._lock:
            self._leaving = True
            for reference in self._under_way:
                ray.cancel(reference)

    def run(self, program: Program, jobs: Sequence[Job]) -> list[Outcome | Wants]:
        """What becomes of each row, in order.

        Raises:
            Left: somebody called `leave`.
            ClusterError: a worker failed.
        """
        work = partial(ran, program)
        sent = [Job(replace(job.attempt, sample=None), job.samples, job.ends) for job in jobs]
        with self._lock:
            if self._leaving:
                raise Left
            reference = self._task.remote(work, sent)
            self._under_way.add(reference)
        try:
            return got(work, reference)
        except ClusterError:
            if self._leaving:  # it was cancelled
                raise Left from None
            raise
        finally:
            with self._lock:
                self._under_way.discard(reference)


def ran(program: Program, jobs: Sequence[Job]) -> list[Outcome | Wants]:
    """What a worker does."""
    return _opened().run(program, jobs)


@lru_cache(maxsize=1)
def _opened() -> Sandbox:
    sandbox = Sandbox(1, _session()).__enter__()
    atexit.register(sandbox.close)  # Ray rather kills a worker
    return sandbox


def _session() -> Path | None:
    """Where this machine's Ray keeps what ends with it."""
    import ray

    here = ray.get_runtime_context()
    folder = Path(here.get_temp_dir(), here.get_session_name())
    return folder if folder.is_dir() else None
