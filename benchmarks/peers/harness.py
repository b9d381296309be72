"""Measures the peers, one at a time, against one local server, and writes a table.

    python -m benchmarks.peers.harness --prompts prompts.jsonl --n 2000 --concurrency 64 256 --kill-at-half

Requests per second are taken where all peers are equal: at the server, from the first question to the last answer, so
that imports, the start of processes and the writing of the dataset count for nobody. Every run begins with an empty
cache and a server of its own, `satsuma.testing` in another process, which shares the machine's cores with the peer as
it does with satsuma in satsuma's own benchmark. `--kill-at-half` kills the peer's whole process group with SIGKILL
once the server has seen half of the calls, runs the same command again, and counts the calls that had been answered
before.

Prompts are those of a satsuma run (`python -m benchmarks.peers.prompts RUN FILE`). Environments come from
`benchmarks/peers/setup`.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from satsuma.testing import Latency, Server, serve

ROOT = Path(__file__).resolve().parent.parent.parent
ENVIRONMENTS = Path(__file__).resolve().parent / ".venvs"
PEERS = ("async_batch_llm", "curator", "data_designer", "distilabel")
CHAINING = frozenset({"curator", "distilabel"})
"""Peers that can run the four steps."""
REPLY_TOKENS = (150, 600)


@dataclass(frozen=True, slots=True)
class Plan:
    """One measurement: who, what, how wide. seconds: after which it is ended."""

    peer: str
    steps: str
    n: int
    concurrency: int
    prompts: Path
    seconds: float

    def command(self, url: str, directory: Path) -> list[str]:
        """The adapter's command line."""
        python = ENVIRONMENTS / self.peer / "bin" / "python"
        options = {
            "url": url,
            "prompts": self.prompts,
            "n": self.n,
            "concurrency": self.concurrency,
            "directory": directory,
            "steps": self.steps,
        }
        flags = [text for name, option in options.items() for text in (f"--{name}", str(option))]
        return [str(python), "-m", f"benchmarks.peers.{self.peer}", *flags]


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a measurement. failure: why there is none; empty otherwise.

    requests_per_second: at the server. most_in_flight: at the server. cpu_ms: per request, of all the peer's processes.
    paid_again: calls that had been answered before the kill; interrupted: calls in flight at the kill.
    """

    peer: str
    steps: str
    n: int
    concurrency: int
    failure: str = ""
    version: str = ""
    settings: str = ""
    rows: int = 0
    calls: int = 0
    requests_per_second: float = 0.0
    seconds: float = 0.0
    peak_mb: int = 0
    cpu_ms: float = 0.0
    most_in_flight: int = 0
    trials: int = 0
    killed_after: int = 0
    interrupted: int = 0
    paid_again: int = 0


@contextmanager
def running(command: list[str], directory: Path) -> Iterator[subprocess.Popen[str]]:
    """A process group of its own, which is gone at the end whatever happened. Its log is in the directory."""
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"PYTHONPATH": str(ROOT), "HOME": str(directory), "CUDA_VISIBLE_DEVICES": ""}
    with (directory / "log.txt").open("a", encoding="utf-8") as log:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            kill(process)


def kill(process: subprocess.Popen[str]) -> None:
    """End the whole group with SIGKILL."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


@dataclass(frozen=True, slots=True)
class Report:
    """What an adapter prints (see `adapter.report`)."""

    package: str
    version: str
    settings: str
    rows: int
    began: float
    trials: int
    requests: int
    seconds: float
    requests_per_second: float
    peak_mb: int
    cpu_seconds: float


def report_of(output: str) -> Report | None:
    """The adapter's report: the last line that is JSON; None if there is none."""
    for line in reversed(output.splitlines()):
        if line.startswith('{"package"'):
            return Report(**json.loads(line))
    return None


def finish(plan: Plan, server: Server, directory: Path) -> Result:
    """Run the adapter to its end."""
    blank = Result(plan.peer, plan.steps, plan.n, plan.concurrency)
    with running(plan.command(server.url, directory), directory) as process:
        try:
            output, _ = process.communicate(timeout=plan.seconds)
        except subprocess.TimeoutExpired:
            return replace(blank, failure=f"ended by its time limit of {plan.seconds:g} s")
    report = report_of(output)
    if process.returncode != 0 or report is None:
        log = (directory / "log.txt").read_text(encoding="utf-8", errors="replace").strip()
        return replace(blank, failure=f"exit code {process.returncode}: {log[-300:]}")
    seen = server.counters
    calls = seen.answered - report.trials
    seconds = seen.last - max(seen.first, report.began)
    return replace(
        blank,
        version=report.version,
        settings=report.settings,
        rows=report.rows,
        calls=calls,
        requests_per_second=round(calls / seconds, 1) if seconds > 0 else 0.0,
        seconds=report.seconds,
        peak_mb=report.peak_mb,
        cpu_ms=round(1000 * report.cpu_seconds / max(1, calls), 2),
        most_in_flight=seen.max_in_flight,
        trials=report.trials,
    )


