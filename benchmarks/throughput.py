"""satsuma against the floor: four-step generation, and a bare loop that posts the same bodies to the same server.

    python -m benchmarks.throughput            # 2,000 COPA instances at 64 and 256 in flight, and at the CPU's limit
    python -m benchmarks.throughput --peers    # the peers too, in the same session (benchmarks/peers/setup first)

One server of `satsuma.testing`, in a process of its own for each measurement: long-tailed latency (median 50 ms, 99th
percentile 500 ms), replies of 150 to 600 tokens. Requests per second are taken at the server, from the first question
to the last answer. CPU and memory are those of the whole process of either side, imports included. Each round has
another seed, so that its answers come at other times and one late answer at the end decides no figure; the two sides
take turns, and the round with the median ratio is told.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson

from benchmarks import processes
from satsuma.testing import Latency, serve

REPLY_TOKENS = (150, 600)


@dataclass(frozen=True, slots=True)
class Case:
    """What is measured: n instances, requests in flight, median and 99th percentile of the latency in milliseconds."""

    n: int
    concurrency: int
    latency: tuple[float, float]

    @property
    def name(self) -> str:
        """As the table says it."""
        median, p99 = self.latency
        return f"{self.n:,} instances, {self.concurrency} in flight, {median:g}/{p99:g} ms"


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of one side."""

    requests: int
    per_second: float
    cpu_ms: float
    peak_mb: int


def measure(case: Case, seed: int, bodies: Path | None) -> Measured:
    """One side against a fresh server: the floor if there are bodies to post, else satsuma."""
    with (
        serve(process=True, seed=seed, latency=Latency(*case.latency), reply_tokens=REPLY_TOKENS) as server,
        tempfile.TemporaryDirectory(prefix="throughput-") as place,
    ):
        if bodies:
            used = processes.run("benchmarks.floor", [server.url, bodies, case.concurrency])
        else:
            used = processes.generate(case.n, server.url, Path(place) / "run", case.concurrency)
        seen = server.counters
    rate = seen.answered / (seen.last - seen.first)
    return Measured(seen.requests, rate, 1000 * used.cpu / seen.requests, used.peak_mb)


def recorded(case: Case, seed: int, bodies: Path) -> None:
    """The bodies that the floor posts: those that a run of satsuma sends."""
    with (
        serve(process=True, seed=seed, reply_tokens=REPLY_TOKENS, record=True) as server,
        tempfile.TemporaryDirectory(prefix="throughput-") as place,
    ):
        processes.generate(case.n, server.url, Path(place) / "run", case.concurrency)
        bodies.write_bytes(b"\n".join(orjson.dumps(body) for body in server.bodies))


