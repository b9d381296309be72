"""A very long run on one machine: memory, cost and disk as it grows, and how long it takes to go on after a kill.

    python -m benchmarks.scale                 # 200,000 instances: some ten minutes on two cores
    python -m benchmarks.scale --n 1000000

`satsuma generate copa` against the local server without latency, as a user would run it, sampled from outside (resident
size and CPU time of the process, requests at the server). CPU time is told beside wall clock, since the server shares
the machine.

What an instance costs near the end is compared with what one costs at 10,000 in another run of the same command, the
two taking turns of seconds (SIGSTOP, SIGCONT): on a machine whose speed changes by the minute nothing else would tell
growth from weather. Both ask a new server then: one that has seen 400,000 questions would take the caches from its
client. At 97% of the requests the run is killed with SIGKILL and the same command runs again: how long until its first
new request reaches the server is the time to go on.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import processes
from satsuma.llm.journal_rewrite import compact
from satsuma.testing import Server, serve

REQUESTS = 2.105
"""Of one instance: its own, its correction, and its part of the seeds and contexts."""
LATE = 0.92
"""The part of the instances after which the cost of one is taken."""
KILLED_AT = 0.97
EARLY = 10_000
"""Instances around which the cost of one is taken in a run beside."""
TURN = 2.0
"""Seconds that each of the two runs has in turn."""
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Sample:
    """instances: by the requests so far. cpu: seconds. mb: resident now; peak: at most so far."""

    instances: float
    seconds: float
    cpu: float
    mb: int
    peak: int


def start(n: int, url: str, run: Path) -> subprocess.Popen[bytes]:
    """`satsuma generate`, not waited for."""
    command = [sys.executable, "-m", "satsuma", *map(str, processes.generation(n, url, run, 256))]
    environment = {**os.environ, "OPENAI_API_KEY": "none"}
    return subprocess.Popen(command, cwd=processes.ROOT, env=environment, stdout=subprocess.DEVNULL)


def cpu_of(pid: int) -> float:
    """Seconds of CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def memory_of(pid: int) -> tuple[int, int]:
    """A process's resident size in megabytes, now and at most."""
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(lines["VmRSS"].split()[0]) // 1024, int(lines["VmHWM"].split()[0]) // 1024


def samples(
    process: subprocess.Popen[bytes], server: Server, until: float, began: float, before: int = 0
) -> Iterator[Sample]:
    """A sample a second until there were so many requests or the process has ended.

    began: by the clock. before: requests that another server has seen.
    """
    while process.poll() is None and (seen := before + server.counters.requests) < until:
        try:
            mb, peak = memory_of(process.pid)
            cpu = cpu_of(process.pid)
        except (OSError, KeyError, IndexError):  # it ended between the question and the answer
            return
        yield Sample(seen / REQUESTS, time.perf_counter() - began, cpu, mb, peak)
        time.sleep(1)


@dataclass(slots=True)
class Side:
    """One of two runs that take turns. It is stopped between its turns."""

    process: subprocess.Popen[bytes]
    server: Server
    cpu: float = 0.0
    requests: int = 0

    def turn(self) -> None:
        """Go on for `TURN` seconds; what it used and asked is counted."""
        cpu, requests = cpu_of(self.process.pid), self.server.counters.requests
        self.process.send_signal(signal.SIGCONT)
        time.sleep(TURN)
        self.process.send_signal(signal.SIGSTOP)
        self.cpu += cpu_of(self.process.pid) - cpu
        self.requests += self.server.counters.requests - requests

    @property
    def cost(self) -> float:
        """Milliseconds of CPU for an instance."""
        return 1000 * REQUESTS * self.cpu / self.requests


def costs(n: int, long: Side, place: Path) -> tuple[float, float]:
    """What an instance costs around `EARLY` in a new run of n, and what it costs in the long one, which is stopped."""
    with serve(process=True) as server:
        new = Side(start(n, server.url, place), server)
        try:
            server.wait_for(int(EARLY / 2 * REQUESTS), timeout=600)
            new.process.send_signal(signal.SIGSTOP)
            while server.counters.requests < 1.5 * EARLY * REQUESTS:
                new.turn()
                long.turn()
        finally:
            new.process.kill()
            new.process.wait()
            long.process.send_signal(signal.SIGCONT)
    return new.cost, long.cost


def tell_course(taken: list[Sample]) -> None:
    """The table of a run's course: ten lines of all samples."""
    print("| instances | seconds | CPU seconds | resident MB | CPU ms an instance |\n|---|---|---|---|---|")
    step = max(1, len(taken) // 10)
    before = taken[0]
    for sample in taken[step::step]:
        each = 1000 * (sample.cpu - before.cpu) / max(1.0, sample.instances - before.instances)
        row = (f"{sample.instances:,.0f}", f"{sample.seconds:.0f}", f"{sample.cpu:.0f}", str(sample.mb), f"{each:.2f}")
        print(f"| {' | '.join(row)} |", flush=True)
        before = sample


def measure(n: int, run: Path) -> None:
    """Run, kill, go on; print what was seen."""
    with serve(process=True) as server:
        process, began = start(n, server.url, run), time.perf_counter()
        taken = list(samples(process, server, LATE * n * REQUESTS, began))
        process.send_signal(signal.SIGSTOP)
        before, port = server.wait_until_idle().requests, server.port
    with serve(process=True, port=port) as server:
        early, late = costs(n, Side(process, server), run.with_name("beside"))
        taken += samples(process, server, KILLED_AT * n * REQUESTS, began, before)
        process.kill()
        process.wait()
        server.wait_until_idle()
        tell_course(taken)
        print(f"\nCPU ms an instance: {early:.2f} at {EARLY:,}, {late:.2f} at {LATE:.0%} ({late / early:.2f} times)")
        print(f"peak: {taken[-1].peak} MB; killed after {before + server.counters.requests:,} requests")
        seen, began = server.counters.requests, time.perf_counter()
        again = start(n, server.url, run)
        server.wait_for(seen + 1, timeout=3600)
        print(f"goes on after {time.perf_counter() - began:.1f} s ({cpu_of(again.pid):.1f} s of CPU)", flush=True)
        rest = list(samples(again, server, float("inf"), began))
        code = again.wait()
        print(f"ended with {code} after {time.perf_counter() - began:.0f} s; peak {max(s.peak for s in rest)} MB")
    tell_disk(run)


def tell_disk(run: Path) -> None:
    """The sizes of a run's files."""
    totals = json.loads((run / "run.json").read_text("utf-8"))["totals"]
    files = {p.relative_to(run).as_posix(): p.stat().st_size for p in run.rglob("*") if p.is_file()}
    for name, size in sorted(files.items(), key=lambda item: -item[1])[:4]:
        print(f"{name}: {size / 1e6:,.1f} MB")
    print(f"the whole directory: {sum(files.values()) / 1e6:,.1f} MB")
    small = compact(run / "journal.sqlite", run / "small.sqlite")
    print(
        f"journal: {small.before / totals['requests']:,.0f} bytes a reply, compacted {small.after / small.replies:,.0f}"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure a very long run.")
    parser.add_argument("--n", type=int, default=200_000)
    options = parser.parse_args()
    if options.n * (KILLED_AT - LATE) < EARLY / 2:
        parser.error(f"too few for what an instance costs at the end: at least {EARLY / 2 / (KILLED_AT - LATE):,.0f}")
    with tempfile.TemporaryDirectory(prefix="scale-") as place:
        measure(options.n, Path(place) / "run")


if __name__ == "__main__":
    main()