def measure_killed(plan: Plan, server: Server, directory: Path) -> Result:
    """A run that is killed at half, and the same again. Speed, memory and CPU are of the second."""
    with running(plan.command(server.url, directory), directory):
        server.wait_for(plan.n // 2, timeout=plan.seconds)
        before, in_flight = server.answered, server.counters.in_flight
    result = finish(plan, server, directory)
    after = server.answered
    again = sum(after[digest] - times for digest, times in before.items()) - result.trials
    return replace(result, killed_after=sum(before.values()), interrupted=in_flight, paid_again=again)


def all_plans(options: argparse.Namespace) -> Iterator[tuple[Plan, Callable[[Plan, Server, Path], Result]]]:
    """What the options ask for, peer by peer."""
    for peer in options.peers:
        for concurrency in options.concurrency:
            for steps in options.steps:
                if steps == "instance" or peer in CHAINING:
                    yield Plan(peer, steps, options.n, concurrency, options.prompts, options.seconds), finish
        if options.kill_at_half:
            plan = Plan(peer, "instance", options.n, options.concurrency[0], options.prompts, options.seconds)
            yield plan, measure_killed


def table(results: Sequence[Result]) -> str:
    """The results in Markdown: speed, then what was paid again."""
    lines = [
        "| peer | steps | in flight (seen) | rows | requests/s | CPU ms/request | peak MB | |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {r.peer} {r.version} | {r.steps} | {r.concurrency} ({r.most_in_flight}) | {r.rows} | "
        f"{r.requests_per_second:.0f} | {r.cpu_ms} | {r.peak_mb} | {r.failure or r.settings} |"
        for r in results
        if not r.killed_after
    ]
    if killed := [r for r in results if r.killed_after]:
        lines += [
            "",
            "| peer | killed after | in flight then | answered calls paid again | rows at the end | |",
            "|---|---|---|---|---|---|",
        ]
        lines += [
            f"| {r.peer} {r.version} | {r.killed_after} | {r.interrupted} | {r.paid_again} | {r.rows} | {r.failure} |"
            for r in killed
        ]
    return "\n".join(lines) + "\n"


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Measure the peers.")
    parser.add_argument("--prompts", type=Path, required=True, help="JSON Lines: step, messages, schema")
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=PEERS)
    parser.add_argument("--n", type=int, default=2000)
    parser.add_argument("--concurrency", type=int, nargs="+", default=[64, 256])
    parser.add_argument("--steps", nargs="+", choices=("instance", "four"), default=["instance", "four"])
    parser.add_argument("--kill-at-half", action="store_true")
    parser.add_argument("--median", type=float, default=0.05, help="seconds of latency")
    parser.add_argument("--p99", type=float, default=0.5)
    parser.add_argument("--seconds", type=float, default=300, help="after which a run is ended")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "peers.json")
    return parser.parse_args()


def main() -> None:
    """Measure, and write the results beside one another as JSON and Markdown."""
    options = arguments()
    missing = [peer for peer in options.peers if not (ENVIRONMENTS / peer / ".finished").exists()]
    if missing:
        raise SystemExit(f"no environment for {', '.join(missing)}: run benchmarks/peers/setup {' '.join(missing)}")
    results = []
    latency = Latency(1000 * options.median, 1000 * options.p99)
    for plan, how in all_plans(options):
        with (
            serve(process=True, latency=latency, reply_tokens=REPLY_TOKENS) as server,
            tempfile.TemporaryDirectory(prefix="peer-") as directory,
        ):
            results.append(how(plan, server, Path(directory)))
        print(json.dumps(asdict(results[-1])), flush=True)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    document = {"date": datetime.now(UTC).date().isoformat(), "results": [asdict(r) for r in results]}
    options.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    options.out.with_suffix(".md").write_text(table(results), encoding="utf-8")
    print(table(results))


if __name__ == "__main__":
    main()
