"""Runs a command in a process of its own and tells what that process, and it alone, has used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


LAUNCHER = """
import json, resource, subprocess, sys, time
began = time.perf_counter()
done = subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
told = {"code": done.returncode, "seconds": time.perf_counter() - began, "cpu": used.ru_utime + used.ru_stime,
        "peak_mb": used.ru_maxrss // 1024}
print(json.dumps(told))
"""
"""Starts the command: a process's peak counts that of the one that started it, so this one has to be small."""


@dataclass(frozen=True, slots=True)
class Used:
    """seconds: of wall clock. cpu: seconds, imports included. peak_mb: largest resident size."""

    seconds: float
    cpu: float
    peak_mb: int


def run(module: str, arguments: Sequence[object]) -> Used:
    """`python -m MODULE ARGUMENTS`, to its end.

    Raises:
        SystemExit: it failed; its output is shown.
    """
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(
        [sys.executable, "-S", "-c", LAUNCHER, *command],
        cwd=ROOT,
        env={**environment, "OPENAI_API_KEY": "none"},
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(done.stdout)
    if told["code"]:
        raise SystemExit(f"{' '.join(command)} ended with {told['code']}:\n{done.stderr[-2000:]}")
    return Used(told["seconds"], told["cpu"], told["peak_mb"])


def generation(n: int, url: str, out: Path, concurrency: int) -> list[object]:
    """The arguments of `satsuma` that generate n COPA instances with a server's model."""
    options = ["-n", n, "--model", "openai/test", "--base-url", url, "--concurrency", concurrency, "-o", out, "--quiet"]
    return ["generate", "copa", *options]


def generate(n: int, url: str, out: Path, concurrency: int) -> Used:
    """Run `generation` as a user would, to its end."""
    return run("satsuma", generation(n, url, out, concurrency))
