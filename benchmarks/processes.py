"""Runs a command in a process of its own and tells what that process, and it alone, has used."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


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
    began = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**environment, "OPENAI_API_KEY": "none"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}:\n{said[-2000:]}")
    return Used(time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024)


def generate(n: int, url: str, out: Path, concurrency: int) -> Used:
    """`satsuma generate copa` against a server, as a user would run it."""
    options = ["-n", n, "--model", "openai/test", "--base-url", url, "--concurrency", concurrency, "-o", out, "--quiet"]
    return run("satsuma", ["generate", "copa", *options])
