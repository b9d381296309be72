"""What every peer's adapter shares: the job it is given, and the one line of JSON that it prints.

An adapter is run by the interpreter of its peer's own environment, from the root of the repository:

    benchmarks/peers/.venvs/curator/bin/python -m benchmarks.peers.curator --url http://127.0.0.1:8000/v1 \
        --prompts prompts.jsonl --n 100 --concurrency 64 --directory cache

so nothing here may import more than the standard library. Run as a module, not as a file: a file's own folder would
come first on the path, and `distilabel.py` would be found in place of distilabel.

A line of the prompts file is one request that satsuma sent:
`{"step": ..., "messages": [...], "schema": {...}}`. A peer
that can chain is given the requests of all four steps, and may ask one only once the one that it grows from is answered
(`Job.parent`); the text of the later prompts is the recorded one, so that all peers send the same bytes. Seconds are
those of the peer's own call, without imports. Not covered: what the answers are worth.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

STEPS = ("contexts", "seeds", "instance", "correction")

# The peers' telemetry and viewers would wait for hosts that a benchmark machine cannot reach.
QUIET = {
    "CURATOR_DISABLE_RICH_DISPLAY": "1",
    "DISABLE_TELEMETRY": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "NEMO_TELEMETRY_ENABLED": "false",
    "OPENAI_API_KEY": "unused",
    "TELEMETRY_ENABLED": "false",
    "TOKENIZERS_PARALLELISM": "false",
}


@dataclass(frozen=True, slots=True)
class Prompt:
    """One request: chat messages in OpenAI's form, and the JSON Schema of the answer."""

    messages: list[dict[str, str]]
    schema: dict[str, object]

    @property
    def system(self) -> str | None:
        """The system message; None if there is none."""
        first = self.messages[0]
        return first["content"] if first["role"] == "system" else None

    @property
    def user(self) -> str:
        """The user's message, which is the last."""
        return self.messages[-1]["content"]

    def response_format(self, name: str) -> dict[str, object]:
        """The schema as chat completions take it."""
        return {"type": "json_schema", "json_schema": {"name": name, "strict": True, "schema": self.schema}}


@dataclass(frozen=True, slots=True)
class Job:
    """What to do: the prompts of each step, and where to keep what is needed to go on after a kill.

    steps: step → its prompts, in order; `instance` alone, or all four.
    """

    url: str
    model: str
    concurrency: int
    directory: Path
    steps: Mapping[str, list[Prompt]]

    @property
    def instances(self) -> list[Prompt]:
        """The prompts of the step that every peer can run."""
        return self.steps["instance"]

    def parent(self, step: str, index: int) -> int:
        """Which prompt of the step before a prompt grows from: they are spread evenly."""
        before = STEPS[STEPS.index(step) - 1]
        return index * len(self.steps[before]) // len(self.steps[step])


def read_prompts(path: Path, steps: tuple[str, ...], n: int) -> dict[str, list[Prompt]]:
    """The prompts of these steps for n instances: of every step the same share of what the file has.

    Raises:
        SystemExit: the file has fewer than n instances, or lacks a step.
    """
    found: dict[str, list[Prompt]] = {step: [] for step in steps}
    with path.open(encoding="utf-8") as lines:
        for line in map(json.loads, lines):
            if line["step"] in found:
                found[line["step"]].append(Prompt(line["messages"], line["schema"]))
    whole = len(found["instance"])
    if whole < n or not all(found.values()):
        raise SystemExit(f"{path} has {whole} instances, or lacks a step; {n} of steps {', '.join(steps)} are needed")
    return {step: prompts[: max(1, math.ceil(len(prompts) * n / whole))] for step, prompts in found.items()}


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a job.

    rows: how many came out. began: when the work itself began, in seconds of the monotonic clock, where the peer tries
    out the endpoint before. trials: how many calls it made for that.
    """

    rows: int
    began: float = 0.0
    trials: int = 0


def run(generate: Callable[[Job], Done], *, package: str, settings: str, chains: bool = False) -> None:
    """Read the job from the command line, do it, and print what it took.

    generate: does the job. settings: the peer's settings, for the table.
    chains: whether the peer can run the four steps.

    Raises:
        SystemExit: the options cannot be used.
    """
    parser = argparse.ArgumentParser(description=f"Run a generation with {package}.")
    parser.add_argument("--url", required=True, help="base URL of an OpenAI-compatible server, ending in /v1")
    parser.add_argument("--model", default="gpt-4.1-mini")
    parser.add_argument("--prompts", type=Path, required=True)
    parser.add_argument("--n", type=int, required=True)
    parser.add_argument("--concurrency", type=int, required=True)
    parser.add_argument("--directory", type=Path, required=True, help="where the peer keeps its cache or checkpoint")
    parser.add_argument("--steps", choices=("instance", "four"), default="instance")
    options = parser.parse_args()
    if options.steps == "four" and not chains:
        raise SystemExit(f"{package} cannot run the four steps")
    steps = STEPS if options.steps == "four" else ("instance",)
    options.directory.mkdir(parents=True, exist_ok=True)
    prompts = read_prompts(options.prompts, steps, options.n)
    job = Job(options.url, options.model, options.concurrency, options.directory.resolve(), prompts)
    started = time.perf_counter()
    done = generate(job)
    report(package, settings, job, done, time.perf_counter() - started)


def report(package: str, settings: str, job: Job, done: Done, seconds: float) -> None:
    """Print the result. Peak memory is this process's and its largest child's; CPU is of all of them."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    requests = sum(map(len, job.steps.values()))
    line = {
        "package": package,
        "version": version(package),
        "settings": settings,
        "rows": done.rows,
        "began": done.began,
        "trials": done.trials,
        "requests": requests,
        "seconds": round(seconds, 3),
        "requests_per_second": round(requests / seconds, 1),
        "peak_mb": round((own.ru_maxrss + children.ru_maxrss) / 1024),
        "cpu_seconds": round(own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime, 2),
    }
    sys.stdout.flush()
    print(json.dumps(line), flush=True)


def quiet() -> None:
    """Set the environment that peers read when they are imported; call it before importing one."""
    os.environ.update(QUIET)