def compare(case: Case, rounds: int) -> tuple[Measured, Measured]:
    """The floor and satsuma in the round with the median ratio; of an even number, the lower one."""
    pairs = []
    for seed in range(rounds):
        with tempfile.TemporaryDirectory(prefix="throughput-") as place:
            bodies = Path(place) / "bodies.jsonl"
            recorded(case, seed, bodies)
            pairs.append((measure(case, seed, bodies), measure(case, seed, None)))
    pairs.sort(key=lambda pair: pair[1].per_second / pair[0].per_second)
    return pairs[(rounds - 1) // 2]


def table(cases: list[Case], rounds: int) -> Iterator[str]:
    """The table in Markdown, each line as soon as it is measured."""
    yield "| case | requests | floor req/s | satsuma req/s | ratio | CPU ms/request (floor) | peak MB (floor) |"
    yield "|---|---|---|---|---|---|---|"
    for case in cases:
        floor, ours = compare(case, rounds)
        yield (
            f"| {case.name} | {ours.requests:,} | {floor.per_second:,.0f} | {ours.per_second:,.0f} "
            f"| {ours.per_second / floor.per_second:.2f} | {ours.cpu_ms:.2f} ({floor.cpu_ms:.2f}) "
            f"| {ours.peak_mb} ({floor.peak_mb}) |"
        )


MADE = ("run.json", "README.md", "rejects.parquet", "data/train.parquet")
"""What a run makes of its journal."""


def replayed(n: int) -> tuple[float, float]:
    """Replies per second when a finished run of n instances is put together again: as it lies, and from its journal."""
    with tempfile.TemporaryDirectory(prefix="throughput-") as place:
        run = Path(place) / "run"
        with serve(process=True) as server:
            processes.generate(n, server.url, run, 256)
        return put_together(n, run, *MADE), put_together(n, run, *MADE, ".checkpoint")


def put_together(n: int, run: Path, *lost: str) -> float:
    """Replies per second when a run is put together again without these files and without a model."""
    for made in lost:
        (run / made).unlink()
    (run / "data").rmdir()
    processes.generate(n, "http://127.0.0.1:9/v1", run, 256)
    totals = json.loads((run / "run.json").read_text("utf-8"))["totals"]
    return float(totals["requests"] / totals["seconds"])


def paid_again(case: Case) -> tuple[int, int, int]:
    """SIGKILL once the server has seen half of the requests, and the same command again.

    Returns the calls that had been answered at the kill, those that were in flight then, and the answered ones that
    were asked for once more.
    """
    with (
        serve(process=True, latency=Latency(*case.latency), reply_tokens=REPLY_TOKENS) as server,
        tempfile.TemporaryDirectory(prefix="throughput-") as place,
    ):
        command = processes.generation(case.n, server.url, Path(place) / "run", case.concurrency)
        process = subprocess.Popen(
            [sys.executable, "-m", "satsuma", *map(str, command)],
            cwd=processes.ROOT,
            env={**os.environ, "OPENAI_API_KEY": "none"},
            stdout=subprocess.DEVNULL,
        )
        server.wait_for(int(case.n * 1.05))
        process.kill()
        process.wait()
        before, in_flight = server.answered, server.counters.in_flight
        processes.generate(case.n, server.url, Path(place) / "run", case.concurrency)
        after = server.answered
    return sum(before.values()), in_flight, sum(after[digest] - times for digest, times in before.items())


def measure_peers(n: int, concurrency: list[int]) -> None:
    """The peers with the same prompts, by their own harness."""
    with tempfile.TemporaryDirectory(prefix="throughput-") as place:
        run, prompts = Path(place) / "run", Path(place) / "prompts.jsonl"
        with serve(process=True) as server:
            processes.generate(n, server.url, run, 256)
        processes.run("benchmarks.peers.prompts", [run, prompts])
        options = ["--prompts", prompts, "--n", n, "--concurrency", *concurrency, "--kill-at-half"]
        command = [sys.executable, "-m", "benchmarks.peers.harness", *map(str, options)]
        subprocess.run(command, cwd=processes.ROOT, check=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure satsuma's throughput.")
    parser.add_argument("--n", type=int, default=2000)
    parser.add_argument("--concurrency", type=int, nargs="+", default=[64, 256])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", action="store_true", help="measure the peers too")
    options = parser.parse_args()
    cases = [Case(options.n, c, (50.0, 500.0)) for c in options.concurrency]
    cases.append(Case(5 * options.n, 256, (50.0, 500.0)))
    cases.append(Case(5 * options.n // 2, 256, (0.0, 0.0)))
    for line in table(cases, options.rounds):
        print(line, flush=True)
    n = 5 * options.n
    known, journaled = replayed(n)
    print(f"\na finished run of {n:,} instances, put together again: {known:,.0f} replies/s")
    print(f"from its journal alone: {journaled:,.0f} replies/s")
    answered, in_flight, again = paid_again(cases[0])
    print(f"killed after {answered:,} answers with {in_flight} in flight: {again} answered calls were paid again")
    if options.peers:
        measure_peers(options.n, options.concurrency)


if __name__ == "__main__":
    main()
